"""References: a BibTeX file read into citations, and the key in front of a source text."""

import re
from dataclasses import dataclass
from pathlib import Path

from il21.errors import EvidenceError

_ENTRY = re.compile(r"@(?P<kind>\w+)\s*\{\s*(?P<key>[^,\s{}=]*)\s*(?P<comma>,?)")
_FIELD = re.compile(r"\s*(?P<name>\w+)\s*=\s*")


@dataclass(frozen=True)
class Citation:
    """One reference: its key, its BibTeX kind and fields."""

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]

    def field(self, name: str) -> str:
        """Return a field's text, empty if it is missing."""
        return dict(self.fields).get(name, "")

    @property
    def text(self) -> str:
        """One line for people: authors, year, title, where, identifier."""
        where = " ".join(x for x in (self.field("journal"), self.field("volume")) if x)
        pages = f":{self.field('pages')}" if self.field("pages") else ""
        parts = [self.field("author"), self.field("year"), self.field("title"), where + pages]
        known = [f"{n}:{self.field(n)}" for n in ("doi", "pmid") if self.field(n)]
        return ". ".join(part for part in (*parts, *known) if part)

    @property
    def bibtex(self) -> str:
        """The entry as BibTeX."""
        rows = ",\n".join(f"  {name} = {{{value}}}" for name, value in self.fields)
        return f"@{self.kind}{{{self.key},\n{rows}\n}}"


def read_bibliography(path: Path) -> dict[str, Citation]:
    """Read a BibTeX file of entries whose values stand in braces or quotes.

    Raises
    ------
    EvidenceError
        With the file and the entry that cannot be read, or that stands twice.
    """
    text = path.read_text(encoding="utf-8")
    found: dict[str, Citation] = {}
    position = 0
    while match := _ENTRY.search(text, position):
        key = match["key"]
        if not key or not match["comma"]:
            line = text.count("\n", 0, match.start()) + 1
            raise EvidenceError(
                f"{path}, line {line}: '{match[0].strip()}' needs a key and a comma"
            )
        if key in found:
            raise EvidenceError(f"{path}: reference '{key}' stands twice")
        fields, position = _fields(text, match.end(), f"{path}: {key}")
        found[key] = Citation(key, match["kind"].lower(), tuple(fields))
    return found


def _fields(text: str, position: int, where: str) -> tuple[list[tuple[str, str]], int]:
    fields: list[tuple[str, str]] = []
    while match := _FIELD.match(text, position):
        value, position = _value(text, match.end(), where)
        fields.append((match["name"].lower(), " ".join(value.split())))
        rest = re.match(r"\s*,?", text[position:])
        position += rest.end() if rest else 0
    end = re.match(r"\s*\}", text[position:])
    if end is None:
        raise EvidenceError(f"{where}: the entry does not end with '}}'")
    return fields, position + end.end()


def _value(text: str, position: int, where: str) -> tuple[str, int]:
    if text[position : position + 1] == '"':
        end = text.find('"', position + 1)
        if end > 0:
            return text[position + 1 : end], end + 1
    if text[position : position + 1] == "{":
        depth = 0
        for at in range(position, len(text)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if depth == 0:
                return text[position + 1 : at], at + 1
    bare = re.match(r"\d+", text[position:])
    if bare:
        return bare[0], position + bare.end()
    raise EvidenceError(f"{where}: a field's value must stand in braces")


def key_of(source: str) -> str:
    """Return the reference key in front of a source text.

    >>> key_of("Zhang2003, K_D by surface plasmon resonance")
    'Zhang2003'
    """
    return re.split(r"[,;:\s]", source.strip(), maxsplit=1)[0]


def keys_in(source: str) -> list[str]:
    """Return every reference key of a source text: the one in front, then others named in it.

    >>> keys_in("il21_system, tuned to Davis2007, Thompson2008 (responses)")
    ['il21_system', 'Davis2007', 'Thompson2008']
    """
    others = re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)\d\d[a-z]?\b", source)
    return list(dict.fromkeys([key_of(source), *others]))
