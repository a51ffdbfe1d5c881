"""What the library holds, by name: lists, pages, references."""

from collections.abc import Mapping
from typing import Any

from il21 import catalog
from il21.citation import Citation, key_of, keys_in
from il21.compose import describe
from il21.declare import Assembly, Module, Population, ReadOut, Report, RunIn, Trial
from il21.errors import InputError, UnknownNameError, suggest


def default_sets(assembly: str) -> dict[str, tuple[str, ...]]:
    """Return the parameter sets of the first population (by name) that is drawn from an assembly."""
    for entry in catalog.entries(Population).values():
        if entry.record.assembly == assembly:
            return model_sets(entry.record)
    return {}


def default_run_in(assembly: str) -> RunIn | None:
    """Return how the first population (by name) of an assembly brings a subject to the start."""
    for entry in catalog.entries(Population).values():
        if entry.record.assembly == assembly:
            return entry.record.run_in
    return None


def model_sets(population: Population) -> dict[str, tuple[str, ...]]:
    """Return a population's parameter sets by instance of its model, those of read-outs left out."""
    readouts = catalog.entries(ReadOut)
    return {name: sets for name, sets in population.sets.items() if name not in readouts}


def names() -> dict[str, list[tuple[str, str]]]:
    """Return everything in the library by kind: (name, what it is)."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for kind, word in ((Assembly, "models"), (Module, "modules"), (Population, "populations")):
        rows[word] = [(n, e.record.about) for n, e in catalog.entries(kind).items()]
    for kind, word in ((Trial, "trials"), (Report, "reports")):
        rows[word] = [(n, e.record.title) for n, e in catalog.entries(kind).items()]
    rows["read-outs"] = [(n, e.record.about) for n, e in catalog.entries(ReadOut).items()]
    return rows


def find(name: str) -> tuple[str, Any]:
    """Return (kind, record) of whatever in the library has this name.

    Raises
    ------
    UnknownNameError
        If nothing has; the nearest names of every kind are offered.
    """
    known: set[str] = set()
    for kind in (Assembly, Report, Trial, Population, Module, ReadOut):
        found = catalog.entries(kind)
        if name in found:
            return kind.__name__.lower(), found[name].record
        known.update(found)
    raise UnknownNameError(f"nothing is called '{name}'{suggest(name, known)}; see 'il21 list'")


def cite(name: str) -> list[tuple[Citation, list[str]]]:
    """Return the references behind a model, trial or report, each with the reasons to cite it."""
    keys = _keys(name)
    known = catalog.references()
    for key in keys:
        if key not in known:
            raise InputError(f"reference '{key}' is not in references.bib{suggest(key, known)}")
    return [(known[key], reasons) for key, reasons in sorted(keys.items())]


def _keys(name: str) -> dict[str, list[str]]:
    kind, record = find(name)
    found: dict[str, list[str]] = {}

    def add(rows: Mapping[str, list[str]]) -> None:
        for key, reasons in rows.items():
            kept = found.setdefault(key, [])
            kept.extend(reason for reason in reasons if reason not in kept)

    if kind == "assembly":
        add(describe.citation_keys(catalog.model(name, default_sets(name))))
    elif kind == "report":
        add({key_of(record.source): [f"the report {name}"]})
        for trial in record.trials:
            add(_keys(trial))
    elif kind == "trial":
        add({key_of(record.source): [f"the trial {name}"]})
        if not record.pooled:
            add(_keys(record.population))
            add(_keys(record.readout))
    elif kind == "population":
        add({key_of(record.source): [f"the population {name}"]})
        add(describe.citation_keys(catalog.model(record.assembly, model_sets(record))))
    else:
        add({key_of(record.source): ["the equations"]})
        for row in catalog.evidence(name).records.values():
            add({key: [f"{name}.{row.parameter}"] for key in keys_in(row.source)})
    return found


def module_page(name: str) -> tuple[str, list[dict[str, str]]]:
    """Return the page of a module or read-out: its text, and a row for each of its records."""
    kind, record = find(name)
    rows: list[dict[str, str]] = []
    about = {item.name: item for item in record.parameters}
    for row in catalog.evidence(name).records.values():
        known = about.get(row.parameter)
        label = ".".join(part for part in (row.parameter, row.host, row.sets) if part)
        rows.append({
            "name": label, "value": row.value or f"= {row.formula}", "unit": known.unit if known else "",
            "about": known.about if known else "", "how": row.how, "read": row.read, "source": row.source,
            "uncertainty": describe.spread_text(row.uncertainty),
            "variability": describe.spread_text(row.variability), "checked": row.checked or "no",
            "because": row.because, "note": row.note,
        })  # fmt: skip
    text = str(record) if kind == "module" else f"read-out {record.name}: {record.about}"
    if kind == "readout" and record.formulas:
        reads = [f"  {role}: {name}" for role, name in record.daily.items()]
        written = [f"  {name} = {formula}" for name, formula in record.formulas.items()]
        text = "\n".join([text, "reads", *reads, "formulas", *written])
    return text, rows
