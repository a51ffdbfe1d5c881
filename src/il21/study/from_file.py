"""A user's own trial as TOML or JSON: the library's records, read from text that may be a stranger's."""

import json
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from il21.compose.table import read_toml
from il21.declare import Population, Trial
from il21.errors import InputError, RegimenError, UnknownNameError, suggest
from il21.files import read_text

EXAMPLE = """[trial]
name = "mine"
population = "metastatic_melanoma"
size = 40
visits = ["56 d", "112 d"]
arms = [{ name = "5+9", regimens = ["30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles"] }]
"""


LARGEST_TRIAL = 200_000  # bytes of a trial file
LONGEST_TEXT = 500  # characters of one text in it
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}\Z")


@dataclass(frozen=True)
class Study:
    """What a file declares: one trial, and populations of its own."""

    trial: Trial
    populations: Mapping[str, Population]


def read_study(path: Path, populations: Mapping[str, Population], readouts: Sequence[str]) -> Study:
    """Read a trial file.

    Raises
    ------
    InputError
        With file, table and key: unknown keys, missing ones, values of the wrong kind.
    UnknownNameError
        If it names a population or read-out that does not exist.
    """
    data = _load(path)
    for key in data:
        if key not in ("trial", "population"):
            raise InputError(
                f"{path}: unknown table [{key}]{suggest(key, ['trial', 'population'])}"
            )
    if not isinstance(data.get("trial"), dict):
        raise InputError(
            f"{path}: no [trial] table; it begins e.g. " + " ".join(EXAMPLE.split("\n")[:2])
        )
    own: dict[str, Population] = {}
    tables = data.get("population", {})
    if not isinstance(tables, dict):
        raise InputError(
            f"{path}: population must be tables such as [population.mine]; the trial names one"
        )
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise InputError(f"{path}: [population.{name}] must be a table")
        filled = {"about": name, "source": "user", "name": name, **table}
        own[name] = _build(Population, filled, f"{path}: population.{name}")
    table = dict(data["trial"])
    table.setdefault("title", str(table.get("name", path.stem)))
    table.setdefault("source", "user")
    table.setdefault("response", {"criteria": "RECIST 1.1"})
    trial = _build(Trial, table, f"{path}: trial")
    if not _FILE_NAME.match(trial.name):
        raise InputError(
            f"{path}: trial.name: '{trial.name[:60]}' names files; use letters, digits and _ . -"
        )
    if trial.reported is not None and "not_evaluable" not in table:
        read = trial.reported.evaluable / max(trial.reported.treated, 1)
        trial = replace(trial, not_evaluable=max(0.0, 1.0 - read))
    known = {**populations, **own}
    if trial.population not in known:
        raise UnknownNameError(
            f"{path}: trial.population: there is no '{trial.population}'{suggest(trial.population, known)}"
        )
    if trial.readout not in readouts:
        raise UnknownNameError(
            f"{path}: trial.readout: there is no '{trial.readout}'{suggest(trial.readout, readouts)}"
        )
    if trial.pooled:
        raise InputError(f"{path}: trial.pooled: only trials of the library can be pooled")
    return Study(trial, own)


def _load(path: Path) -> dict[str, Any]:
    if path.suffix.lower() != ".json":
        return read_toml(path, LARGEST_TRIAL)
    try:
        data = json.loads(read_text(path, LARGEST_TRIAL))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not a JSON text that can be read") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: must be an object with a 'trial'")
    return data


def _build(kind: type[Any], data: Mapping[str, Any], where: str) -> Any:
    """Return a record of ``kind`` from plain data, checking names and kinds of values."""
    hints = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}
    for key in data:
        if key not in known:
            raise InputError(f"{where}: unknown key '{key}'{suggest(key, known)}")
    for item in known.values():
        if item.name not in data and item.default is MISSING and item.default_factory is MISSING:
            raise InputError(f"{where}: no '{item.name}'; expected {_word(hints[item.name])}")
    values = {key: _value(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    try:
        return kind(**values)
    except RegimenError as error:
        raise RegimenError(f"{where}: {error}") from error


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return (
            None
            if value is None
            else _value(next(a for a in args if a is not type(None)), value, where)
        )
    if origin is tuple:
        if not isinstance(value, list):
            value = [value] if args[-1] is Ellipsis and isinstance(value, str) else value
        if not isinstance(value, list):
            raise InputError(f"{where}: {reprlib.repr(value)} must be a list")
        if args[-1] is Ellipsis:
            return tuple(_value(args[0], v, f"{where}[{k}]") for k, v in enumerate(value))
        if len(value) != len(args):
            raise InputError(f"{where}: expected {len(args)} entries, found {len(value)}")
        return tuple(
            _value(a, v, f"{where}[{k}]") for k, (a, v) in enumerate(zip(args, value, strict=True))
        )
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise InputError(f"{where}: {reprlib.repr(value)} must be a table")
        return {str(k): _value(args[1], v, f"{where}.{k}") for k, v in value.items()}
    if hasattr(hint, "__dataclass_fields__"):
        if isinstance(value, str) and "text" in hint.__dataclass_fields__:
            value = {"text": value}
        if not isinstance(value, dict):
            raise InputError(f"{where}: {reprlib.repr(value)} must be a table")
        return _build(hint, value, where)
    return _plain(hint, value, where)


def _plain(hint: Any, value: Any, where: str) -> Any:
    if isinstance(value, str):
        _check_text(value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 1e300 else float("inf")
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{where}: {reprlib.repr(value)} must be {_word(hint)}")
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise InputError(f"{where}: {reprlib.repr(value)} must be finite")
    return value


def _check_text(value: str, where: str) -> None:
    """Refuse text that no file name, terminal or figure can hold."""
    if len(value) > LONGEST_TEXT:
        raise InputError(f"{where}: text of {len(value)} characters; at most {LONGEST_TEXT}")
    if not value.isprintable():
        raise InputError(f"{where}: {ascii(value)[:60]} holds characters that cannot be printed")


def _word(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "a list"
    names = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(hint, "a table")
