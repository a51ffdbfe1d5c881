"""Mouse IL-21 pharmacokinetics, DDMODEL00000230 (after Elishmereni 2011), typical animal.

Units: time h, amounts ug, volumes L, hence concentration ug/L = ng/mL.
Source: models.md section 3.2; constants also in model_parameters.csv (Elishmereni2011_PK_DDMORE).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._integrate import Array, Rhs, solve

STATES: tuple[str, ...] = ("A1", "A2", "A3", "A4", "A5", "A6", "A7")
UNITS: dict[str, str] = {name: "ug" for name in STATES}

CL = 0.0229  # L/h, loss from plasma
V2 = 0.00551  # L, plasma
V4 = 0.0009  # L, first exchange compartment
V5 = 24.4  # L, second exchange compartment (deep)
K12 = 0.693  # 1/h, i.p. depot -> transit -> plasma
K32 = 0.727  # 1/h, s.c. depot -> transit -> plasma
K24 = 0.48  # 1/h
K25 = 6.38  # 1/h
K10 = 0.4  # 1/h, loss from i.p. depot and i.p. transit
K30 = 0.0  # 1/h, loss from s.c. depot and s.c. transit
SA0 = 0.0  # 1/ug, saturation of plasma loss
SA1 = 0.0  # 1/ug, saturation of i.p. transport
SA2 = 0.0  # 1/ug, saturation of s.c. transport
K42 = K24 * V2 / V4  # 1/h
K52 = K25 * V2 / V5  # 1/h

_DOSED_STATE = {"ip": "A1", "iv": "A2", "sc": "A3"}


def _rhs(_t: float, a: Array) -> Array:
    """Rates of change of the seven amounts.

    Units: ug/h from ug. Shapes: (7,) to (7,). Source: models.md section 3.2, equation block.
    """
    a1, a2, a3, a4, a5, a6, a7 = a
    from_ip_depot = K12 * a1 / (1.0 + a1 * SA1)
    from_ip_transit = K12 * a6 / (1.0 + a6 * SA1)
    from_sc_depot = K32 * a3 / (1.0 + a3 * SA2)
    from_sc_transit = K32 * a7 / (1.0 + a7 * SA2)
    cleared = (CL / V2) * a2 / (1.0 + a2 * SA0)
    exchange4 = K24 * a2 - K42 * a4
    exchange5 = K25 * a2 - K52 * a5
    return np.array(
        [
            -from_ip_depot - K10 * a1,
            from_ip_transit + from_sc_transit - cleared - exchange4 - exchange5,
            -from_sc_depot - K30 * a3,
            exchange4,
            exchange5,
            from_ip_depot - from_ip_transit - K10 * a6,
            from_sc_depot - from_sc_transit - K30 * a7,
        ]
    )


def _rhs_for(_mid: float) -> Rhs:
    """Right-hand side for a segment (the same everywhere). Units and shapes as ``_rhs``."""
    return _rhs


def simulate(times: npt.ArrayLike, *, dose_ug: float = 50.0, route: str = "iv") -> Array:
    """Amounts in the seven compartments after a single dose at t = 0.

    Units: ``times`` h, ``dose_ug`` ug, result ug. Shapes: ``times`` (n,) to (n, 7) in the order
    of STATES; the row at t = 0 is after the dose. ``route`` is 'iv', 'ip' or 'sc'.
    Source: models.md section 3.2 (dose compartments 2, 1 and 3).
    """
    if route not in _DOSED_STATE:
        raise ValueError(f"route must be one of {sorted(_DOSED_STATE)}, not {route!r}")
    start = np.zeros(len(STATES))
    start[STATES.index(_DOSED_STATE[route])] = dose_ug
    return solve(_rhs_for, start, times)


def concentration(times: npt.ArrayLike, dose_ug: float, route: str) -> Array:
    """Plasma IL-21 concentration A2/V2 after a single dose at t = 0.

    Units: ``times`` h, ``dose_ug`` ug, result ng/mL. Shapes: ``times`` (n,) to (n,).
    Source: models.md section 3.2, C = A2/V2.
    """
    amounts = simulate(times, dose_ug=dose_ug, route=route)
    return amounts[:, STATES.index("A2")] / V2
