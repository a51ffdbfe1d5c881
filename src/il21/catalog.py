"""Finds library things by name; the only door to the library.

The library is found by walking its folders; there is no list to edit.  A third party's package that
declares the entry point ``il21.library`` is walked too.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from il21.citation import Citation, read_bibliography
from il21.compose.join import join
from il21.compose.model import Model
from il21.compose.table import EvidenceTable, read_evidence
from il21.declare import Assembly, Module, Population, ReadOut, Report, Trial
from il21.errors import DeclarationError, UnknownNameError, suggest

Record = TypeVar("Record", Module, Assembly, Population, ReadOut, Report, Trial)


@dataclass(frozen=True)
class Entry:
    """A record of the library and the file that declares it."""

    record: Any
    path: Path


@cache
def packages() -> tuple[ModuleType, ...]:
    """Return the package of the library and those of third parties."""
    found = [importlib.import_module("il21.library")]
    found.extend(point.load() for point in entry_points(group="il21.library"))
    return tuple(found)


def _files() -> Iterator[ModuleType]:
    for package in packages():
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not info.ispkg:
                yield importlib.import_module(info.name)


@cache
def entries(kind: type[Record]) -> Mapping[str, Entry]:
    """Return every record of a kind by its name, in order of name.

    Raises
    ------
    DeclarationError
        If two records of one kind share a name.
    """
    found: dict[str, Entry] = {}
    for file in _files():
        path = Path(file.__file__ or "")
        for value in vars(file).values():
            for record in value if isinstance(value, tuple) else (value,):
                if not isinstance(record, kind):
                    continue
                known = found.get(record.name)
                if known is not None and known.record is not record:
                    raise DeclarationError(
                        f"{path.name}: {kind.__name__.lower()} '{record.name}' stands in {known.path.name} too"
                    )
                found.setdefault(record.name, Entry(record, path))
    return dict(sorted(found.items()))


def find(kind: type[Record], name: str) -> Record:
    """Return the record of a kind with this name; the nearest names are offered if there is none."""
    known = entries(kind)
    if name not in known:
        word = kind.__name__.lower()
        raise UnknownNameError(
            f"there is no {word} '{name}'{suggest(name, known)}; see 'il21 list'"
        )
    return known[name].record


@cache
def evidence(module: str) -> EvidenceTable:
    """Return the evidence that stands beside a module or read-out, in the TOML of the same name."""
    for kind in (Module, ReadOut):
        entry = entries(kind).get(module)
        if entry is not None:
            return read_evidence(entry.path.with_suffix(".toml"), module)
    raise UnknownNameError(f"there is no module '{module}'{suggest(module, entries(Module))}")


@cache
def hosts() -> Mapping[str, EvidenceTable]:
    """Return the records of every host, e.g. body mass."""
    found: dict[str, EvidenceTable] = {}
    for package in packages():
        for root in package.__path__:
            for path in sorted(Path(root, "hosts").glob("*.toml")):
                found[path.stem] = read_evidence(path, path.stem)
    return found


@cache
def references() -> Mapping[str, Citation]:
    """Return the bibliography by key."""
    found: dict[str, Citation] = {}
    for package in packages():
        for root in package.__path__:
            path = Path(root, "references.bib")
            if path.exists():
                found |= read_bibliography(path)
    return found


def module_with_evidence(name: str) -> tuple[Module, EvidenceTable]:
    """Return a module and its numbers."""
    return find(Module, name), evidence(name)


@cache
def _model(name: str, sets: tuple[tuple[str, tuple[str, ...]], ...]) -> Model:
    return join(find(Assembly, name), module_with_evidence, hosts(), dict(sets))


def model(name: str, sets: Mapping[str, tuple[str, ...]] | None = None) -> Model:
    """Return a composed model: an assembly, with parameter sets by instance.

    Raises
    ------
    UnknownNameError
        If there is no such assembly, or no such set for an instance.
    """
    asked = sets or {}
    composed = _model(name, ())
    for instance, wanted in asked.items():
        if instance not in composed.instances:
            raise UnknownNameError(
                f"{name} has no module '{instance}'{suggest(instance, composed.instances)}"
            )
        known = evidence(composed.instances[instance]).sets_of(composed.host)
        for item in wanted:
            if item not in known:
                raise UnknownNameError(
                    f"{name}: module '{instance}' has no parameter set '{item}'{suggest(item, known)}"
                )
    return _model(name, tuple(sorted((k, tuple(v)) for k, v in asked.items())))
