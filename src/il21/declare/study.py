"""Records of what is done: arms, dose levels, trials, and reports that gather trials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from il21.declare.conduct import Conduct
from il21.declare.dosing import Regimen
from il21.declare.endpoint import Reported, ResponseRule

_EMPTY: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A ladder of doses and the share of patients at each; ``assumed`` says what is not reported."""

    doses: tuple[str, ...]
    shares: tuple[float, ...]
    assumed: str = ""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Subjects treated alike; ``{dose}`` in a regimen takes the patient's level."""

    name: str
    regimens: tuple[Regimen, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Arms of patients, visits and endpoints, and what was reported.

    ``visits`` are times after the first dose, with unit; ``not_evaluable`` is the reported share
    of patients without a reading, drawn at that rate and never counted as a prediction;
    ``toxicity_grading`` names the criteria of adverse events and their version, "(assumed)" where
    the paper was not seen to say;
    ``counted`` is false for a row that is only shown; ``conduct`` says what else happens: without it
    every patient enters on one day, is seen at every visit and gets every dose.
    """

    name: str
    title: str
    source: str
    population: str
    arms: tuple[Arm, ...]
    size: int
    visits: tuple[str, ...]
    response: ResponseRule
    toxicity_grading: str = ""
    readout: str = "lesions"
    levels: Levels | None = None
    not_evaluable: float = 0.0
    reported: Reported | None = None
    counted: bool = True
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)
    pooled: tuple[str, ...] = ()
    note: str = ""
    conduct: Conduct | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A table of several trials run together, e.g. the finished trials of a review."""

    name: str
    title: str
    source: str
    trials: tuple[str, ...]
    claims: tuple[str, ...] = ()
    note: str = ""
