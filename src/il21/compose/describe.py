"""What a person asks of a model: its equations, numbers with sources, who acts on what."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from il21.citation import key_of, keys_in
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
    for row in (*model.definitions, *model.observables):
        if latex:
            lines.append(f"{latex_name(row.name)} = {to_latex(row.formula)}")
        else:
            lines.append(f"{row.name} = {to_text(row.formula)}")
    for state in model.species:
        lines.append(_ode(model, state.name, latex))
    if not latex:
        lines.extend(happenings(model))
    if len(model.instances) == 1:
        alone = next(iter(model.instances))
        lines = [line.replace(f"{alone}.", "") for line in lines]
    return lines


def happenings(model: Model) -> list[str]:
    """Return the switches, triggers and doses of a model, one a line."""
    lines: list[str] = []
    for edge in model.switches:
        period = f", every {to_text(edge.period)}" if edge.period is not None else ""
        lines.append(
            f"{edge.name} = 1 from {to_text(edge.on)} to {to_text(edge.off)}{period}, 0 else"
        )
    for guard in model.triggers:
        then = ", ".join(f"{name} := {to_text(node)}" for name, node in guard.then)
        lines.append(f"when {to_text(guard.difference)} > 0: {then}  [{guard.name}]")
    for instance, routes in model.doses.items():
        for route, targets in routes.items():
            where = ", ".join(
                t.species if t.fixed is None else f"{t.fixed:g} -> {t.species}" for t in targets
            )
            agents = ", ".join(a for a, name in model.agents.items() if name == instance)
            lines.append(f"dose of {agents or instance} {route} into {where}")
    return lines


def _ode(model: Model, name: str, latex: bool) -> str:
    terms: list[str] = []
    for flow in model.processes:
        for sign, rows in (("-", flow.leaves), ("+", flow.arrives)):
            for species, gain in rows:
                if species == name:
                    write = to_latex if latex else to_text
                    factor = (
                        "" if to_text(gain) == "1" else write(gain) + (r" \, " if latex else " * ")
                    )
                    label = rf"\underbrace{{{factor}{write(flow.rate)}}}_{{\text{{{flow.name}}}}}"
                    text = label if latex else f"{factor}{write(flow.rate)}  [{flow.name}]"
                    terms.append(f"{sign} {text}")
    if latex:
        return rf"\frac{{d {latex_name(name)}}}{{dt}} = {' '.join(terms) or '0'}"
    indent = "\n    "
    return f"d {name}/dt ={indent}{indent.join(terms) if terms else '0'}"


def parameter_table(model: Model) -> list[ParameterRow]:
    """Return every parameter with value, unit, source and how well it is known."""
    return [
        _row(item) for item in model.parameters if item.evidence is not None and not item.hidden
    ]


def _row(item: Constant) -> ParameterRow:
    record = item.evidence
    assert record is not None
    value = record.value or f"{item.value / item.unit.factor:.6g} {item.unit} (= {record.formula})"
    return ParameterRow(
        item.name, value, item.unit.text, item.about, record.how, record.read, record.source,
        spread_text(record.uncertainty), spread_text(record.variability), record.checked or "no",
    )  # fmt: skip


def spread_text(spread: Spread | None) -> str:
    """Return a spread as a few words, empty for none."""
    if spread is None:
        return ""
    numbers = " to ".join(f"{n:g}" for n in spread.numbers)
    ends = [
        f"{word} {end:g}"
        for word, end in (("from", spread.low), ("up to", spread.high))
        if end is not None
    ]
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
        lines.extend(
            f"    effect of {who}: times {to_text(factor)}" for who, factor in flow.effects
        )
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
            for key in keys_in(item.evidence.source):
                found.setdefault(key, []).append(item.name)
    return found
