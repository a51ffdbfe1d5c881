"""Body temperature of monkeys given IL-21: Overgaard, Holford, Rytved & Madsen 2007.

Units: time h, temperature degrees C. Deposit BIOMD0000000238; doses at 24, 72 and 120 h.
Source: models.md section 4; constants also in model_parameters.csv (Overgaard2007_temperature).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ._integrate import Array, Rhs, solve

STATES: tuple[str, ...] = ("T", "M", "BR")
UNITS: dict[str, str] = {"T": "degC", "M": "kJ/(kg h)", "BR": "1"}

KM = 1.1375  # 1/h
HEAT_CAPACITY = 3.47  # kJ/(kg degC)
T_A = 21.0  # degC
T_B = 38.0  # degC
DELTA_T = 1.57  # degC, day minus night
K_INC = 0.0258  # kJ/(kg h degC^2)
M_B = 3.0  # kJ/(kg h)
NIGHT_START = 6.73  # h of each 24 h
NIGHT_END = 17.5  # h of each 24 h
P_E_TOT = 0.144  # -
P_ES2 = 2.43  # slow effect, per mg/kg
P_EF2 = 3.57  # fast effect
K_R = 5.35  # 1/h
T_SLOW = 2.45  # d
T_FAST = 0.368  # d
ALPHA = 0.2229166  # 1/h
T_PRIME = 45.12  # h after the first dose
DOSE_TIMES = (24.0, 72.0, 120.0)  # h
START = (38.785, 3.5, 0.0)

K_B = M_B / (T_B - T_A)
T_DAY = T_B + 0.5 * DELTA_T
T_NIGHT = T_B - 0.5 * DELTA_T
M_DAY = (K_B + K_INC * (T_DAY - T_B)) * (T_DAY - T_A)
M_NIGHT0 = (K_B + K_INC * (T_NIGHT - T_B)) * (T_NIGHT - T_A)


def delay_density(x: float, mean: float) -> float:
    """Four-transit delay density g(X; 4, mean) at ``x`` after a dose; zero before it.

    Units: ``x`` and ``mean`` d, result 1/d. Shapes: scalars. Source: section 4, line of Es and Ef.
    """
    if x <= 0.0:
        return 0.0
    k = 4.0 / mean
    return k**4 / 6.0 * math.exp(-k * x) * x**3


def priming(t: float) -> float:
    """Share f' of full response, a logistic of time centred 45.12 h after the first dose.

    Units: ``t`` h, result dimensionless. Shapes: scalars. Source: section 4, line of f'.
    """
    return 1.0 / (1.0 + math.exp(-ALPHA * (t - (DOSE_TIMES[0] + T_PRIME))))


def _rhs_for(mid: float, dose: float) -> Rhs:
    """Right-hand side on the segment around ``mid``, which fixes night or day and past doses.

    Units: ``mid`` h, ``dose`` mg/kg; rates per hour. Shapes: state (3,) to (3,).
    Source: section 4, equation block.
    """
    night = NIGHT_START < mid % 24.0 < NIGHT_END
    given = [d for d in DOSE_TIMES if d < mid] if dose > 0.0 else []

    def rhs(t: float, state: Array) -> Array:
        temp, metabolism, bound = (float(v) for v in state)
        primed = priming(t)
        since = [(t - d) / 24.0 for d in given]
        slow = dose * P_ES2 * sum(delay_density(x, T_SLOW) for x in since)
        fast = P_EF2 * sum(delay_density(x, T_FAST) for x in since)
        target = (1.0 - primed) * M_NIGHT0 + primed * M_DAY if night else M_DAY
        conductance = K_B + K_INC * (temp - T_B * (1.0 + P_E_TOT * bound))
        return np.array(
            [
                (metabolism - conductance * (temp - T_A)) / HEAT_CAPACITY,
                -KM * (metabolism - target),
                primed * (slow + fast) * (1.0 - bound) - K_R * bound,
            ]
        )

    return rhs


def simulate(times: npt.ArrayLike, *, dose_mg_per_kg: float = 3.0) -> Array:
    """Body temperature, metabolism and bound receptor over time from t = 0, three doses.

    Units: ``times`` h, ``dose_mg_per_kg`` mg/kg per dose, result as UNITS. Shapes: ``times`` (n,)
    to (n, 3) in the order of STATES. A dose of zero is read as no dosing at all.
    Source: models.md section 4 with 'Start values and readings'.
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=float))
    days = int(wanted[-1] // 24.0) + 1 if wanted.size else 0
    breaks = set(DOSE_TIMES)
    for day in range(days):
        breaks |= {24.0 * day + NIGHT_START, 24.0 * day + NIGHT_END}
    return solve(lambda mid: _rhs_for(mid, dose_mg_per_kg), START, wanted, breaks)
