"""What a person asks of a model: its equations, numbers with sources, who acts on what."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from il21.cite import key_of
from il21.compose.model import Constant, Model
from il21.declare.evidence import HOW, READ, Spread
from il21.lang.show import latex_name, to_latex, to_text
from il21.lang.tree import names_in


@dataclass(frozen=True)
class ParameterRow:
    """One line of the parameter table, every cell as text."""

    name: str
    value: str
    unit: str
    about: str
    how: str
    read: str
    source: str
    uncertainty: str
    variability: str
    checked: str


def equations(model: Model, latex: bool = False) -> list[str]:
    """Return the definitions and differential equations, one a line, as text or LaTeX."""
    lines: list[str] = []
    for row in model.definitions:
        if latex:
            lines.append(f"{latex_name(row.name)} = {to_latex(row.formula)}")
        else:
            lines.append(f"{row.name} = {to_text(row.formula)}")
    for state in model.species:
        lines.append(_ode(model, state.name, latex))
    return lines


def _ode(model: Model, name: str, latex: bool) -> str:
    terms: list[str] = []
    for flow in model.processes:
        for sign, rows in (("-", flow.leaves), ("+", flow.arrives)):
            for species, gain in rows:
                if species == name:
                    write = to_latex if latex else to_text
                    factor = "" if to_text(gain) == "1" else write(gain) + (r" \, " if latex else " * ")
                    label = rf"\underbrace{{{factor}{write(flow.rate)}}}_{{\text{{{flow.name}}}}}"
                    text = label if latex else f"{factor}{write(flow.rate)}  [{flow.name}]"
                    terms.append(f"{sign} {text}")
    if latex:
        side = " ".join(terms)
        return rf"\frac{{d {latex_name(name)}}}{{dt}} = {side or '0'}"
    indent = "\n    "
    return f"d {name}/dt ={indent}{indent.join(terms) if terms else '0'}"


def parameter_table(model: Model) -> list[ParameterRow]:
    """Return every parameter with value, unit, source and how well it is known."""
    return [_row(item) for item in model.parameters if item.evidence is not None and not item.hidden]


def _row(item: Constant) -> ParameterRow:
    record = item.evidence
    assert record is not None
    value = record.value or f"{item.value / item.unit.factor:.6g} {item.unit} (= {record.formula})"
    return ParameterRow(
        item.name, value, item.unit.text, item.about, record.how, record.read, record.source,
        _spread(record.uncertainty), _spread(record.variability), record.checked or "no",
    )  # fmt: skip


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return ""
    numbers = " to ".join(f"{n:g}" for n in spread.numbers)
    ends = [f"{word} {end:g}" for word, end in (("from", spread.low), ("up to", spread.high)) if end is not None]
    return " ".join([f"{spread.kind} {numbers}", *ends])


def acts_on(model: Model, name: str) -> list[str]:
    """Return who acts on a species or process: process by process, with what each rate reads."""
    full = {row.name for row in model.species} | {row.name for row in model.processes}
    lines: list[str] = []
    for flow in model.processes:
        touched = {species for species, _ in (*flow.leaves, *flow.arrives)}
        if name != flow.name and name not in touched:
            continue
        signs = [("-", flow.leaves), ("+", flow.arrives)]
        way = "".join(sign for sign, rows in signs for species, _ in rows if species == name)
        reads = [n for n in names_in(flow.rate) if n in full or _is_definition(model, n)]
        lines.append(f"{way or ' '} {flow.name}: {to_text(flow.rate)}")
        if reads:
            lines.append(f"    reads {', '.join(reads)}")
        lines.extend(f"    effect of {who}: times {to_text(factor)}" for who, factor in flow.effects)
    return lines


def _is_definition(model: Model, name: str) -> bool:
    return any(row.name == name for row in model.definitions)


def wiring(model: Model) -> list[str]:
    """Return the wires, one a line: what a module reads, and where from."""
    return [f"{name} <- {source}" for name, source in sorted(model.wires.items())]


def shares(models: Iterable[Model]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many numbers are known how, and how deeply their sources were read."""
    seen: dict[str, tuple[str, str]] = {}
    for model in models:
        for item in model.parameters:
            if item.evidence is not None:
                seen[item.evidence.where] = (item.evidence.how, item.evidence.read)
    how, read = (Counter(pair[k] for pair in seen.values()) for k in (0, 1))
    return {k: how[k] for k in HOW if how[k]}, {k: read[k] for k in READ if read[k]}


def citation_keys(model: Model) -> dict[str, list[str]]:
    """Return for each reference key the parameters (or the model) that rest on it."""
    found: dict[str, list[str]] = {}
    if model.source:
        found[key_of(model.source)] = ["the equations"]
    for item in model.parameters:
        if item.evidence is not None:
            found.setdefault(key_of(item.evidence.source), []).append(item.name)
    return found
