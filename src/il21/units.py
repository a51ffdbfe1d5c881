"""Units as text: read, compare, convert.  A closed register on top of pint.

Numbers inside the machinery are in one coherent base (day, mL, ng, Mcell, nmol, K, kg of body
weight), so that no expression carries a conversion factor; text with a unit stands at every border.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from il21.errors import UnitError, suggest

# The coherent base: names of the dimensions and the unit in which each is counted inside.
BASE: tuple[tuple[str, str], ...] = (
    ("time", "day"),
    ("length", "cm"),
    ("mass", "ng"),
    ("cells", "Mcell"),
    ("substance", "nmol"),
    ("temperature", "K"),
    ("body weight", "kg_bw"),
    ("activity", "IU"),
    ("heat", "kJ"),
)

_REGISTER = """
day = [time] = d
h = day / 24 = hour
min = h / 60 = minute
s = min / 60 = second
week = 7 * day
cm = [length]
mm = 0.1 * cm
um = 1e-4 * cm
m = 100 * cm
mL = cm ** 3 = ml
L = 1000 * mL
uL = 1e-3 * mL
nL = 1e-6 * mL
fL = 1e-12 * mL
ng = [mass]
pg = 1e-3 * ng
ug = 1e3 * ng
mg = 1e6 * ng
g = 1e9 * ng
kg = 1e12 * ng
Mcell = [cells]
cell = 1e-6 * Mcell = cells
kcell = 1e-3 * Mcell
nmol = [substance]
fmol = 1e-6 * nmol
pmol = 1e-3 * nmol
umol = 1e3 * nmol
mmol = 1e6 * nmol
mol = 1e9 * nmol
nM = nmol / L
pM = 1e-3 * nM
uM = 1e3 * nM
K = [temperature]
kg_bw = [body_weight]
IU = [activity]
kIU = 1e3 * IU
MIU = 1e6 * IU
kJ = [heat]
J = 1e-3 * kJ
percent = 0.01
"""

_TEXT = re.compile(r"[A-Za-z0-9_ ./*^()+\-%]{1,60}\Z")
_EXPONENT = re.compile(
    r"\s*\^\s*(?:-?([0-9.]+)|\(\s*-?\s*([0-9.]+)(?:\s*/\s*[0-9]+)?\s*\))(?![0-9.]|\s*\^)"
)
_BARE_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])[0-9.]+")


@dataclass(frozen=True)
class Unit:
    """A unit: its text as the author wrote it, its size in the coherent base, its dimension.

    ``dimension`` is a sorted tuple of (name, power); dimensionless is the empty tuple.
    """

    text: str
    factor: float
    dimension: tuple[tuple[str, float], ...]

    def same_dimension(self, other: "Unit") -> bool:
        """Whether a number in this unit can be converted to the other."""
        return self.dimension == other.dimension

    def __str__(self) -> str:
        return self.text or "1"


@cache
def _registry() -> Any:
    from pint import UnitRegistry

    registry = cast(Any, UnitRegistry)(None)  # None: without pint's default register
    for line in _REGISTER.strip().splitlines():
        registry.define(line)
    return registry


def unit_names() -> tuple[str, ...]:
    """Return the names of the closed register, as they may stand in a unit text."""
    names: list[str] = []
    for line in _REGISTER.strip().splitlines():
        parts = [part.strip() for part in line.split("=")]
        names.append(parts[0])
        names.extend(p for p in parts[1:] if p.isidentifier() and p not in names)
    return tuple(names)


@cache
def parse_unit(text: str) -> Unit:
    """Read a unit text such as ``"ng/mL"``, ``"1/d"`` or ``"mm^2"``; ``""`` and ``"1"`` are dimensionless.

    Raises
    ------
    UnitError
        If the text is not made of register names and the operators ``* / ^ ( )``.

    Examples
    --------
    >>> parse_unit("ug/L").same_dimension(parse_unit("ng/mL"))
    True
    >>> parse_unit("1/h").factor
    24.0
    """
    clean = text.strip()
    if clean in ("", "1", "-"):
        return Unit("1", 1.0, ())
    if clean == "%":
        clean = "percent"
    if not _TEXT.match(clean):
        raise UnitError(f"unit '{text[:60]}': not a unit; write e.g. 'ng/mL', '1/d', 'Mcell'")
    _check_powers(clean)
    known = set(unit_names())
    for name in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", clean):
        if name not in known:
            raise UnitError(f"unit '{text}': '{name}' is not in the register{suggest(name, known)}")
    registry = _registry()
    try:
        quantity = registry.Quantity(1.0, registry.parse_units(_pint_form(clean)))
        base = quantity.to_base_units()
    except Exception as error:
        raise UnitError(f"unit '{text}': cannot be read; write e.g. 'ng/mL', '1/d'") from error
    dimension = tuple(sorted((str(k)[1:-1], float(v)) for k, v in base.dimensionality.items()))
    factor = float(base.magnitude)
    if not 0.0 < factor < float("inf"):
        raise UnitError(f"unit '{text}': has no finite size")
    return Unit(clean, factor, dimension)


def _check_powers(text: str) -> None:
    """Refuse towers of powers and numbers before the text is evaluated, which could take forever."""
    plain = text.replace("**", "^")
    powers = [
        float(p)
        for pair in _EXPONENT.findall(plain)
        for p in pair
        if p.count(".") < 2 and p.strip(".")
    ]
    if any(p > 12 for p in powers):
        raise UnitError(f"unit '{text}': an exponent above 12 is not a unit")
    rest = _EXPONENT.sub(" ", plain)
    if "^" in rest or "//" in rest or any(number != "1" for number in _BARE_NUMBER.findall(rest)):
        raise UnitError(f"unit '{text}': cannot be read; write e.g. 'ng/mL', '1/d', 'mm^2'")


def _pint_form(text: str) -> str:
    return text.replace("^", "**")


def unit_of_dimension(dimension: tuple[tuple[str, float], ...]) -> Unit:
    """Return the coherent base unit of a dimension, with a readable text.

    >>> unit_of_dimension((("mass", 1.0), ("time", -1.0))).text
    'ng/d'
    """
    names = {
        "time": "d", "length": "cm", "mass": "ng", "cells": "Mcell", "substance": "nmol",
        "temperature": "K", "body_weight": "kg_bw", "activity": "IU", "heat": "kJ",
    }  # fmt: skip

    def power(name: str, value: float) -> str:
        if name == "cm" and value == 3.0:
            return "mL"
        return name if value == 1.0 else f"{name}^{value:g}"

    above = [power(names[n], p) for n, p in dimension if p > 0]
    below = [power(names[n], -p) for n, p in dimension if p < 0]
    text = "*".join(above) or "1"
    return Unit(text + "".join(f"/{b}" for b in below), 1.0, dimension)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, as written by a source or a user."""

    value: float
    unit: Unit

    @property
    def base(self) -> float:
        """The number in the coherent base."""
        return self.value * self.unit.factor

    def to(self, unit: str | Unit) -> float:
        """Return the number in another unit; raises UnitError if the dimension differs."""
        wanted = parse_unit(unit) if isinstance(unit, str) else unit
        if not self.unit.same_dimension(wanted):
            raise UnitError(f"'{self}' cannot be given in {wanted}")
        if wanted.text == self.unit.text:
            return self.value
        return self.value * (self.unit.factor / wanted.factor)

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}" if self.unit.text != "1" else f"{self.value:g}"


_QUANTITY = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)\Z", re.DOTALL | re.ASCII
)


def parse_quantity(text: str) -> Quantity:
    """Read "0.0229 L/h" or "30 ug/kg_bw"; a bare number is dimensionless.

    Raises
    ------
    UnitError
        If there is no number in front, the number is not finite, or the unit cannot be read.

    Examples
    --------
    >>> parse_quantity("22.9 mL/h").to("L/h")
    0.0229
    """
    match = _QUANTITY.match(text)
    if match is None or len(text) > 100:
        raise UnitError(f"'{text[:60]}': not a number with a unit; write e.g. '0.0229 L/h'")
    value = float(match.group(1))
    if value in (float("inf"), float("-inf")):
        raise UnitError(f"'{text}': the number is not finite")
    return Quantity(value, parse_unit(match.group(2)))
