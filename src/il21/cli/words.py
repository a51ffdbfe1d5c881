"""The verbs that only read the library: list, show, cite."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from il21.app.library import cite, find, module_page, names
from il21.cli.output import dump
from il21.compose import describe
from il21.errors import UnknownNameError, suggest

if TYPE_CHECKING:
    from il21.app.models import LoadedModel


def print_list(kind: str, json: bool) -> None:
    """Print names and one line each, by kind."""
    rows = names()
    if kind and kind not in rows:
        raise UnknownNameError(f"there is no kind '{kind}'{suggest(kind, rows)}")
    chosen = {kind: rows[kind]} if kind else rows
    if json:
        data = {k: [{"name": n, "about": a} for n, a in v] for k, v in chosen.items()}
        dump({"schema": "il21.list", "version": 1, **data})
        return
    for word, items in chosen.items():
        print(word)
        width = max((len(name) for name, _ in items), default=0)
        for name, about in items:
            print(f"  {name:<{width}}  {about}")


def print_show(name: str, latex: bool, acts_on: str, json: bool) -> None:
    """Print the page of a library thing."""
    kind, record = find(name)
    if kind == "assembly":
        from il21.app.models import load

        _show_model(load(name), latex, acts_on, json)
    elif kind in ("module", "readout"):
        _show_module(name, json)
    elif json:
        dump({"schema": "il21.show", "version": 1, "kind": kind, "record": _data(record)})
    else:
        _show_record(kind, record)


def _show_model(loaded: "LoadedModel", latex: bool, acts_on: str, json: bool) -> None:
    model = loaded.model
    rows = loaded.parameters
    how, read = describe.shares([model])
    if acts_on:
        lines = loaded.acts_on(acts_on)
        if json:
            dump({"schema": "il21.acts-on", "version": 1, "of": acts_on, "lines": lines})
        else:
            print("\n".join(lines))
        return
    equations = loaded.latex if latex else loaded.equations
    if json:
        dump({
            "schema": "il21.show", "version": 1, "kind": "model", "name": model.name, "about": model.about,
            "host": model.host, "model_hash": model.digest, "equations": equations,
            "parameters": [asdict(row) for row in rows], "wires": dict(model.wires),
            "how": how, "read": read,
        })  # fmt: skip
        return
    print(model)
    print(
        f"source {model.source}; {len(model.species)} states, {len(rows)} numbers; hash {model.digest}\n"
    )
    print("\n".join(equations))
    _parameters([asdict(row) for row in rows])
    if model.wires:
        print("\nwires")
        print("\n".join("  " + line for line in describe.wiring(model)))
    print("\nnumbers by how known: " + ", ".join(f"{k} {v}" for k, v in how.items()))
    print(
        "numbers by how deeply the source was read: "
        + ", ".join(f"{k} {v}" for k, v in read.items())
    )


def _show_module(name: str, json: bool) -> None:
    text, rows = module_page(name)
    if json:
        dump(
            {
                "schema": "il21.show",
                "version": 1,
                "kind": "module",
                "text": text,
                "parameters": rows,
            }
        )
        return
    print(text)
    _parameters(rows)


def _parameters(rows: list[dict[str, str]]) -> None:
    """Print each number with its meaning, and under it where it comes from and how sure it is."""
    print("\nnumbers")
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"  {row['name']:<{width}}  {row['value']}: {row['about']}")
        facts = [row["how"], f"source read: {row['read']}", row["source"]]
        for key in ("uncertainty", "variability", "because", "note"):
            if row.get(key):
                facts.append(f"{key} {row[key]}")
        print(f"  {'':<{width}}    " + "; ".join(facts))


def _show_record(kind: str, record: Any, indent: str = "") -> None:
    print(f"{indent}{kind} {getattr(record, 'name', '')}")
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name == "name" or (not value and value is not False):
            continue
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            for part in value:
                text = str(part).replace("\n", f"\n{indent}    ")
                if type(part).__name__ in ("Arm", "Covariate"):
                    _show_record(item.name.rstrip("s"), part, indent + "  ")
                else:
                    print(f"{indent}  {item.name}: {text}")
        elif is_dataclass(value) and not isinstance(value, type):
            _show_record(item.name, value, indent + "  ")
        else:
            print(f"{indent}  {item.name.replace('_', ' ')}: {_plain(value)}")


def _data(value: Any) -> Any:
    """Return a record as plain tables and lists."""
    if is_dataclass(value):
        return {item.name: _data(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _data(item) for key, item in value.items()}
    return [_data(item) for item in value] if isinstance(value, tuple) else value


def _plain(value: Any) -> str:
    """Return a value of a record as a person would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_plain(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return "; ".join(f"{row[0]}: {_plain(row[1])}" for row in value)
        return ", ".join(_plain(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_cite(name: str, bibtex: bool, json: bool) -> None:
    """Print references with the reasons to cite them."""
    rows = cite(name)
    if json:
        data = [{"key": c.key, "text": c.text, "bibtex": c.bibtex, "for": why} for c, why in rows]
        dump({"schema": "il21.cite", "version": 1, "name": name, "references": data})
        return
    for citation, reasons in rows:
        if bibtex:
            print(f"% for {', '.join(reasons)}\n{citation.bibtex}\n")
        else:
            shown = ", ".join(reasons[:6]) + (
                f" and {len(reasons) - 6} more" if len(reasons) > 6 else ""
            )
            print(f"{citation.key}: {citation.text}\n    for {shown}")
