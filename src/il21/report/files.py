"""Files of a report: tables, figures and patients, each whole or not there at all."""

import csv
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from il21.errors import IL21Error, InputError
from il21.files import refusal, write_whole
from il21.report.conduct_figures import survival, swimmer, toxicity_by_dose
from il21.report.figure import spider, waterfall
from il21.report.forest import table_figure
from il21.report.stamp import program_version, provenance_of
from il21.report.style import DPI
from il21.report.subjects import has_parquet, write_csv, write_parquet
from il21.report.table import report_csv, report_document, report_markdown
from il21.study.outcome import TrialReport, TrialResult
from il21.study.tables import subject_tables

FIGURE_KINDS = (".png", ".pdf", ".svg")
PATIENT_COLUMNS = (
    "trial", "replicate", "patient", "arm", "dose", "best_response", "evaluable", "failed",
    "reason", "new_lesion_day", "baseline_sum_mm",
)  # fmt: skip


def check_folder(folder: str | Path) -> Path:
    """Make sure, before a run, that results can be saved in a folder; it is made if need be.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as there:
    ...     check_folder(Path(there) / "results").name
    'results'

    Raises
    ------
    InputError
        If it cannot be made or written, with the reason.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".il21-", suffix=".part"):
            pass
    except (OSError, ValueError) as error:
        hint = "name a folder of yours with --out"
        raise InputError(refusal(path, error, hint)) from error
    return path


def save_report(report: TrialReport, folder: str | Path) -> list[Path]:
    """Save everything of a report in a folder and return the files.

    table.csv, table.md, table.png and report.json of the whole; for each trial that is not a pooled
    one patients_<trial>.csv (all replicates), waterfall_<trial>.png and spider_<trial>.png, and what
    `save_conducted` adds.  A file
    that was there is replaced only by a whole one.

    Raises
    ------
    InputError
        If the folder or a file cannot be written, or no trial was finished.
    """
    path = check_folder(folder)
    written = [
        _save_text(path / "table.csv", [report_csv(report)]),
        _save_text(path / "table.md", [report_markdown(report)]),
        _save_text(path / "report.json", [_as_json(report_document(report))]),
    ]
    apart = [result for result in report.results if not result.trial.pooled]
    written += [save_patients(r, path / f"patients_{r.trial.name}.csv") for r in apart]
    try:
        written.append(save_figure(table_figure(report), path / "table.png"))
        provenance = provenance_of(report)
        for result in apart:
            name = result.trial.name
            written.append(
                save_figure(waterfall(result, provenance), path / f"waterfall_{name}.png")
            )
            written.append(save_figure(spider(result, provenance), path / f"spider_{name}.png"))
            written += save_conducted(result, path, provenance)
    except IL21Error as error:
        saved = ", ".join(file.name for file in written)
        raise InputError(f"{error} (saved before: {saved})") from error
    return written


def save_conducted(
    result: TrialResult, folder: Path, provenance: Mapping[str, str] | None = None
) -> list[Path]:
    """Save the subject-level tables and figures of a conducted trial; nothing for another one.

    adsl_, adrs_, adtte_ and adae_<trial>.csv (.parquet too where pyarrow is installed),
    swimmer_<trial>.png, survival_<trial>.png and, with toxicity, toxicity_<trial>.png.
    """
    found, name = result.conduct, result.trial.name
    if found is None:
        return []
    written: list[Path] = []
    kinds = {".csv": write_csv, **({".parquet": write_parquet} if has_parquet() else {})}
    for table in subject_tables(result.trial, found):
        for kind, writer in kinds.items():
            place = folder / f"{table.name.lower()}_{name}{kind}"
            written.append(_whole(place, partial(writer, table)))
    figures = {"swimmer": swimmer, "survival": survival}
    if result.trial.conduct is not None and result.trial.conduct.toxicity:
        figures["toxicity"] = toxicity_by_dose
    for word, draw in figures.items():
        written.append(save_figure(draw(result, provenance), folder / f"{word}_{name}.png"))
    return written


def check_figure(path: str | Path) -> str:
    """Return the kind of a figure file by its ending; raise InputError if it cannot be drawn."""
    kind = Path(path).suffix.lower()
    if kind not in FIGURE_KINDS:
        raise InputError(
            f"{path}: cannot draw a '{kind}' file; name one that ends in .png, .pdf or .svg"
        )
    return kind


def save_figure(figure: Any, path: str | Path) -> Path:
    """Save a figure as .png, .pdf or .svg; the file appears whole or not at all.

    Raises
    ------
    InputError
        If the ending is another one, or the file cannot be written.
    """
    target, kind = Path(path), check_figure(path)
    maker = "Software" if kind == ".png" else "Creator"
    metadata = {maker: f"il21 {program_version()}"}

    def write(partial: Path) -> None:
        figure.savefig(partial, format=kind[1:], dpi=DPI, metadata=metadata)

    return _whole(target, write)


def save_patients(result: TrialResult, path: str | Path) -> Path:
    """Save every patient of a trial as CSV, one line a patient, in order of replicate and number.

    The sum of diameters is in mm, ``sum_day_<visit>_mm`` that of a visit; all visits are written,
    also those after progression.  ``new_lesion_day`` is in days after the first dose.  What was
    not read or did not happen within the run is empty.

    Raises
    ------
    InputError
        If the file cannot be written.
    """

    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(_patient_lines(result))

    return _whole(Path(path), write)


def _patient_lines(result: TrialResult) -> Iterable[list[str]]:
    table = result.patients
    days = table.visits[: table.sums.shape[1] - 1]
    yield [*PATIENT_COLUMNS, *(f"sum_day_{day:g}_mm" for day in days)]
    columns = zip(
        table.replicate.tolist(), table.patient.tolist(), table.arm.tolist(), table.dose.tolist(),
        table.best.tolist(), table.evaluable.tolist(), table.failed.tolist(), table.reason.tolist(),
        table.new_lesion_day.tolist(), table.sums.tolist(), strict=True,
    )  # fmt: skip
    for replicate, patient, arm, dose, best, evaluable, failed, reason, new, sums in columns:
        yield [
            result.trial.name, str(replicate), str(patient), arm, dose, best, _yes(evaluable),
            _yes(failed), reason, _digits(new, 2), *(_digits(value, 3) for value in sums),
        ]  # fmt: skip


def _digits(value: float, places: int) -> str:
    return f"{value:.{places}f}" if math.isfinite(value) else ""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _save_text(target: Path, parts: Iterable[str]) -> Path:
    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)

    return _whole(target, write)


def _whole(target: Path, write: Callable[[Path], None]) -> Path:
    """Write beside the target and move over it, so that no half file is ever seen."""
    return write_whole(target, write, "name another place, or make this one writable")
