"""Operating characteristics of a design: what it does if the truth is so, exact or simulated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError
from il21.study.draws import uniforms
from il21.study.statistics import Better, check_rate

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Characteristics:
    """What a design does under true response rates ``truth``, one an arm.

    ``success`` is the probability that the trial succeeds, ``stop_early`` that it ends before its
    full size, ``patients`` the expected number of patients.  The errors are Monte-Carlo SDs;
    they are 0 and ``replicates`` is None where the figures are exact.
    """

    truth: tuple[float, ...]
    success: float
    stop_early: float
    patients: float
    replicates: int | None = None
    success_error: float = 0.0
    stop_early_error: float = 0.0
    patients_error: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """The verdict on each of R trials: success, stopped early, patients treated, each (R,)."""

    success: Flags
    stopped: Flags
    patients: Whole


class Design(Protocol):
    """A declared design: its largest size by arm, and how it judges responses."""

    @property
    def arms(self) -> tuple[int, ...]:
        """Most patients in each arm."""
        ...

    def judge(self, responses: Sequence[ArrayLike]) -> Judged:
        """Judge trials from who responds (R, size of the arm), one array an arm, in order."""
        ...


class ExactDesign(Design, Protocol):
    """A design whose characteristics can be summed up exactly."""

    def characteristics(self, *truth: float) -> Characteristics:
        """Return the exact characteristics under true rates, one an arm."""
        ...


def check_responses(responses: Sequence[ArrayLike], arms: Sequence[int]) -> list[Flags]:
    """Return who responds, (R, size) of each arm, or say in one line what is wrong.

    >>> check_responses([[[True, False]]], (2,))[0].shape
    (1, 2)
    """
    if len(responses) != len(arms):
        raise InputError(f"responses of {len(responses)} arms: the design has {len(arms)}")
    found: list[Flags] = []
    for number, (values, size) in enumerate(zip(responses, arms, strict=True)):
        array = np.asarray(values)
        if array.ndim != 2 or array.size == 0:
            raise InputError("no patients: expected responses (trials, patients) of each arm")
        if array.shape[1] != size or array.dtype != np.bool_:
            raise InputError(
                f"arm {number}: expected true or false of {size} patients a trial, got "
                f"{array.dtype} values of shape {array.shape}"
            )
        found.append(array)
    if len({len(array) for array in found}) != 1:
        raise InputError("arms: expected as many trials in each")
    return found


def simulated_characteristics(
    design: Design, truth: Sequence[float], *, replicates: int = 10_000, seed: int = 1
) -> Characteristics:
    """Return the characteristics of any design by simulation, with Monte-Carlo errors.

    A patient's draw belongs to arm, number and replicate, so that designs and truths are compared
    on the same patients.

    Raises
    ------
    InputError
        If a rate is not within 0 to 1, there are not as many as arms, or too few replicates.

    Examples
    --------
    >>> from il21.study.designs.simon import SingleStage
    >>> design = SingleStage(n=20, r=3)
    >>> found = simulated_characteristics(design, [0.3], replicates=1000)
    >>> abs(found.success - design.characteristics(0.3).success) < 4 * found.success_error
    True
    """
    rates = [check_rate(rate, "truth") for rate in truth]
    if len(rates) != len(design.arms):
        raise InputError(f"truth of {len(rates)} arms: the design has {len(design.arms)}")
    if replicates < 2:
        raise InputError(f"replicates = {replicates}: expected two or more")
    trials = np.arange(replicates)[:, None]
    responses = [
        uniforms(seed, "design/response", np.arange(size)[None, :], replicate=trials, item=arm)
        < rate
        for arm, (size, rate) in enumerate(zip(design.arms, rates, strict=True))
    ]
    judged = design.judge(responses)
    success, early = float(judged.success.mean()), float(judged.stopped.mean())
    return Characteristics(
        truth=tuple(rates), success=success, stop_early=early,
        patients=float(judged.patients.mean()), replicates=replicates,
        success_error=share_error(success, replicates),
        stop_early_error=share_error(early, replicates),
        patients_error=float(judged.patients.std(ddof=1) / np.sqrt(replicates)),
    )  # fmt: skip


def share_error(share: float, replicates: int) -> float:
    """Return the Monte-Carlo SD of a share; of one in R + 2 where the share is 0 or 1.

    >>> round(share_error(0.5, 100), 3)
    0.05
    """
    kept = min(max(share, 1 / (replicates + 2)), 1 - 1 / (replicates + 2))
    return float(np.sqrt(kept * (1 - kept) / replicates))


def power_curve(
    design: ExactDesign, truths: Iterable[float | Sequence[float]]
) -> tuple[Characteristics, ...]:
    """Return the exact characteristics at each of several truths.

    >>> from il21.study.designs.simon import SingleStage
    >>> [round(row.success, 3) for row in power_curve(SingleStage(n=20, r=3), [0.05, 0.25])]
    [0.016, 0.775]
    """
    return tuple(
        design.characteristics(*(truth if isinstance(truth, Sequence) else (truth,)))
        for truth in truths
    )


def assurance(design: ExactDesign, draws: ArrayLike) -> Better:
    """Return the probability of success when the truth itself is uncertain, with its error.

    ``draws`` (R,) or (R, arms) are rates drawn as we know them, e.g. from a model's replicates.

    >>> from il21.study.designs.simon import SingleStage
    >>> round(assurance(SingleStage(n=20, r=3), [0.05, 0.25]).probability, 3)
    0.395
    """
    rates = np.asarray(draws, np.float64)
    rates = rates[:, None] if rates.ndim == 1 else rates
    if rates.ndim != 2 or len(rates) < 2:
        raise InputError("draws: expected rates (replicates, arms) of two replicates or more")
    distinct, place = np.unique(rates, axis=0, return_inverse=True)
    each = np.array([design.characteristics(*row).success for row in distinct.tolist()])[place]
    return Better(probability=float(each.mean()), error=float(each.std(ddof=1) / len(each) ** 0.5))
