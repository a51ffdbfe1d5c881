"""Two randomised arms compared by Fisher's exact test, with exact power."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from il21.errors import InputError
from il21.study.designs.characteristics import Characteristics, Judged, check_responses
from il21.study.designs.simon import MOST_PATIENTS, check_goal
from il21.study.rates import binomial_chances
from il21.study.statistics import check_rate, check_share, fisher_rejects


@dataclass(frozen=True, kw_only=True)
class RandomisedTwoArm:
    """Two arms; success if the treated respond more often and Fisher's p is at most ``alpha``.

    ``two_sided`` takes the two-sided p; success still needs the treated to be better.
    """

    control: int
    treated: int
    alpha: float = 0.05
    two_sided: bool = True

    def __post_init__(self) -> None:
        if min(self.control, self.treated) < 1:
            raise InputError("no patients: each arm needs at least one")
        check_share(self.alpha, "alpha")

    @property
    def arms(self) -> tuple[int, ...]:
        """Patients of control and treated."""
        return (self.control, self.treated)

    def characteristics(self, *truth: float) -> Characteristics:
        """Return the exact characteristics under true rates of control and treated."""
        if len(truth) != 2:
            raise InputError(f"truth of {len(truth)} arms: the design has two")
        control, treated = (check_rate(rate, "truth") for rate in truth)
        chances = binomial_chances(self.treated, treated), binomial_chances(self.control, control)
        success = float(chances[0] @ self._succeeds() @ chances[1])
        return Characteristics(
            truth=(control, treated), success=success, stop_early=0.0,
            patients=self.control + self.treated,
        )  # fmt: skip

    def judge(self, responses: Sequence[ArrayLike]) -> Judged:
        """Judge trials from who responds: control (R, n), treated (R, m)."""
        control, treated = check_responses(responses, self.arms)
        success = self._succeeds()[treated.sum(axis=1), control.sum(axis=1)]
        patients = np.full(len(success), self.control + self.treated)
        return Judged(success=success, stopped=np.zeros(len(success), bool), patients=patients)

    def _succeeds(self) -> np.ndarray:
        """Whether each table (treated + 1, control + 1) is a success."""
        shares = (np.arange(n + 1) / n for n in (self.treated, self.control))
        better = np.greater.outer(*shares)
        return better & fisher_rejects(self.treated, self.control, self.alpha, self.two_sided)


@lru_cache(maxsize=256)
def randomised(
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.80,
    two_sided: bool = True,
) -> RandomisedTwoArm:
    """Return the smallest two equal arms whose exact power at control p0, treated p1 is enough.

    From that size on the next ten sizes have enough power too, since it goes up and down with n.

    Raises
    ------
    InputError
        If p1 is not above p0, alpha or power is impossible, or it takes over 500 patients an arm.

    Examples
    --------
    >>> randomised(0.1, 0.6, two_sided=False).treated
    13
    """
    check_goal(p0, p1, alpha, power)
    held = 0
    for n in range(2, MOST_PATIENTS + 1):
        design = RandomisedTwoArm(control=n, treated=n, alpha=alpha, two_sided=two_sided)
        held = held + 1 if design.characteristics(p0, p1).success >= power else 0
        if held == 11:
            return RandomisedTwoArm(
                control=n - 10, treated=n - 10, alpha=alpha, two_sided=two_sided
            )
    raise InputError(
        f"p0 = {p0:g}, p1 = {p1:g}: two arms of up to {MOST_PATIENTS} patients do not reach a power "
        f"of {power:g}; set the rates further apart or allow more error"
    )
