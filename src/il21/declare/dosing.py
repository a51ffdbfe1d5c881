"""Prescriptions: the text a clinician would write, and what it means.

``30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles`` gives doses on days 1-5, 15-19, 29-33.
In a prescription ``/kg`` is always body weight, a dimension of its own.
"""

import math
import re
from dataclasses import dataclass

from il21.errors import RegimenError

EXAMPLE = "'30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles'"
ROUTES = ("iv", "sc", "ip", "it", "po")
MOST_DOSES = 20_000

_AMOUNT = (
    r"(?P<amount>\{dose\}|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*[A-Za-z%][A-Za-z0-9_/^]*|\S+)"
)
_HEAD = re.compile(
    _AMOUNT + r"\s+(?P<agent>[A-Za-z][\w+-]*(?: [A-Za-z][\w+-]*)??)\s+(?P<route>[a-z]+)"
    r"(?:\s+(?P<how>bolus|infusion over (?P<over>\d+(?:\.\d+)? ?[a-z]+)))?"
    r"(?:\s+(?P<often>daily|twice daily|every (?P<every>\d+(?:\.\d+)?) ?h))?\Z",
    re.ASCII,
)
_DAYS = re.compile(r"days? (?P<list>[\d\s,-]+?)(?: of (?P<of>\d+))?\Z", re.ASCII)
_CYCLES = re.compile(r"(?P<n>\d+) cycles?\Z", re.ASCII)


@dataclass(frozen=True)
class DoseTime:
    """One administration of a prescription: when (d after the start) and over how long (d)."""

    day: float
    duration: float


@dataclass(frozen=True)
class Regimen:
    """A prescription; ``origin`` is the number of the day that begins at time zero (1 in trials).

    >>> [round(t.day) for t in Regimen("30 ug/kg IL-21 iv bolus, days 1-3 of 14, 2 cycles").times]
    [0, 1, 2, 14, 15, 16]
    """

    text: str
    origin: int = 1

    def __post_init__(self) -> None:
        _ = self.times

    def _parts(self) -> tuple[dict[str, str | None], list[int], int, int]:
        pieces = [piece.strip() for piece in _split(self.text)]
        head = _HEAD.match(pieces[0]) if len(self.text) <= 300 else None
        if head is None or head["route"] not in ROUTES:
            raise RegimenError(f"cannot read regimen '{self.text[:80]}'; write e.g. {EXAMPLE}")
        if not head["amount"].startswith("{"):
            _check_amount(head["amount"], self.text)
        days, of, cycles = [self.origin], 0, 1
        seen: set[str] = set()
        for piece in pieces[1:]:
            if found := _DAYS.match(piece):
                days, of = _days(found["list"], self.text), int(found["of"] or 0)
                if found["of"] and of == 0:
                    raise RegimenError(f"regimen '{self.text}': a cycle of 0 days")
            elif found := _CYCLES.match(piece):
                cycles = int(found["n"])
            else:
                raise RegimenError(
                    f"cannot read '{piece[:60]}' in regimen '{self.text[:80]}'; write e.g. {EXAMPLE}"
                )
            word = found.re.pattern
            if word in seen:
                raise RegimenError(
                    f"regimen '{self.text}': '{piece}' is a second clause of its kind; join them"
                )
            seen.add(word)
        if head["often"] and _DAYS.pattern not in seen:
            raise RegimenError(
                f"regimen '{self.text}': {head['often']} on which days? write e.g. ', days 1-5'"
            )
        if cycles == 0:
            raise RegimenError(f"regimen '{self.text}': 0 cycles give no dose")
        if of and max(days) - self.origin + 1 > of:
            raise RegimenError(
                f"regimen '{self.text}': day {max(days)} is not within a cycle of {of} days"
            )
        if cycles > 1 and not of:
            raise RegimenError(
                f"regimen '{self.text}': {cycles} cycles of how many days? write e.g. {EXAMPLE}"
            )
        if min(days) < self.origin:
            raise RegimenError(f"regimen '{self.text}': the first day here is day {self.origin}")
        return head.groupdict(), days, of, cycles

    @property
    def amount(self) -> str:
        """The dose as written, e.g. "30 ug/kg", or "{dose}"."""
        return str(self._parts()[0]["amount"])

    @property
    def agent(self) -> str:
        """The agent's name as written, e.g. "IL-21"."""
        return str(self._parts()[0]["agent"])

    @property
    def route(self) -> str:
        """The route: iv, sc, ip, it or po."""
        return str(self._parts()[0]["route"])

    @property
    def times(self) -> tuple[DoseTime, ...]:
        """Every administration, in order, in days after the start."""
        head, days, of, cycles = self._parts()
        over = _duration(head["over"], self.text)
        within = [0.0]
        if head["often"] == "twice daily":
            within = [0.0, 0.5]
        elif head["every"]:
            every = float(head["every"])
            if not 0.1 <= every <= 24:
                raise RegimenError(
                    f"regimen '{self.text}': every {every:g} h is not between 0.1 and 24 h"
                )
            within = [k * every / 24 for k in range(math.ceil(24 / every - 1e-9))]
        if cycles * len(days) * len(within) > MOST_DOSES:
            raise RegimenError(f"regimen '{self.text[:80]}': more than {MOST_DOSES} doses")
        starts = [
            c * of + (d - self.origin) + w
            for c in range(cycles)
            for d in sorted(set(days))
            for w in within
        ]
        return tuple(DoseTime(day, over) for day in starts)

    def with_dose(self, dose: str) -> "Regimen":
        """Return the regimen with ``{dose}`` filled in."""
        return Regimen(self.text.replace("{dose}", dose), self.origin)

    def __str__(self) -> str:
        days = ", ".join(f"{t.day + self.origin:g}" for t in self.times[:40])
        more = ", ..." if len(self.times) > 40 else ""
        return f"{self.text}\n  doses on days {days}{more}"


def _split(text: str) -> list[str]:
    """Split at commas that separate clauses, not days ("days 1, 3, 5 of 7")."""
    return re.split(r",\s*(?=[a-z])|,\s*(?=\d+ cycles?\Z)", text.strip())


def _days(text: str, whole: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        ends = part.strip().split("-")
        if len(ends) > 2 or not all(end.strip().isdigit() for end in ends):
            raise RegimenError(
                f"cannot read days '{text.strip()}' in regimen '{whole[:80]}'; write 'days 1-5'"
            )
        first, last = int(ends[0]), int(ends[-1])
        if last < first or last > 20_000:
            raise RegimenError(f"regimen '{whole[:80]}': days {first}-{last} do not run forward")
        days.extend(range(first, last + 1))
    return days


def _duration(text: str | None, whole: str) -> float:
    if not text:
        return 0.0
    found = re.fullmatch(r"([\d.]+) ?(min|h|d)", text)
    if found is None or found.group(1).count(".") > 1 or float(found.group(1)) <= 0:
        raise RegimenError(
            f"regimen '{whole[:80]}': infusion over '{text}'; write e.g. 'infusion over 30 min'"
        )
    return float(found.group(1)) / {"min": 1440.0, "h": 24.0, "d": 1.0}[found.group(2)]


def _check_amount(text: str, whole: str) -> None:
    found = re.fullmatch(
        r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%][A-Za-z0-9_/^]*)", text
    )
    if found is None:
        raise RegimenError(
            f"cannot read the dose '{text[:30]}' in regimen '{whole[:80]}'; write e.g. {EXAMPLE}"
        )
    value = float(found.group(1))
    if not (math.isfinite(value) and value >= 0):
        raise RegimenError(
            f"regimen '{whole[:80]}': the dose {text} must be finite and not negative"
        )
