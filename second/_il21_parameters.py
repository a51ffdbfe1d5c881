"""Human constants and virtual patients of the IL-21 system (sections 3.1, 3.2, 3.4, 5).

Units: day, mL, Mcell (10^6 cells), ng, ng/mL. Quantities that the source gives as "x sc" are
stored already multiplied by sc = 70 kg / 20 g = 3500.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SC = 3500.0
BODY_KG = 70.0

# Section 3.1, human column; one number where mouse and man share it.
HUMAN: dict[str, float] = {
    "sc": SC,
    # PK and levels (2.1)
    "V_c": 3500.0,
    "k_el": 20.0,
    "k_cp": 5.0,
    "k_pc": 10.0,
    "k_sc": 6.0,
    "k_scl": 2.5,
    "k_perm": 10.0,
    "kp_T": 1.0,
    "k_wash": 5.0,
    "kp_LN": 0.4,
    "f_dr": 0.02,
    "k_end": 20.0,
    "q_a": 0.556,
    "q_17": 1.67,
    # receptor and low-potency programme (2.2, 2.3)
    "K_D1": 1.08,
    "R_21": 1000.0,
    "R_21_ref": 1000.0,
    "G": 7600.0,
    "G_ref": 7600.0,
    "K_2D": 24.0,
    "D_c": 0.0,
    "EC_W": 70.0,
    "n_W": 3.0,
    "k_X": 0.3,
    "k_A": 0.154,
    "b_X": 4.2,
    "b_K": 5.9,
    "dc": 1.0,
    "rho_W": 1.0,
    # NK (2.4); m_N and s_N are derived below
    "N_i0": 2.4 * SC,
    "N_m0": 5.6 * SC,
    "d_N": 0.069,
    "p_N": 0.043,
    "cap_N": 11.2 * SC,
    "e_M": 3.0,
    "e_blk": 0.9,
    "e_DN": 0.8,
    "k_inN": 0.039,
    "k_outN": 0.5,
    "a_A": 81.0,
    "a_I": 1.0,
    "mu_P": 0.35,
    "e_PN": 3.0,
    "i_P": 1.0,
    # CD8 (2.5)
    "s_8": 2e-5 * SC,
    "d_n8": 0.01,
    "k_pr": 0.5,
    "k_bst": 20.0,
    "r_8": 1.5,
    "cap_8": 0.42 * SC,
    "cap_min": 1e-5 * SC,
    "e_8": 67.0,
    "k_U": 0.89,
    "e_Mm": 40.0,
    "K_M8": 3.5 * SC,
    "m_8": 0.1,
    "e_Mem": 1.0,
    "d_M8": 0.0065,
    "r_rec": 1.0,
    "k_in8": 1.0,
    "k_out8": 0.3,
    "d_T8": 0.2,
    "e_Sv": 0.5,
    "a_8I": 1.0,
    "e_P8": 0.8,
    # CD4 and Treg (2.6); s_H and s_R are derived below
    "H_0": 60.0 * SC,
    "K_H": 16.8 * SC,
    "a_H": 0.072 * SC,
    "a_Hag": 1.0,
    "d_H": 0.002,
    "n_H": 8.0,
    "f_17": 0.1,
    "d_Ha": 0.3,
    "R_0": 2.0 * SC,
    "R_50": 2.0 * SC,
    "p_R": 0.1,
    "e_RT": 0.5,
    "d_R": 0.05,
    "treg": 1.0,
    "r_T": 0.3,
    # IFN-gamma (2.8)
    "q_IN": 5.0,
    "i_B": 0.05,
    "i_21": 0.3,
    "q_I8": 0.5,
    "k_IF": 5.0,
    "K_IF": 1.0,
    "mhc_0": 0.7,
    "stat1": 1.0,
    "ifng": 1.0,
    # killing and tumour (2.9, 2.10)
    "k_N": 5.0,
    "k_8": 10.0,
    "perf": 1.0,
    "m_I": 0.0,
    "K_c": 1.0,
    "vol_S": 20.0,
    "V_50": 400.0 * SC,
    "V_lin": 1e9,
    "k_clr": 0.1,
    "k_ag": 1.0,
    "d_tur": 0.005,
    "d_ag": 0.2,
    "K_ag": 0.1 * SC,
    "esc": 0.5,
    "esc_N": 0.5,
    "k_dir": 0.0,
    "c40_T": 0.0,
    "g_21": 0.0,
    "V_min": 1e-3,
    # traffic (2.11)
    "k_ret": 1.0,
    "k_mar": 4.0,
    # endogenous opsonisation, ADCC, ADCP (2.8, 2.9), silent unless opsonin = 1
    "opsonin": 0.0,
    "G_1": 6.5,
    "G_3": 0.6,
    "f_ts": 0.002,
    "K_Ig": 0.05,
    "k_ad": 5.0,
    "cd16": 1.0,
    "e_Fc": 0.5,
    "k_ph": 2.0,
    "e_MI": 1.5,
    "k_inM": 0.3 * SC,
    "d_M": 0.2,
    "a_M": 1.0,
}

# Section 3.4: doubling time (d), its log-SD, imm, lig, new-lesion factor; 3.2: log-SD of imm.
TUMOURS: dict[str, dict[str, float]] = {
    "melanoma": {"doubling": 50.0, "sd_doubling": 0.6, "imm": 0.022, "lig": 0.7, "new": 0.45},
    "rcc": {"doubling": 110.0, "sd_doubling": 0.7, "imm": 0.042, "lig": 0.25, "new": 0.6},
}
SD_IMM = 1.7
V0_MEDIAN = 8e4
F_R_MEAN, F_R_SD = -2.4, 1.5


def typical_parameters(tumour: str) -> dict[str, float]:
    """Return the typical patient's constants (3.1, 3.4), per day, Mcell, mL, ng.

    `V_0` is the drawn total V + V_r at the start, `f_r` its tolerant share, `g_obs` the observed
    growth rate (1/d), `g` the intrinsic growth rate (1/d), zero until it is set after the run-in.
    """
    p = dict(HUMAN)
    row = TUMOURS[tumour]
    renewal = p["p_N"] * p["N_m0"] * (1.0 - p["N_m0"] / p["cap_N"])
    p["m_N"] = (p["d_N"] * p["N_m0"] - renewal) / p["N_i0"]
    p["s_N"] = (p["m_N"] + p["d_N"]) * p["N_i0"]
    p["s_H"] = p["d_H"] * p["H_0"] + p["a_H"] * p["H_0"] / (p["H_0"] + p["K_H"])
    p["s_R"] = p["d_R"] * p["R_0"]
    p["imm"], p["lig"], p["new_factor"] = row["imm"], row["lig"], row["new"]
    p["g_obs"] = float(np.log(2.0) / row["doubling"])
    p["g"] = 0.0
    p["V_0"] = V0_MEDIAN
    p["f_r"] = float(1.0 / (1.0 + np.exp(-F_R_MEAN)))
    return p


def draw_patients(tumour: str, n: int, rng: np.random.Generator) -> dict[str, Array | float]:
    """Return constants of `n` virtual patients (3.2, 3.4, 5): arrays where a quantity is drawn.

    Column order of the normals: imm, doubling, lig, NK pool, k_el, V(0), f_r, R_50, drug
    sensitivity, density, V_c, k_sc (the ninth and tenth are not used by single agents).
    """
    z = rng.standard_normal((n, 12)).T
    typical = typical_parameters(tumour)
    p: dict[str, Array | float] = dict(typical)
    p["imm"] = typical["imm"] * np.exp(SD_IMM * z[0])
    p["g_obs"] = typical["g_obs"] * np.exp(-TUMOURS[tumour]["sd_doubling"] * z[1])
    p["lig"] = np.minimum(1.0, typical["lig"] * np.exp(0.4 * z[2]))
    pool = np.exp(0.5 * z[3])
    for name in ("N_i0", "N_m0", "s_N", "cap_N"):
        p[name] = typical[name] * pool
    p["k_el"] = typical["k_el"] * np.exp(0.4 * z[4])
    p["V_0"] = V0_MEDIAN * np.exp(1.0 * z[5])
    p["f_r"] = 1.0 / (1.0 + np.exp(-(F_R_MEAN + F_R_SD * z[6])))
    p["R_50"] = typical["R_50"] * np.exp(0.3 * z[7])
    p["V_c"] = typical["V_c"] * np.exp(0.25 * z[10])
    p["k_sc"] = typical["k_sc"] * np.exp(0.4 * z[11])
    return p
