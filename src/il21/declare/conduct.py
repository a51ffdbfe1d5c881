"""Records of how a trial is conducted: who enters, when they are seen, what decides their doses."""

from dataclasses import dataclass

ACTIONS: tuple[str, ...] = ("hold", "reduce", "stop")
DESIGNS: tuple[str, ...] = ("3+3", "BOIN", "CRM")


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """A bound that a patient must meet before the first dose.

    ``of`` is a covariate of the population, or a parameter, species, definition or observable of the
    model; ``at_least`` and ``at_most`` have its unit, one may be empty.
    """

    of: str
    at_least: str = ""
    at_most: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """Patients come at random at a rate; first doses lie at least ``stagger`` apart."""

    per_month: float
    stagger: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitWindow:
    """A visit is made on a whole day within ``days`` of the planned one, or missed."""

    days: int = 0
    missed: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DropOut:
    """Patients leave the trial: hazards before and after the visit that shows progression.

    Without ``after_progression`` the hazard stays; ``"at once"`` is the visit itself.
    """

    hazard: str = "0 1/d"
    after_progression: str = ""


@dataclass(frozen=True, kw_only=True)
class DoseRule:
    """What is done with the doses from a visit on: hold, reduce or stop.

    It applies at a visit if a toxicity of ``grade`` or worse began since the visit before, or
    if progression is read there, or if the quantity ``of`` is above or below a bound: one of the
    three.  ``hold`` lasts until a visit at which it no longer applies, doses in between are lost;
    ``reduce`` multiplies all doses from then on by ``factor``, ``most`` times, then it stops them.
    """

    action: str
    grade: int = 0
    progression: bool = False
    of: str = ""
    above: str = ""
    below: str = ""
    factor: float = 0.5
    most: int = 2
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Dose escalation: cohorts climb a ladder by a design, then more are treated at the MTD.

    A DLT is a toxicity of ``grade`` or worse that begins within ``window`` of the first dose.
    ``design`` is 3+3, BOIN or CRM; ``target``, ``cohort`` and ``most_patients`` are for the last
    two, ``skeleton`` for CRM (by Lee and Cheung's rule about the middle level if empty).
    """

    design: str
    ladder: tuple[str, ...]
    window: str = "28 d"
    start: str = ""
    grade: int = 3
    target: float = 0.30
    cohort: int = 3
    most_patients: int = 30
    skeleton: tuple[float, ...] = ()
    expansion: int = 0


@dataclass(frozen=True, kw_only=True)
class Death:
    """Death from the tumour, by the hazard of a read-out or by a formula of one's own.

    ``hazard`` may name the read-out's numbers and roles, and quantities of the model.
    """

    readout: str = "death"
    hazard: str = ""


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How a trial is conducted; what is left out does not happen.

    ``checks`` are visits besides those of the trial, without a scan; dose rules decide at both.
    ``toxicity`` names a read-out that grades toxicity.  ``follow_up`` is how long patients are
    followed after the first dose (by default until the last visit), ``cut_off`` the day after the
    first patient's first dose on which the data are closed.
    """

    eligibility: tuple[Eligibility, ...] = ()
    enrolment: Enrolment | None = None
    checks: tuple[str, ...] = ()
    window: VisitWindow | None = None
    drop_out: DropOut | None = None
    rules: tuple[DoseRule, ...] = ()
    toxicity: str = ""
    escalation: Escalation | None = None
    death: Death | None = None
    follow_up: str = ""
    cut_off: str = ""
