"""Reading a virtual patient's lesions as RECIST does (sections 4 and 6.0a)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._il21_parameters import Array

MAX_LESIONS = 5


def _draw_lesions(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Shares of the tumour (n, 5), zero for lesions a patient lacks, and growth deviates z."""
    number = rng.integers(1, MAX_LESIONS + 1, size=n)
    present = np.arange(MAX_LESIONS) < number[:, None]
    weight = rng.gamma(2.0, size=(n, MAX_LESIONS)) * present  # Dirichlet(2)
    return weight / weight.sum(axis=1, keepdims=True), rng.standard_normal((n, MAX_LESIONS))


def _diameters(share: Array, total: Array, deviation: Array, day: int, error: Array) -> Array:
    """Measured diameters in mm, (n, 5), 0 below 5 mm; `total` in Mcell = mm3, deviation in 1/d."""
    volume = 0.7 * share * total[:, None] * np.exp(deviation * day)
    measured = np.cbrt(6.0 * volume / np.pi) * error
    return np.where(measured < 5.0, 0.0, measured)


def best_response(
    states: dict[str, Array], p: dict[str, Any], visits: Sequence[int], rng: np.random.Generator
) -> NDArray[np.str_]:
    """Best response before progression: CR, PR, SD or PD (progression at the first visit)."""
    burden = states["V"] + states["V_r"]
    total = burden + states["D"]
    n = burden.shape[1]
    share, z = _draw_lesions(n, rng)
    deviation = 0.4 * p["g_obs"][:, None] * z
    hazard = p["new_factor"] * p["g_obs"] * np.minimum(burden / p["V_0"], 3.0)
    daily = np.concatenate([np.zeros((1, n)), np.cumsum((hazard[1:] + hazard[:-1]) / 2.0, axis=0)])
    threshold = rng.exponential(size=n)

    def measure(day: int) -> Array:
        error = np.exp(0.06 * rng.standard_normal((n, MAX_LESIONS)))
        return _diameters(share, total[day], deviation, day, error)

    base = measure(0).sum(axis=1)
    nadir, going = base.copy(), np.ones(n, dtype=bool)
    rank = np.zeros(n, dtype=int)  # 0 PD, 1 SD, 2 PR, 3 CR
    for day in visits:
        each = measure(day)
        now = each.sum(axis=1)
        worse = (now >= 1.2 * nadir) & (now - nadir >= 5.0)
        going &= ~(worse | (daily[day] >= threshold))
        level = np.where(np.all(each == 0.0, axis=1), 3, np.where(now <= 0.7 * base, 2, 1))
        rank = np.where(going, np.maximum(rank, level), rank)
        nadir = np.minimum(nadir, now)
    return np.array(["PD", "SD", "PR", "CR"])[rank]
