"""TOML beside a module becomes a table of evidence; every value has its source or is refused."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from il21.declare.evidence import HOW, READ, UNCERTAINTY_KINDS, VARIABILITY_KINDS, Evidence, Spread
from il21.errors import EvidenceError, InputError, UnitError, suggest
from il21.files import LARGEST_TEXT, read_text
from il21.units import parse_quantity

_KEYS = frozenset(
    "value source how uncertainty variability read note checked because formula".split()
)


@dataclass(frozen=True)
class EvidenceTable:
    """The numbers of one module: records by (parameter, host, set), and correlations by host.

    ``set`` is empty for a host's general value.  Host ``any`` serves every host.
    """

    module: str
    records: Mapping[tuple[str, str, str], Evidence]
    correlations: Mapping[str, Mapping[tuple[str, str], float]]
    path: str = ""

    def find(self, parameter: str, host: str, sets: tuple[str, ...] = ()) -> Evidence | None:
        """Return the record of a parameter for a host, the named sets first; None if there is none."""
        for name in (*sets, ""):
            for key in (host, "any"):
                record = self.records.get((parameter, key, name))
                if record is not None:
                    return record
        return None

    def sets_of(self, host: str) -> tuple[str, ...]:
        """Return the named parameter sets for a host."""
        names = {name for _, key, name in self.records if name and key in (host, "any")}
        return tuple(sorted(names))


def read_toml(path: Path, largest: int = LARGEST_TEXT) -> dict[str, Any]:
    """Read a TOML file; malformed text is an error with file and line."""
    try:
        text = read_text(path, largest)
    except InputError as error:
        raise EvidenceError(str(error)) from error
    return parse_toml(text, str(path))


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Read TOML text; ``name`` stands for the file in errors."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = re.search(r"\(at line (\d+), column (\d+)\)", message)
        place = f"{name}, line {where[1]}" if where else f"{name}, at its end"
        plain = re.sub(r"\s*\(at .*\)", "", message)
        raise EvidenceError(f"{place}: not valid TOML: {plain}") from error
    except RecursionError as error:
        raise EvidenceError(f"{name}: tables are nested too deeply") from error
    except ValueError as error:
        raise EvidenceError(f"{name}: holds a number of thousands of digits") from error


def read_evidence(path: Path, module: str) -> EvidenceTable:
    """Read the evidence file of a module.

    Raises
    ------
    EvidenceError
        With file, line and parameter, if a record lacks source, how, unit or its other parts.
    """
    data = read_toml(path)
    return table_from(data, module, str(path), path.read_text(encoding="utf-8"))


def table_from(data: Mapping[str, Any], module: str, name: str, text: str = "") -> EvidenceTable:
    """Make the table of a parsed TOML document; ``name`` and ``text`` serve error messages."""
    records: dict[tuple[str, str, str], Evidence] = {}
    correlations: dict[str, dict[tuple[str, str], float]] = {}
    for parameter, hosts in data.items():
        if parameter == "correlations":
            correlations = _correlations(hosts, name)
            continue
        by_host = _tables(hosts)
        if by_host is None:
            raise EvidenceError(
                f"{name}: '{parameter}' must be tables such as [{parameter}.mouse] or [{parameter}.any]"
            )
        for host, table in by_host.items():
            for set_name, record in _sets(table, f"{parameter}.{host}", name):
                where = _where(name, text, parameter, host, set_name)
                records[parameter, host, set_name] = _record(
                    parameter, host, set_name, record, where
                )
    return EvidenceTable(module, records, correlations, name)


def _tables(data: Any) -> dict[str, dict[str, Any]] | None:
    """Return the data if it is a table of tables, else None."""
    if not isinstance(data, dict):
        return None
    found = cast(dict[str, Any], data)
    return found if all(isinstance(value, dict) for value in found.values()) else None


def _sets(table: Mapping[str, Any], label: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    own = {k: v for k, v in table.items() if k in _KEYS}
    found: list[tuple[str, dict[str, Any]]] = [("", own)] if own else []
    for key, value in table.items():
        if key in _KEYS:
            continue
        if not isinstance(value, dict):
            raise EvidenceError(
                f"{name}: [{label}] has an unknown key '{key}'{suggest(key, _KEYS)}"
            )
        found.append((key, cast(dict[str, Any], value)))
    return found


def _where(name: str, text: str, parameter: str, host: str, set_name: str) -> str:
    header = ".".join(part for part in (parameter, host, set_name) if part)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith(f"[{header}]"):
            return f"{name}, line {number}: {header}"
    return f"{name}: {header}"


def _record(parameter: str, host: str, sets: str, data: Mapping[str, Any], where: str) -> Evidence:
    for key in data:
        if key not in _KEYS:
            raise EvidenceError(f"{where}: unknown key '{key}'{suggest(key, _KEYS)}")
    texts = {
        key: str(data.get(key, "")).strip()
        for key in ("value", "source", "how", "because", "formula", "note", "read")
    }
    checked = data.get("checked", False)
    if not texts["source"]:
        raise EvidenceError(f'{where}: no source; add source = "Author2007, Table 2"')
    if texts["how"] not in HOW:
        raise EvidenceError(f"{where}: how = '{texts['how']}' is not one of {', '.join(HOW)}")
    texts["read"] = texts["read"] or "none"
    if texts["read"] not in READ:
        raise EvidenceError(f"{where}: read = '{texts['read']}' is not one of {', '.join(READ)}")
    if texts["how"] == "assumed" and not texts["because"]:
        raise EvidenceError(f'{where}: an assumed value needs because = "..."')
    if texts["how"] == "derived" and not texts["formula"]:
        raise EvidenceError(f'{where}: a derived value needs formula = "..." with names')
    if bool(texts["formula"]) == bool(texts["value"]):
        raise EvidenceError(f"{where}: needs either a value with unit or, if derived, a formula")
    if texts["formula"] and texts["how"] != "derived":
        raise EvidenceError(f'{where}: a formula makes the value derived; say how = "derived"')
    if texts["value"]:
        try:
            parse_quantity(texts["value"])
        except UnitError as error:
            raise EvidenceError(f"{where}: {error}") from error
    return Evidence(
        parameter=parameter,
        host=host,
        sets=sets,
        uncertainty=_spread(data.get("uncertainty"), UNCERTAINTY_KINDS, f"{where}: uncertainty"),
        variability=_spread(data.get("variability"), VARIABILITY_KINDS, f"{where}: variability"),
        checked=str(checked) if checked else "",
        where=where,
        **texts,
    )


def _spread(data: Any, kinds: tuple[str, ...], where: str) -> Spread | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise EvidenceError(f"{where}: write {{ {kinds[0]} = ... }}")
    table = cast(dict[str, Any], data)
    named = [key for key in table if key in kinds]
    if len(named) != 1:
        raise EvidenceError(f"{where}: needs exactly one of {', '.join(kinds)}")
    for key in table:
        if key not in (*kinds, "low", "high", "source"):
            raise EvidenceError(f"{where}: unknown key '{key}'{suggest(key, kinds)}")
    given: Any = table[named[0]]
    numbers = cast(list[Any], given if isinstance(given, list) else [given])
    wanted = 2 if named[0] in ("ci95", "range") else 1
    if len(numbers) != wanted or not all(_finite(number) for number in numbers):
        raise EvidenceError(f"{where}: {named[0]} takes {wanted} finite number{'s' * (wanted > 1)}")
    values = tuple(float(number) for number in numbers)
    if (wanted == 2 and values[0] > values[1]) or (wanted == 1 and values[0] < 0):
        raise EvidenceError(f"{where}: {named[0]} = {list(values)} does not run upward")
    for key in ("low", "high"):
        if table.get(key) is not None and not _finite(table[key]):
            raise EvidenceError(f"{where}: {key} = {table[key]!r} must be a finite number")
    low, high = (None if table.get(k) is None else float(table[k]) for k in ("low", "high"))
    return Spread(named[0], values, low, high, str(table.get("source", "")))


def _finite(value: Any) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and abs(value) < float("inf")


def _correlations(data: Any, name: str) -> dict[str, dict[tuple[str, str], float]]:
    found: dict[str, dict[tuple[str, str], float]] = {}
    hosts = cast(dict[str, Any], data) if isinstance(data, dict) else {"": data}
    for host, pairs in hosts.items():
        if not isinstance(pairs, dict):
            raise EvidenceError(f'{name}: write [correlations.mouse] with lines as "CL,V" = -0.27')
        found[host] = {}
        for pair, value in cast(dict[str, Any], pairs).items():
            names = tuple(part.strip() for part in pair.split(","))
            if len(names) != 2 or not isinstance(value, (int, float)) or not -1 < value < 1:
                raise EvidenceError(
                    f'{name}: correlations.{host}: write "CL,V" = -0.27 (between -1 and 1)'
                )
            found[host][names[0], names[1]] = float(value)
    return found
