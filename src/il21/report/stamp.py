"""What made a result, in one line: under every table and figure."""

from collections.abc import Mapping

from il21.study.outcome import TrialReport

HASH_LENGTH = 12  # characters of a hash that are printed; files hold it whole


def provenance_of(report: TrialReport) -> dict[str, str]:
    """Return what made a report: its own record, completed with the program's version."""
    settings = report.settings
    found = {
        "seed": str(settings.seed), "replicates": str(settings.replicates),
        "uncertainty": "on" if settings.uncertainty else "off",
        "variability": "on" if settings.variability else "off",
        "il21": program_version(),
    }  # fmt: skip
    return {**found, **report.provenance}


def program_version() -> str:
    """Return the version of the program.

    >>> program_version().count(".")
    2
    """
    from il21 import __version__

    return __version__


def stamp(provenance: Mapping[str, str]) -> str:
    """Return the line for the foot of a figure; what is not known is left out.

    >>> made = {"seed": "21", "replicates": "400", "model": "human", "model_hash": "a1b2"}
    >>> stamp({**made, "il21": "0.1.0"})
    'seed 21 · 400 replicates · model human a1b2 · il21 0.1.0'
    """
    parts: list[str] = []
    if "seed" in provenance:
        parts.append(f"seed {provenance['seed']}")
    if "replicates" in provenance:
        count = provenance["replicates"]
        parts.append(f"{count} replicate" + ("" if count == "1" else "s"))
    for key in ("uncertainty", "variability"):
        if key in provenance:
            parts.append(f"{key} {provenance[key]}")
    model = provenance.get("model", "")
    digest = provenance.get("model_hash", "")[:HASH_LENGTH]
    if model or digest:
        parts.append(" ".join(("model", model, digest)).replace("  ", " ").strip())
    if provenance.get("recipe_hash"):
        parts.append(f"recipe {provenance['recipe_hash'][:HASH_LENGTH]}")
    if provenance.get("changes"):
        parts.append(f"changed: {provenance['changes']}")
    parts.append(f"il21 {provenance.get('il21') or program_version()}")
    return " · ".join(parts)
