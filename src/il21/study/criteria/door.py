"""The door for structured readings: shapes, signs and order are checked once, gaps are filled."""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError
from il21.study.criteria.records import (
    Blood,
    Codes,
    Findings,
    Flags,
    Floats,
    Marrow,
    NewLesions,
    NonTarget,
    Whole,
    all_along,
)
from il21.study.visits import rising_days

TOO_SMALL = 5.0  # mm written down for a lesion that is there but too small to measure
_COUNTS = ("lymphocytes", "neutrophils", "platelets", "haemoglobin", "marrow_lymphocytes")


def findings(
    long: ArrayLike,
    days: ArrayLike,
    *,
    short: ArrayLike | None = None,
    node: ArrayLike | None = None,
    too_small: ArrayLike | None = None,
    non_target: ArrayLike | None = None,
    new: ArrayLike | None = None,
    new_sum: ArrayLike | None = None,
    new_change: ArrayLike | None = None,
    symptom_driven: ArrayLike | None = None,
    marrow: ArrayLike | None = None,
    spleen: ArrayLike | None = None,
    liver: ArrayLike | None = None,
    blood: Blood | None = None,
    death: ArrayLike | None = None,
    smallest: float = TOO_SMALL,
) -> Findings:
    """Return checked readings; shapes and units are those of `Findings`.

    What is not given is not part of the read-out and takes nothing away: no non-target and no new
    lesions, marrow not examined, spleen and liver not enlarged, everybody alive.  Without ``short``
    a diameter stands for whichever axis a rule asks for, and the product is its square.
    ``too_small`` (n, l, 1 + v) marks lesions that are there but cannot be measured: ``smallest`` mm.

    Raises
    ------
    InputError
        If there are no patients, all is missing, shapes differ, visits do not rise, a diameter is
        negative, a lesion appears after baseline, or something is read of the dead.

    Examples
    --------
    >>> findings([[[40, 25]]], [42]).short.tolist()
    [[[40.0, 25.0]]]
    """
    visits = rising_days(days)
    first, second = _diameters(long, short, too_small, smallest, len(visits))
    n, lesions, times = first.shape
    whole, part = (n, times), (n, len(visits))
    found = Findings(
        days=visits,
        long=first,
        short=second,
        node=_flags(node, (n, lesions), "node"),
        non_target=_codes(non_target, whole, "non_target", NonTarget, NonTarget.NONE),
        new=_new(new, part),
        new_sum=_sizes(new_sum, part, "new_sum", np.nan),
        new_change=_codes(new_change, part, "new_change", NewLesions, NewLesions.SAME),
        symptom_driven=_flags(symptom_driven, part, "symptom_driven"),
        marrow=_codes(marrow, whole, "marrow", Marrow, Marrow.NOT_EXAMINED),
        spleen=_sizes(spleen, whole, "spleen", 0.0),
        liver=_sizes(liver, whole, "liver", 0.0),
        blood=None if blood is None else _blood(blood, whole),
        death=_sizes(death, (n,), "death", np.inf),
    )
    _check_course(found)
    return found


def new_by_visit(appeared: ArrayLike, days: ArrayLike) -> Whole:
    """Return how many new lesions have been seen by each visit (n, v), from their days (n, k).

    Infinity or NaN is a lesion that never appeared.

    Raises
    ------
    InputError
        If one appears before or at baseline.

    Examples
    --------
    >>> new_by_visit([[50, np.inf], [10, 60]], [42, 84]).tolist()
    [[0, 1], [1, 2]]
    """
    when, visits = np.asarray(appeared, np.float64), rising_days(days)
    if when.ndim != 2:
        raise InputError(f"days of new lesions of shape {when.shape}: expected (patients, lesions)")
    early = when <= 0
    if early.any():
        row, lesion = np.argwhere(early)[0]
        raise InputError(
            f"patient in row {row}: a new lesion on day {when[row, lesion]:g}, not after the "
            "baseline; what is there at baseline is a target or non-target lesion"
        )
    return np.asarray((when[:, :, None] <= visits).sum(axis=1), np.int64)


def _diameters(
    long: ArrayLike,
    short: ArrayLike | None,
    too_small: ArrayLike | None,
    smallest: float,
    visits: int,
) -> tuple[Floats, Floats]:
    """Return both diameters (n, l, 1 + v), checked, with what is too small filled in."""
    first = _numbers(long, "long")
    if first.ndim != 3 or len(first) == 0:
        raise InputError("no patients: expected diameters (patients, lesions, 1 + visits)")
    if first.shape[2] != 1 + visits:
        raise InputError(f"{visits} visits but {first.shape[2] - 1} readings after the baseline")
    small = _flags(too_small, first.shape, "too_small")
    across = first if short is None else _shaped(_numbers(short, "short"), first.shape, "short")
    first, second = np.where(small, smallest, first), np.where(small, smallest, across)
    _check_diameters(first, second)
    return first, second


def _check_diameters(first: Floats, second: Floats) -> None:
    for array in (first, second):
        wrong = (array < 0) | np.isinf(array)
        if wrong.any():
            row, lesion, time = np.argwhere(wrong)[0]
            raise InputError(
                f"patient in row {row}, lesion {lesion}, reading {time}: a diameter of "
                f"{array[row, lesion, time]:g} mm; expected 0 (absent) or more, or NaN for not read"
            )
    if (np.isnan(first) != np.isnan(second)).any() or (second > first).any():
        row, lesion, time = np.argwhere((np.isnan(first) != np.isnan(second)) | (second > first))[0]
        raise InputError(
            f"patient in row {row}, lesion {lesion}, reading {time}: {first[row, lesion, time]:g} x "
            f"{second[row, lesion, time]:g} mm; expected the longest diameter and a smaller one across"
        )


def _check_course(found: Findings) -> None:
    seen = ~np.isnan(found.long)
    late = found.has & ~seen[:, :, 0] & seen[:, :, 0].any(axis=1, keepdims=True)
    if late.any():
        row, lesion = np.argwhere(late)[0]
        raise InputError(
            f"patient in row {row}: target lesion {lesion} is not read at baseline but later; "
            "count it among the new lesions, or leave it out"
        )
    with np.errstate(invalid="ignore"):
        appears = (found.long[:, :, 0] == 0) & (found.long > 0).any(axis=2)
    if appears.any():
        row, lesion = np.argwhere(appears)[0]
        raise InputError(
            f"patient in row {row}: target lesion {lesion} is absent at baseline and seen later; "
            "count it among the new lesions"
        )
    status = found.non_target
    late_other = (status[:, :1] == NonTarget.NONE) & (status > NonTarget.NONE)
    if late_other.any():
        row, time = np.argwhere(late_other)[0]
        raise InputError(
            f"patient in row {row}, reading {time}: a non-target lesion that was not there at "
            "baseline; count it among the new lesions"
        )
    if not _anything(found).any():
        raise InputError("all readings are missing: there is nothing to evaluate")
    if (found.death <= 0).any():
        row = int(np.flatnonzero(found.death <= 0)[0])
        raise InputError(
            f"patient in row {row}: death on day {found.death[row]:g}; expected a day after 0, or "
            "infinity"
        )
    after = _anything(found)[:, 1:] & (found.days > found.death[:, None])
    if after.any():
        row, visit = np.argwhere(after)[0]
        raise InputError(
            f"patient in row {row}: something is read on day {found.days[visit]:g}, after death on "
            f"day {found.death[row]:g}; leave visits after death empty (NaN, not evaluated, -1)"
        )


def _anything(found: Findings) -> Flags:
    """Whether anything but new lesions was read (n, 1 + v)."""
    read = ~all_along(np.isnan(found.long), 1) | (found.non_target > NonTarget.NONE)
    if found.blood is not None:
        for name in _COUNTS:
            read = read | ~np.isnan(getattr(found.blood, name))
    return read


def _numbers(values: ArrayLike, what: str) -> Floats:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: expected numbers in a regular table") from error


def _shaped(array: NDArray[Any], shape: tuple[int, ...], what: str) -> NDArray[Any]:
    if array.shape != shape:
        raise InputError(f"{what} of shape {array.shape}: expected {shape}")
    return array


def _sizes(values: ArrayLike | None, shape: tuple[int, ...], what: str, default: float) -> Floats:
    if values is None:
        return np.full(shape, default)
    array = _shaped(_numbers(values, what), shape, what)
    if what != "death" and ((array < 0) | np.isinf(array)).any():
        where = tuple(np.argwhere((array < 0) | np.isinf(array))[0].tolist())
        raise InputError(
            f"{what}, patient in row {where[0]}: {array[where]:g}; expected 0 or more, or NaN"
        )
    return np.where(np.isnan(array), np.inf, array) if what == "death" else array


def _flags(values: ArrayLike | None, shape: tuple[int, ...], what: str) -> Flags:
    if values is None:
        return np.zeros(shape, np.bool_)
    array = _shaped(np.asarray(values), shape, what)
    if array.dtype != np.bool_:
        raise InputError(f"{what}: expected true or false, got {array.dtype} values")
    return array


def _codes(
    values: ArrayLike | None, shape: tuple[int, ...], what: str, kind: type[IntEnum], default: int
) -> Codes:
    if values is None:
        return np.full(shape, default, np.int8)
    array = _shaped(np.asarray(values), shape, what)
    known = [item.value for item in kind]
    if array.dtype.kind not in "iu" or not np.isin(array, known).all():
        names = ", ".join(f"{item.name} ({item.value})" for item in kind)
        raise InputError(f"{what}: expected {names}")
    return array.astype(np.int8)


def _new(values: ArrayLike | None, shape: tuple[int, ...]) -> Whole:
    if values is None:
        return np.zeros(shape, np.int64)
    array = _shaped(np.asarray(values), shape, "new")
    if array.dtype == np.bool_:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu" or (array < -1).any():
        raise InputError("new: expected counts of new lesions from 0 on, or -1 where nobody looked")
    most = np.maximum.accumulate(array, axis=1)
    fewer = (array >= 0) & (array < most)
    if fewer.any():
        row, visit = np.argwhere(fewer)[0]
        raise InputError(
            f"patient in row {row}, visit {visit}: {array[row, visit]} new lesions after "
            f"{most[row, visit]}; count all that were seen so far, gone or not"
        )
    return array.astype(np.int64)


def _blood(blood: Blood, shape: tuple[int, ...]) -> Blood:
    def count(name: str) -> Floats:
        return _sizes(getattr(blood, name), shape, name, np.nan)

    return Blood(
        lymphocytes=count("lymphocytes"), neutrophils=count("neutrophils"),
        platelets=count("platelets"), haemoglobin=count("haemoglobin"),
        marrow_lymphocytes=count("marrow_lymphocytes"),
        symptoms=_flags(blood.symptoms, shape, "symptoms"),
        transformed=_flags(blood.transformed, shape, "transformed"),
    )  # fmt: skip
