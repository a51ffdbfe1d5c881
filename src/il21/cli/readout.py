"""The verb readout: what the reading alone makes of tumours that never change."""

from typing import Any

from il21.cli.output import dump


def run_readout(
    criteria: str,
    visits: str,
    patients: int,
    seed: int,
    readers: int,
    error: str,
    confirm: bool,
    json: bool,
) -> None:
    """Classify constant tumours and print the shares with their Monte-Carlo error."""
    from il21.app.readout import DEFAULT_VISITS, read_out_error

    times = (
        [text.strip() for text in visits.split(",") if text.strip()] if visits else DEFAULT_VISITS
    )
    found = read_out_error(
        criteria, times, patients=patients, seed=seed, readers=readers, error=error, confirm=confirm
    )
    if json:
        dump(_document(found, seed, readers, error, confirm))
    else:
        _print(found, readers, error)


def _document(found: Any, seed: int, readers: int, error: str, confirm: bool) -> dict[str, Any]:
    def shares(values: Any) -> list[dict[str, float]]:
        return [
            {"share": float(v), "error": float(e)}
            for v, e in zip(values, found.error(values), strict=True)
        ]

    return {
        "schema": "il21.readout", "version": 1, "criteria": found.criteria,
        "patients": found.patients, "seed": seed, "readers": readers, "error": error,
        "confirm": confirm, "days": found.days.tolist(),
        "by_visit": {n: shares(v) for n, v in zip(found.responses, found.by_visit, strict=True)},
        "best": dict(zip(found.responses, shares(found.best), strict=True)),
        "progressed_by": shares(found.progressed), "responded_by": shares(found.responded),
    }  # fmt: skip


def _print(found: Any, readers: int, error: str) -> None:
    many = f"{readers} readers a patient" if readers > 1 else "1 reader a patient"
    print(
        f"{found.criteria}: {found.patients:,} patients whose tumours never change; {many}, "
        f"{error} error.  Per cent of patients, ± Monte-Carlo SD."
    )
    print(
        f"{'':<24}"
        + "".join(f"{'day ' + format(d, 'g'):>16}" for d in found.days)
        + f"{'best':>16}"
    )
    for k, name in enumerate(found.responses):
        row = [*found.by_visit[k], found.best[k]]
        if any(row) or name in ("SD", "PD", "PR", "CR", "iSD", "iPR", "iCR"):
            print(_line(name, row, found))
    print(_line("response so far", found.responded, found))
    print(_line("progression so far", found.progressed, found))


def _line(name: str, shares: Any, found: Any) -> str:
    cells = (f"{100 * s:.2f} ± {100 * float(found.error(s)):.2f}" for s in shares)
    return f"{name:<24}" + "".join(f"{cell:>16}" for cell in cells)
