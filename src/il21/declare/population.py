"""Records of whom we treat: covariates, populations and how a subject is brought to the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Covariate:
    """A property of a subject that doses or rates depend on, e.g. body weight."""

    name: str
    value: str
    source: str
    how: str
    log_sd: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RunIn:
    """How a subject is brought to the start of treatment.

    The system runs ``duration`` with the parameters of ``hold`` set to constants; then each formula
    of ``then`` is evaluated on the state reached and overwrites that parameter for the rest.
    """

    duration: str
    hold: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    then: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, kw_only=True)
class Population:
    """The distribution that virtual patients are drawn from.

    What varies stands in the evidence of the assembly's parameters (``variability``); the
    population adds covariates, the parameter sets of instances, and the run-in.
    """

    name: str
    about: str
    source: str
    assembly: str
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _EMPTY)  # type: ignore[assignment]
    covariates: tuple[Covariate, ...] = ()
    run_in: RunIn | None = None
