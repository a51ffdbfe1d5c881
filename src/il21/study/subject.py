"""Virtual patients: how far we are unsure of a number, and how far patients differ, kept apart.

*Uncertainty* is drawn once for each replicate of a trial (purpose ``uncertainty/NAME``) and moves
the typical value; *variability* is drawn for each patient (purpose ``variability/NAME``) about that
typical value.  Measurement error belongs to the read-outs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from il21.declare.evidence import UNCERTAINTY_KINDS, VARIABILITY_KINDS, Spread
from il21.errors import EvidenceError, InputError, UnknownNameError, suggest

Floats = NDArray[np.float64]

CENTRAL_95 = 1.959963984540054  # standard normal quantile of 0.975


def uncertain(value: ArrayLike, spread: Spread, z: ArrayLike, *, name: str = "") -> Floats:
    """Return the typical value as we might know it, for standard normal ``z``.

    ``ci95`` and ``range`` are central 95 % intervals: the number has median ``value`` and 2.5 %
    beyond either end, log-normal on both sides (with a log-SD each) if the ends are above zero,
    else normal on both.  ``se`` is normal, ``cv`` and
    ``log_sd`` are log-normal about the median ``value``, with log-SD sqrt(ln(1 + cv^2)) for ``cv``.
    ``spread.low`` and ``spread.high`` cut the result.

    Parameters
    ----------
    value, z
        Numbers or arrays that broadcast together; the result has their common shape and the
        unit of ``value``.
    name
        What is drawn, for the error messages.

    Raises
    ------
    EvidenceError
        If the kind is not one of uncertainty or its numbers are impossible.
    InputError
        If ``value`` or ``z`` is not finite, or they do not broadcast.

    Examples
    --------
    >>> spread = Spread("range", (1.0, 9.0))
    >>> uncertain(2.0, spread, [0.0, CENTRAL_95]).round(6).tolist()
    [2.0, 9.0]
    """
    return _about(value, spread, z, UNCERTAINTY_KINDS, f"uncertainty of {name or 'a value'}")


def vary(value: ArrayLike, spread: Spread, z: ArrayLike, *, name: str = "") -> Floats:
    """Return the subjects' values about a typical ``value``, for standard normal ``z``.

    ``log_sd`` and ``cv`` are log-normal about the median ``value``, ``sd`` is normal, ``logit_sd``
    is normal on the logit scale (``value`` between 0 and 1).  ``spread.low`` and ``spread.high``
    cut the result.  Shapes, unit and errors are those of `uncertain`.

    >>> vary(0.7, Spread("log_sd", (0.4,), high=1.0), [0.0, 3.0]).tolist()
    [0.7, 1.0]
    """
    return _about(value, spread, z, VARIABILITY_KINDS, f"variability of {name or 'a value'}")


def _about(
    value: ArrayLike, spread: Spread, z: ArrayLike, kinds: tuple[str, ...], where: str
) -> Floats:
    if spread.kind not in kinds:
        raise EvidenceError(
            f"{where}: '{spread.kind}' is not one of {', '.join(kinds)}"
            + suggest(spread.kind, kinds)
        )
    typical, normal = _broadcast(value, z, where)
    if spread.kind in ("ci95", "range"):
        drawn = _between(typical, _ends(spread, where), normal, where)
    else:
        drawn = _one_number(typical, spread.kind, _width(spread, where), normal, where)
    if spread.low is not None and spread.high is not None and spread.low > spread.high:
        raise EvidenceError(f"{where}: low = {spread.low:g} lies above high = {spread.high:g}")
    if spread.low is None and spread.high is None:
        return drawn
    return np.asarray(np.clip(drawn, spread.low, spread.high), np.float64)


def _broadcast(value: ArrayLike, z: ArrayLike, where: str) -> tuple[Floats, Floats]:
    typical, normal = np.asarray(value, np.float64), np.asarray(z, np.float64)
    for array, what in ((typical, "typical value"), (normal, "standard normal z")):
        if not np.isfinite(array).all():
            raise InputError(f"{where}: the {what} holds NaN or infinity; expected finite numbers")
    try:
        np.broadcast_shapes(typical.shape, normal.shape)
    except ValueError as error:
        raise InputError(
            f"{where}: value of shape {typical.shape} and z of shape {normal.shape} do not match"
        ) from error
    return typical, normal


def _between(typical: Floats, ends: tuple[float, float], z: Floats, where: str) -> Floats:
    low, high = ends
    if np.any(typical < low) or np.any(typical > high):
        raise EvidenceError(
            f"{where}: the value {float(typical.flat[0]):g} lies outside its interval "
            f"{low:g} to {high:g}; correct one of them"
        )
    if low > 0:
        down, up = np.log(typical / low), np.log(high / typical)
        drawn = typical * np.exp(np.where(z < 0, down, up) / CENTRAL_95 * z)
    else:
        drawn = typical + np.where(z < 0, typical - low, high - typical) / CENTRAL_95 * z
    return np.asarray(drawn, np.float64)


def _one_number(typical: Floats, kind: str, width: float, z: Floats, where: str) -> Floats:
    if kind in ("se", "sd"):
        return np.asarray(typical + width * z, np.float64)
    if kind == "logit_sd":
        if np.any(typical <= 0) or np.any(typical >= 1):
            raise EvidenceError(f"{where}: logit_sd needs a value between 0 and 1")
        return np.asarray(expit(logit(typical) + width * z), np.float64)
    log_sd = np.sqrt(np.log1p(width**2)) if kind == "cv" else width
    return np.asarray(typical * np.exp(log_sd * z), np.float64)


def _ends(spread: Spread, where: str) -> tuple[float, float]:
    if len(spread.numbers) != 2 or not np.isfinite(spread.numbers).all():
        raise EvidenceError(f"{where}: {spread.kind} needs two finite numbers, low and high")
    low, high = spread.numbers
    if low > high:
        raise EvidenceError(f"{where}: {spread.kind} {low:g} to {high:g} does not run upward")
    return low, high


def _width(spread: Spread, where: str) -> float:
    if len(spread.numbers) != 1 or not 0 <= spread.numbers[0] < np.inf:
        given = ", ".join(f"{number:g}" for number in spread.numbers) or "none"
        raise EvidenceError(f"{where}: {spread.kind} needs one number from 0 on, got {given}")
    return spread.numbers[0]


def correlation_matrix(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> Floats:
    """Return the symmetric matrix (k, k) of ``names`` from the correlations of pairs.

    Pairs that are not given are uncorrelated.

    Raises
    ------
    UnknownNameError
        If a pair names something that is not drawn.
    EvidenceError
        If a name stands against itself, a pair is given twice, or a number is not within -1 to 1.

    Examples
    --------
    >>> correlation_matrix(["CL", "V"], {("CL", "V"): -0.27}).tolist()
    [[1.0, -0.27], [-0.27, 1.0]]
    """
    place = {name: index for index, name in enumerate(names)}
    matrix = np.eye(len(names))
    for (first, second), number in pairs.items():
        for name in (first, second):
            if name not in place:
                raise UnknownNameError(
                    f"correlation of {first} and {second}: {name} is not drawn"
                    + suggest(name, names)
                )
        row, column = place[first], place[second]
        if row == column or not -1 <= number <= 1:
            raise EvidenceError(
                f"correlation of {first} and {second} = {number:g}: expected two names and a "
                "number from -1 to 1"
            )
        if matrix[row, column] not in (0.0, number):
            raise EvidenceError(f"correlation of {first} and {second} is given twice")
        matrix[row, column] = matrix[column, row] = number
    return matrix


def correlate(independent: ArrayLike, matrix: ArrayLike) -> Floats:
    """Return standard normals (k, ...) with the given correlations, from independent ones.

    The rows of ``independent`` (k, ...) are mixed by the Cholesky factor of ``matrix`` (k, k).

    Raises
    ------
    EvidenceError
        If the matrix is not symmetric with ones on the diagonal, or not positive definite.

    Examples
    --------
    >>> correlate([[1.0], [1.0]], [[1.0, 0.6], [0.6, 1.0]]).round(9).tolist()
    [[1.0], [1.4]]
    """
    rows, table = np.asarray(independent, np.float64), np.asarray(matrix, np.float64)
    if rows.ndim == 0 or table.shape != (rows.shape[0], rows.shape[0]):
        raise InputError(
            f"correlations of shape {table.shape} do not fit normals of shape {rows.shape}"
        )
    if not (np.array_equal(table, table.T) and np.all(np.diag(table) == 1.0)):
        raise EvidenceError("correlations: expected a symmetric matrix with ones on its diagonal")
    try:
        factor = np.linalg.cholesky(table)
    except np.linalg.LinAlgError as error:
        raise EvidenceError(
            "correlations: the matrix is not positive definite; no subjects can have them all, "
            "bring them nearer to zero"
        ) from error
    # Added up one by one: a matrix product rounds differently for other numbers of patients.
    mixed = np.zeros_like(rows)
    for row in range(len(rows)):
        for column in range(row + 1):
            mixed[row] += factor[row, column] * rows[column]
    return mixed
