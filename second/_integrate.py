"""Gragg-Bulirsch-Stoer extrapolation integrator that stops exactly at breaks and output times."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rhs = Callable[[float, Array], Array]

_SUBSTEPS = (2, 4, 6, 8, 10, 12, 14, 16)
_RTOL = 1e-12
_ATOL = 1e-15
_FIRST_STEP = 1e-3
_MIN_STEP = 1e-12
_MAX_STEP = 0.25  # h or d; keeps step * fastest rate (about 15) where extrapolation is stable


def _modified_midpoint(rhs: Rhs, t: float, y: Array, f0: Array, big_h: float, n: int) -> Array:
    """State after ``big_h`` by ``n`` (even) midpoint substeps with Gragg's smoothing.

    Units: those of the caller. Shapes: ``y``, ``f0`` and result (n_states,).
    Source: textbook method (Gragg 1965); the error has even powers of big_h/n only.
    """
    h = big_h / n
    before, now = y, y + h * f0
    for i in range(1, n):
        before, now = now, before + 2.0 * h * rhs(t + i * h, now)
    return 0.5 * (before + now + h * rhs(t + big_h, now))


def _try_step(rhs: Rhs, t: float, y: Array, big_h: float) -> tuple[Array | None, int, float]:
    """One extrapolated step: (state or None if refused, columns used, error / tolerance).

    Units: those of the caller. Shapes: ``y`` and result (n_states,).
    Source: Aitken-Neville extrapolation in (big_h/n)^2.
    """
    f0 = rhs(t, y)
    row: list[Array] = []
    error = np.inf
    for j, n in enumerate(_SUBSTEPS):
        new_row = [_modified_midpoint(rhs, t, y, f0, big_h, n)]
        for k in range(1, j + 1):
            ratio = (n / _SUBSTEPS[j - k]) ** 2 - 1.0
            new_row.append(new_row[k - 1] + (new_row[k - 1] - row[k - 1]) / ratio)
        row = new_row
        if j < 3:
            continue
        scale = _ATOL + _RTOL * np.maximum(np.abs(y), np.abs(row[j]))
        error = float(np.max(np.abs(row[j] - row[j - 1]) / scale))
        if np.isfinite(error) and error <= 1.0:
            return row[j], j, error
    return None, len(_SUBSTEPS) - 1, error


def advance(rhs: Rhs, y: Array, t0: float, t1: float, step: float) -> tuple[Array, float]:
    """Carry ``y`` from ``t0`` to exactly ``t1``; returns the state and a step to try next.

    Units: those of the caller. Shapes: ``y`` and result (n_states,). ``rhs`` must be smooth
    on [t0, t1]; relative tolerance 1e-12 per step, steps of at most 0.25 time units.
    """
    t = t0
    while t < t1:
        last = step >= t1 - t
        h = t1 - t if last else step
        if t1 - t <= 1e-14 * max(1.0, abs(t1)):
            break
        new, columns, _ = _try_step(rhs, t, y, h)
        if new is None:
            step = 0.4 * h
            if step < _MIN_STEP:
                raise RuntimeError(f"step became too small at t = {t}")
            continue
        y = new
        t = t1 if last else t + h
        if columns <= 5:
            step = min(max(step, 1.6 * h), _MAX_STEP)
        elif columns == len(_SUBSTEPS) - 1:
            step = 0.9 * h
    return y, step


def solve(
    rhs_for: Callable[[float], Rhs],
    start: Iterable[float],
    times: npt.ArrayLike,
    breaks: Iterable[float] = (),
) -> Array:
    """States at ``times`` from ``start`` at t = 0, segment by segment between ``breaks``.

    ``rhs_for(mid)`` gives the right-hand side valid on the whole segment whose middle is ``mid``.
    Units: those of the caller. Shapes: ``times`` (n,), not negative and not falling; result
    (n, n_states).
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=float))
    if wanted.ndim != 1 or np.any(wanted < 0.0) or np.any(np.diff(wanted) < 0.0):
        raise ValueError("times must be one-dimensional, not negative and not falling")
    y = np.array(list(start), dtype=float)
    out = np.empty((wanted.size, y.size))
    edges = sorted({b for b in breaks if b > 0.0})
    t, step, at_edge = 0.0, _FIRST_STEP, 0
    for i, target in enumerate(wanted):
        while t < target:
            while at_edge < len(edges) and edges[at_edge] <= t:
                at_edge += 1
                step = _FIRST_STEP
            stop = min(edges[at_edge], target) if at_edge < len(edges) else float(target)
            y, step = advance(rhs_for(0.5 * (t + stop)), y, t, stop, step)
            t = stop
        out[i] = y
    return out
