"""Operating characteristics of a rule of dose escalation, by simulated trials."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.errors import InputError
from il21.study.designs.characteristics import share_error
from il21.study.designs.escalation import STOP, Cohort, EscalationRule
from il21.study.draws import uniforms
from il21.study.statistics import check_rate

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_MOST = 1000  # patients: a rule that treats more does not end


@dataclass(frozen=True, kw_only=True)
class EscalationCharacteristics:
    """What a rule does if the toxicity rates by level are ``truth``; errors are Monte-Carlo SDs.

    ``selected`` is the share of trials that name each level the MTD, ``none`` that name none;
    ``patients`` and ``toxicities`` are means a trial at each level.
    """

    truth: tuple[float, ...]
    replicates: int
    selected: tuple[float, ...]
    none: float
    patients: tuple[float, ...]
    toxicities: tuple[float, ...]
    selected_error: tuple[float, ...]
    none_error: float
    patients_error: tuple[float, ...]
    toxicities_error: tuple[float, ...]
    size: float
    size_error: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EscalationTrials:
    """R simulated trials: MTD (R,), 0 for none; patients and toxicities by level (R, levels)."""

    mtd: Whole
    patients: Whole
    toxicities: Whole


def escalation_trials(
    rule: EscalationRule,
    truth: Sequence[float],
    *,
    replicates: int = 1000,
    seed: int = 1,
    trial: str = "",
) -> EscalationTrials:
    """Return simulated trials of a rule, if ``truth`` are the toxicity rates by level.

    The draw of a patient belongs to number and replicate: under another rule or truth the same
    patient has the same threshold.

    Raises
    ------
    InputError
        If there are not as many rates as levels, one is not within 0 to 1, there are no
        replicates, or the rule asks for a level that is not there or does not end.

    Examples
    --------
    >>> from il21.study.designs.escalation import ThreePlusThree
    >>> escalation_trials(ThreePlusThree(levels=2), [0.0, 1.0], replicates=2).mtd.tolist()
    [1, 1]
    """
    rates = [check_rate(rate, "truth") for rate in truth]
    if len(rates) != rule.levels:
        raise InputError(f"truth of {len(rates)} levels: the rule has {rule.levels}")
    if replicates < 1:
        raise InputError(f"replicates = {replicates}: expected one or more")
    mtd = np.zeros(replicates, np.int64)
    patients = np.zeros((replicates, rule.levels), np.int64)
    toxicities = np.zeros_like(patients)
    drawn = _Thresholds(seed, trial, replicates)
    running: list[tuple[tuple[Cohort, ...], Whole]] = [((), np.arange(replicates))]
    while running:
        history, who = running.pop()
        decision = rule.next_dose(history)
        if decision.action == STOP or decision.level is None:
            mtd[who] = decision.mtd or 0
            for cohort in history:
                patients[who, cohort.level - 1] += cohort.patients
                toxicities[who, cohort.level - 1] += cohort.toxicities
            continue
        if not 1 <= decision.level <= rule.levels:
            raise InputError(
                f"the rule asks for dose level {decision.level}; there are {rule.levels}, numbered "
                "from 1"
            )
        first = sum(cohort.patients for cohort in history)
        rate = rates[decision.level - 1]
        bad = drawn.below(rate, first, first + decision.patients, who)
        for toxic in np.unique(bad).tolist():
            cohort = Cohort(level=decision.level, patients=decision.patients, toxicities=toxic)
            running.append(((*history, cohort), who[bad == toxic]))
    return EscalationTrials(mtd=mtd, patients=patients, toxicities=toxicities)


class _Thresholds:
    """The uniform draw of each patient in each of R trials, made when it is first asked for."""

    def __init__(self, seed: int, trial: str, replicates: int):
        self._seed, self._trial, self._replicates = seed, trial, np.arange(replicates)
        self._drawn: list[Floats] = []

    def below(self, rate: float, first: int, last: int, who: Whole) -> Whole:
        """Count, by trial, those of the patients from first to before last who lie below a rate."""
        if last > _MOST or last <= first:
            raise InputError(f"the rule does not end: after {first} patients it asks for {last}")
        for number in range(len(self._drawn), last):
            self._drawn.append(
                uniforms(
                    self._seed, "escalation/toxicity", number, replicate=self._replicates,
                    trial=self._trial,
                )
            )  # fmt: skip
        return np.sum([drawn[who] < rate for drawn in self._drawn[first:last]], axis=0)


def escalation_characteristics(
    rule: EscalationRule,
    truth: Sequence[float],
    *,
    replicates: int = 1000,
    seed: int = 1,
    trial: str = "",
) -> EscalationCharacteristics:
    """Return how often a rule names each level the MTD, how many it treats there, with errors.

    Arguments and errors are those of `escalation_trials`; two replicates are the fewest.

    >>> from il21.study.designs.boin import BOIN
    >>> found = escalation_characteristics(BOIN(levels=3), [0.05, 0.30, 0.60], replicates=200)
    >>> found.selected[1] > 0.5, abs(sum(found.selected) + found.none - 1) < 1e-9
    (True, True)
    """
    if replicates < 2:
        raise InputError(f"replicates = {replicates}: expected two or more")
    found = escalation_trials(rule, truth, replicates=replicates, seed=seed, trial=trial)
    shares = [float(np.mean(found.mtd == level)) for level in range(rule.levels + 1)]
    errors = [share_error(share, replicates) for share in shares]
    size = found.patients.sum(axis=1)

    def means(table: Whole) -> tuple[float, ...]:
        return tuple(table.mean(axis=0).tolist())

    def mean_errors(table: Whole) -> tuple[float, ...]:
        return tuple((table.std(axis=0, ddof=1) / np.sqrt(replicates)).tolist())

    return EscalationCharacteristics(
        truth=tuple(float(rate) for rate in truth), replicates=replicates,
        selected=tuple(shares[1:]), none=shares[0], selected_error=tuple(errors[1:]),
        none_error=errors[0], patients=means(found.patients), toxicities=means(found.toxicities),
        patients_error=mean_errors(found.patients), toxicities_error=mean_errors(found.toxicities),
        size=float(size.mean()), size_error=float(size.std(ddof=1) / np.sqrt(replicates)),
    )  # fmt: skip
