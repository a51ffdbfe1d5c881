"""IL-21, NK cells, CD8 T cells and a tumour: Cappuccio, Elishmereni & Agur 2006, as deposited.

Units: time d, IL-21 nmol/ml, tumour area mm^2. Deposit BIOMD0000000761, the run of Fig. 4A.
Source: models.md sections 1.1-1.3; constants also in model_parameters.csv (Cappuccio2006).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._integrate import Array, Rhs, solve

STATES: tuple[str, ...] = ("u", "x", "y", "m", "p", "z")
UNITS: dict[str, str] = {
    "u": "nmol/ml",
    "x": "1",
    "y": "1",
    "m": "1",
    "p": "nmol/ml",
    "z": "mm^2",
}

MU1 = 10.0  # 1/d
H = 634.0  # read as nmol/(mm^3 ml d)
R1 = 0.095  # 1/d
P1 = 0.01  # -
P2 = 1.054  # nmol/ml
Q1 = 0.54  # nmol/ml
R2 = 0.26  # 1/d
H2_ZERO = 0.066  # -
SIGMA = 0.003  # -
D = 1418.4  # -
A = 0.58  # ml/(nmol d)
MU2 = 0.014  # 1/d
B1 = 1.0  # nmol/(d ml)
B2 = 0.1  # nmol/ml
MU3 = 0.08  # 1/d
K1 = 0.05  # ml/(d nmol)
K2 = 0.0485  # ml/(d nmol)
C = 5.1  # mm^2/d
G1 = 1e-6  # 1/d, slope of the deposited growth law
START = (0.0, P2 / Q1, H2_ZERO, 0.0, 0.0, 2.0)


def nk_capacity(u: float) -> float:
    """NK capacity h1(u), falling from p2/q1 to p1 as IL-21 rises.

    Units: ``u`` nmol/ml, result dimensionless. Shapes: scalars. Source: section 1.2, dx/dt line.
    """
    return (P1 * u + P2) / (u + Q1)


def cd8_capacity(m: float) -> float:
    """CD8 capacity h2(m), rising from 0.066 towards 0.066 + sigma*D with memory.

    Units: dimensionless. Shapes: scalars. Source: section 1.2, dy/dt line.
    """
    return H2_ZERO + SIGMA * m / (1.0 + m / D)


def tumour_growth(z: float) -> float:
    """Growth of the tumour area without any kill, g(z) = c + 1e-6 z.

    Units: ``z`` mm^2, result mm^2/d. Shapes: scalars. Source: section 1.2, dz/dt line.
    """
    return C + G1 * z


def _rhs_with(source: float) -> Rhs:
    """Right-hand side with IL-21 input ``source`` * z^(3/2).

    Units: ``source`` nmol/(mm^3 ml d); rates per day. Shapes: state (6,) to (6,).
    Source: section 1.2, equation block.
    """

    def rhs(_t: float, state: Array) -> Array:
        u, x, y, m, p, z = (float(v) for v in state)
        return np.array(
            [
                source * max(z, 0.0) ** 1.5 - MU1 * u,
                R1 * x * (1.0 - x / nk_capacity(u)),
                R2 * y * (1.0 - y / cd8_capacity(m)),
                A * u - MU2 * m,
                B1 * u / (B2 + u) - MU3 * p,
                tumour_growth(z) - K1 * p * x * z - K2 * p * y * z,
            ]
        )

    return rhs


def simulate(times: npt.ArrayLike, *, therapy: bool = True) -> Array:
    """Course of IL-21, effectors, memory, cytotoxic protein and tumour from the deposited start.

    Units: ``times`` d, result as UNITS. Shapes: ``times`` (n,) to (n, 6) in the order of STATES.
    ``therapy`` False sets the IL-21 input to zero (an untransfected tumour).
    Source: models.md sections 1.1-1.3.
    """
    rhs = _rhs_with(H if therapy else 0.0)
    return solve(lambda _mid: rhs, START, times)
