"""Records of what is read from a patient: how lesions are seen, by which rule, what was reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from il21.declare.model import Parameter


@dataclass(frozen=True, kw_only=True)
class ReadOut:
    """An observation layer with numbers of its own; values stand in the TOML beside.

    ``rule`` names the study rule that applies it.  ``daily`` and ``fixed`` say which quantities of
    the model it sees, by role: each day, or once because only parameters decide them.
    ``formulas`` are those that the rule asks for, over parameters and roles.
    """

    name: str
    about: str
    source: str
    rule: str
    parameters: tuple[Parameter, ...]
    daily: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fixed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    formulas: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class ResponseRule:
    """By which criteria best overall response is read.

    ``minimum_stable`` is the shortest time on study that a stable disease needs; ``confirm``
    whether CR and PR need a second reading.  Where a paper does not say, ``assumed`` says so.
    """

    criteria: str
    minimum_stable: str = "35 d"
    confirm: bool = False
    assumed: str = ""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """Counts that a trial reported, by category, and how they are grouped for comparison.

    ``groups`` maps a printed category to the model's best responses that it holds, e.g.
    ``("response", ("CR", "PR"))``; a category that only follows from others is left out.
    """

    treated: int
    evaluable: int
    counts: tuple[tuple[str, int], ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    source: str
    note: str = ""
