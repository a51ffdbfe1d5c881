"""The human IL-21 system for single-agent trials, entered again from the written account alone.

Units: time day, cells Mcell (10^6; tumour 1 Mcell = 1 mm3), amounts ng, levels ng/mL, volume mL.
Source: system_model.md sections 2 to 5, 6.0, 6.0a. Left out: B cells, antibodies, toxicity and
(unless `opsonin` is 1) macrophages and endogenous IgG; no state kept here reads them otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from ._il21_parameters import BODY_KG, Array, draw_patients, typical_parameters

__all__ = ["rates", "run_patients", "run_typical", "typical_parameters", "virtual_trial"]

PK = ("sc1", "sc2", "C", "P", "L_T")
CELLS = (
    *("X", "A_N", "N_i", "N_m", "N_T", "P_N", "N_8", "E_8", "M_8", "T_8", "P_8", "U_8"),
    *("H", "H_a", "H_17", "R", "I", "V", "V_r", "D", "A_g", "w", "M_T"),
)
STATES = PK + CELLS
UNITS = {
    **dict.fromkeys(("sc1", "sc2", "C", "P"), "ng"),
    **dict.fromkeys(("L_T", "I"), "ng/mL"),
    **dict.fromkeys(("X", "A_N", "P_N", "P_8", "U_8", "w"), "1"),
    **dict.fromkeys(("N_i", "N_m", "N_T", "N_8", "E_8", "M_8", "T_8", "M_T"), "Mcell"),
    **dict.fromkeys(("H", "H_a", "H_17", "R", "V", "V_r", "D", "A_g"), "Mcell"),
}
RUN_IN_DAYS = 120

Values = Mapping[str, Any]  # floats or arrays over patients
Rates = dict[str, Any]


def _course(start: int) -> list[int]:
    """Five days on, nine off, twice: days of dosing from `start` (6.0)."""
    return [start + d for d in (0, 1, 2, 3, 4, 14, 15, 16, 17, 18)]


REGIMENS: dict[str, list[int]] = {
    "none": [],
    "3/wk": [7 * week + d for week in range(6) for d in (0, 2, 4)],
    "5+9x3": [14 * cycle + d for cycle in range(3) for d in range(5)],
    "5+9x2": _course(0) + _course(56),
}
# 6.0: tumour, regimens (equal shares), doses in ug/kg with weights, visit days, NE share (4)
TRIALS: dict[str, dict[str, Any]] = {
    "T01": {
        "regimens": ("3/wk", "5+9x3"),
        "doses": (1.0, 3.0, 10.0, 30.0, 100.0),
        "weights": (0.13, 0.17, 0.20, 0.35, 0.15),
        "visits": (42, 84, 170),
        "not_evaluable": 0.14,
    },
}
TRIALS["T02"] = TRIALS["T03"] = {
    "regimens": ("5+9x2",),
    "doses": (3.0, 10.0, 30.0, 100.0),
    "weights": (0.07, 0.07, 0.79, 0.07),
    "visits": (42, 84, 126),
    "not_evaluable": 0.0,
}


def _signal(level: Any, p: Values) -> Any:
    """Fast signal S (-) at an IL-21 level in ng/mL (2.2, 6.0a Receptor)."""

    def in_use(gamma: Any, wanted: Any) -> Any:
        """Gamma-c in use (per cell), the smaller root of 2.2 in its stable form."""
        total = gamma + wanted + p["K_2D"]
        return 2.0 * gamma * wanted / (total + np.sqrt(total**2 - 4.0 * gamma * wanted))

    b = p["R_21"] * level / (level + p["K_D1"])
    wanted = b + p["D_c"]
    share = b / np.where(wanted > 0.0, wanted, 1.0)  # S = 0 where nothing is bound
    return in_use(p["G"], wanted) * share / in_use(p["G_ref"], p["R_21_ref"])


def _definitions(y: Values, p: Values) -> Rates:
    """Quantities that always equal their formula (2.1 to 2.9); levels ng/mL, the rest as named."""
    q: Rates = {}
    c_end = (p["q_a"] * y["H_a"] + p["q_17"] * y["H_17"]) / (p["k_end"] * p["V_c"])
    level = p["kp_LN"] * y["C"] / p["V_c"] + c_end + p["f_dr"] * y["L_T"]
    q["S_LN"], q["S_T"] = _signal(level, p), _signal(y["L_T"], p)

    def low_potency(signal: Any, at: Any) -> Any:
        """Programme W (2.2)."""
        return signal / (1.0 + (p["EC_W"] / np.maximum(at, 1e-30)) ** p["n_W"])

    q["W_LN"], q["W_T"] = low_potency(q["S_LN"], level), low_potency(q["S_T"], y["L_T"])
    q["TV"] = y["V"] + y["V_r"]
    q["f_T"] = q["TV"] / (q["TV"] + p["V_50"])
    q["vol_T"] = np.maximum(p["vol_S"], q["TV"] / 1000.0)
    q["ag"] = y["A_g"] / (y["A_g"] + p["K_ag"])
    q["br"] = 1.0 / (1.0 + p["b_X"] * p["dc"] * y["X"])
    q["brk"] = 1.0 / (1.0 + p["b_K"] * y["X"])
    q["R_s"] = p["treg"] * (y["R"] / p["R_50"]) * (1.0 - p["rho_W"] * q["W_LN"])
    q["ifn"] = p["ifng"] * y["I"] / (y["I"] + p["K_IF"])
    q["mhc"] = p["mhc_0"] + (1.0 - p["mhc_0"]) * q["ifn"]
    antibody = p["f_ts"] * (p["G_1"] + 2.0 * p["G_3"])
    ops = antibody / (antibody + p["K_Ig"]) * p["imm"] / (p["imm"] + 1.0)
    q["oc"] = p["opsonin"] * 0.3 * ops  # fc = 0: no drug antibody
    return q


def _hazards(y: Values, p: Values, q: Rates) -> tuple[Any, Any]:
    """Kill hazards h_s and h_r of the sensitive and the tolerant clone, 1/d (2.9)."""
    site = y["N_T"] + y["T_8"] + y["M_T"] + q["TV"] + p["K_c"] * p["vol_S"]
    nk, cd8 = y["N_T"] / site, y["T_8"] / site
    h_n = p["k_N"] * p["perf"] * p["lig"] * y["P_N"] * nk * (1.0 - 0.5 * q["mhc"] * p["m_I"])
    h_8 = p["k_8"] * p["perf"] * q["mhc"] * y["P_8"] * cd8 * q["brk"] / (1.0 + p["r_T"] * q["R_s"])
    h_adc = p["k_ad"] * p["perf"] * p["cd16"] * q["oc"] * y["P_N"]
    h_adc = h_adc * (1.0 + p["e_Fc"] * q["S_T"]) * nk
    h_ph = p["k_ph"] * q["oc"] * y["M_T"] / site * (1.0 + p["e_MI"] * q["ifn"])
    h_21 = p["k_dir"] * q["S_T"] * (1.0 - p["c40_T"])
    shared = h_8 + h_21 + h_adc + h_ph
    return h_n + shared, p["esc"] * shared + p["esc_N"] * h_n


def _pk_rates(y: Values, p: Values) -> Rates:
    """IL-21 in depot, plasma, tissue (ng/d) and tumour fluid (ng/mL/d) (2.1)."""
    arriving = p["k_sc"] * y["sc1"], p["k_sc"] * y["sc2"]
    to_p, from_p = p["k_cp"] * y["C"], p["k_pc"] * y["P"]
    return {
        "sc1": -arriving[0] - p["k_scl"] * y["sc1"],
        "sc2": arriving[0] - arriving[1] - p["k_scl"] * y["sc2"],
        "C": arriving[1] - p["k_el"] * y["C"] - to_p + from_p,
        "P": to_p - from_p,
        "L_T": p["k_perm"] * (p["kp_T"] * y["C"] / p["V_c"] - y["L_T"]) - p["k_wash"] * y["L_T"],
    }


def _nk_rates(y: Values, p: Values, q: Rates) -> Rates:
    """Programmes and NK cells, Mcell/d (2.3, 2.4)."""
    s, n_m = q["S_LN"], y["N_m"]
    maturing = p["m_N"] * y["N_i"] * (1.0 + p["e_M"] * s)
    entry = p["k_inN"] * n_m * q["f_T"] * (1.0 + p["a_A"] * y["A_N"] ** 2 + p["a_I"] * q["ifn"])
    leaving = p["k_outN"] * y["N_T"]
    renewal = p["p_N"] * n_m * (1.0 - p["e_blk"] * s) - p["p_N"] * n_m**2 / p["cap_N"]
    loss = p["d_N"] * n_m * (1.0 + p["e_DN"] * q["W_LN"])
    return {
        "X": p["k_X"] * (q["W_LN"] - y["X"]),
        "A_N": p["k_A"] * (q["W_T"] - y["A_N"]),
        "N_i": p["s_N"] - maturing - p["d_N"] * y["N_i"],
        "N_m": maturing + renewal - loss - entry + leaving,
        "N_T": entry - leaving,
        "P_N": p["mu_P"] * ((1.0 + p["e_PN"] * (s + q["S_T"]) / 2.0) * p["i_P"] - y["P_N"]),
    }


def _cd8_rates(y: Values, p: Values, q: Rates) -> Rates:
    """CD8 cells, Mcell/d, without IL-2 and IL-15 (2.5)."""
    s, ag, e_8 = q["S_LN"], q["ag"], y["E_8"]
    m2 = y["M_8"] ** 2
    room = p["cap_8"] * p["imm"] * ag * (1.0 + p["e_8"] * y["U_8"])
    room = room * (1.0 + p["e_Mm"] * m2 / (m2 + p["K_M8"] ** 2)) / (1.0 + q["R_s"])
    cap = np.maximum(room, p["cap_min"])
    priming = p["k_pr"] * y["N_8"] * ag * q["br"]
    recall = p["r_rec"] * y["M_8"] * ag * q["br"]
    memory = p["m_8"] * e_8 * (1.0 - ag) * (1.0 + p["e_Mem"] * s)
    entry = p["k_in8"] * e_8 * q["f_T"] * (1.0 + p["a_8I"] * q["ifn"])
    leaving = p["k_out8"] * y["T_8"]
    growth = p["r_8"] * e_8 * (1.0 - e_8 / cap)
    return {
        "N_8": p["s_8"] - p["d_n8"] * y["N_8"] - priming,
        "E_8": p["k_bst"] * priming + growth + recall - memory - entry + leaving,
        "M_8": memory - p["d_M8"] * y["M_8"] * (1.0 - 0.5 * s),
        "T_8": entry - leaving - p["d_T8"] * y["T_8"] * (1.0 - p["e_Sv"] * q["S_T"]),
        "P_8": p["mu_P"] * (1.0 + p["e_P8"] * (s + q["S_T"]) / 2.0 - y["P_8"]),
        "U_8": p["k_U"] * (s * q["br"] - y["U_8"]),
    }


def _host_rates(y: Values, p: Values, q: Rates) -> Rates:
    """CD4 source, Treg, macrophages (Mcell/d), IFN-gamma (ng/mL/d), traffic (2.6, 2.8, 2.11)."""
    act = p["a_H"] * y["H"] / (y["H"] + p["K_H"]) * (1.0 + p["a_Hag"] * q["ag"])
    feed = p["p_R"] * y["R"] * p["e_RT"] * q["f_T"] * (1.0 - y["R"] / (6.0 * p["R_50"]))
    signal = q["S_T"] * p["stat1"]
    ifn_nk = p["q_IN"] * y["N_T"] * (p["i_B"] + p["i_21"] * signal)
    ifn_cd8 = p["q_I8"] * y["T_8"] * q["ag"] * (1.0 + 2.0 * signal)
    myeloid = p["k_inM"] * q["f_T"] * (1.0 + p["a_M"] * q["ifn"])
    return {
        "H": p["s_H"] - p["d_H"] * y["H"] - act,
        "H_a": p["n_H"] * (1.0 - p["f_17"]) * act - p["d_Ha"] * y["H_a"],
        "H_17": p["n_H"] * p["f_17"] * act - p["d_Ha"] * y["H_17"],
        "R": p["s_R"] - p["d_R"] * y["R"] + feed,
        "I": p["ifng"] * (ifn_nk + ifn_cd8) / q["vol_T"] - p["k_IF"] * y["I"],
        "w": p["k_ret"] * (1.0 - y["w"]) - p["k_mar"] * q["S_LN"] * y["w"],
        "M_T": p["opsonin"] * (myeloid - p["d_M"] * y["M_T"]),
    }


def _tumour_rates(y: Values, p: Values, q: Rates, frozen: bool) -> Rates:
    """Tumour and antigen, Mcell/d (2.10); frozen: V and V_r held, D and A_g still fed."""
    h_s, h_r = _hazards(y, p, q)
    killed_s, killed_r = h_s * y["V"], h_r * y["V_r"]
    growth = p["g"] * (1.0 + p["g_21"] * q["S_T"]) / (1.0 + q["TV"] / p["V_lin"])
    dying = killed_s + killed_r
    moving = 0.0 if frozen else 1.0
    return {
        "V": moving * (growth * y["V"] - killed_s),
        "V_r": moving * (growth * y["V_r"] - killed_r),
        "D": dying - p["k_clr"] * y["D"],
        "A_g": p["k_ag"] * (dying + p["d_tur"] * q["TV"]) - p["d_ag"] * y["A_g"],
    }


def _cell_rates(y: Values, p: Values, frozen: bool) -> Rates:
    """Derivatives of every state but the linear kinetics, per day (2.3 to 2.11)."""
    q = _definitions(y, p)
    parts = (_nk_rates(y, p, q), _cd8_rates(y, p, q), _host_rates(y, p, q))
    out: Rates = {name: rate for part in parts for name, rate in part.items()}
    out.update(_tumour_rates(y, p, q, frozen))
    return out


def rates(
    state: Mapping[str, float], parameters: Mapping[str, float], frozen: bool
) -> dict[str, float]:
    """Derivatives of all `STATES` per day (section 2); `frozen` holds V and V_r (6.0, 6.0a)."""
    out = {**_pk_rates(state, parameters), **_cell_rates(state, parameters, frozen)}
    return {name: float(out[name]) for name in STATES}


def baseline(p: Values) -> dict[str, Any]:
    """State at the beginning of the run-in (3.1 host baseline, 6.0a Human run-in)."""
    y: dict[str, Any] = dict.fromkeys(STATES, 0.0)
    act = p["a_H"] * p["H_0"] / (p["H_0"] + p["K_H"])
    y.update(N_i=p["N_i0"], N_m=p["N_m0"], P_N=1.0, P_8=1.0, N_8=p["s_8"] / p["d_n8"])
    y.update(H=p["H_0"], R=p["R_0"], w=1.0)
    y["H_a"] = p["n_H"] * (1.0 - p["f_17"]) * act / p["d_Ha"]
    y["H_17"] = p["n_H"] * p["f_17"] * act / p["d_Ha"]
    y["V"], y["V_r"] = p["V_0"] * (1.0 - p["f_r"]), p["V_0"] * p["f_r"]
    return y


def _propagator(p: Values, n: int, step: float) -> Array:
    """Exact transition of the five PK states over `step` days, shape (n, 5, 5) (2.1)."""
    matrix = np.zeros((n, 5, 5))
    for j, name in enumerate(PK):
        unit = {other: float(other == name) for other in PK}
        for i, rate in enumerate(_pk_rates(unit, p).values()):
            matrix[:, i, j] = rate
    matrix *= step / 1024.0
    result = term = np.broadcast_to(np.eye(5), (n, 5, 5))
    for k in range(1, 10):
        term = term @ matrix / k
        result = result + term
    for _ in range(10):
        result = result @ result
    return result


def _day_steps(step: float, dosing: bool) -> Array:
    """Step lengths (d) that fill one day: equal, or graded t ~ k^2 where a dose opens the day.

    After a dose the tumour fluid passes K_D1 within seconds; equal steps would smear that.
    """
    number = round(1.0 / step)
    if not dosing:
        return np.full(number, 1.0 / number)
    return np.diff(np.linspace(0.0, 1.0, 1 + round(1.5 * number)) ** 2)


class _Integrator:
    """Runge-Kutta of order four for the cells, exact exponential half steps for the kinetics."""

    def __init__(self, p: Values, n: int, step: float) -> None:
        self.p = p
        self.steps = {dosing: _day_steps(step, dosing) for dosing in (False, True)}
        equal = _propagator(p, n, self.steps[False][0] / 2.0)
        self.halves = {
            False: [equal] * len(self.steps[False]),
            True: [_propagator(p, n, h / 2.0) for h in self.steps[True]],
        }

    def _stage(self, cells: Array, kinetics: Array, frozen: bool) -> Array:
        y = {name: kinetics[:, i] for i, name in enumerate(PK)}
        y.update({name: cells[i] for i, name in enumerate(CELLS)})
        out = _cell_rates(y, self.p, frozen)
        stacked = np.empty_like(cells)
        for i, name in enumerate(CELLS):
            stacked[i] = out[name]
        return stacked

    def day(self, cells: Array, kinetics: Array, frozen: bool, dosing: bool) -> tuple[Array, Array]:
        """One day; amounts below zero and tumour clones below 1e-3 Mcell become 0 (2.10)."""
        for h, half in zip(self.steps[dosing], self.halves[dosing], strict=True):
            middle = (half @ kinetics[:, :, None])[:, :, 0]
            end = (half @ middle[:, :, None])[:, :, 0]
            k1 = self._stage(cells, kinetics, frozen)
            k2 = self._stage(cells + h / 2.0 * k1, middle, frozen)
            k3 = self._stage(cells + h / 2.0 * k2, middle, frozen)
            k4 = self._stage(cells + h * k3, end, frozen)
            cells = np.maximum(cells + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), 0.0)
            for name in ("V", "V_r"):
                row = cells[CELLS.index(name)]
                row[row < self.p["V_min"]] = 0.0
            kinetics = end
        return cells, kinetics


def run_patients(
    p: dict[str, Any], n: int, dose: Array, dosed: Array, days: int, step: float
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Run-in, then `days` of treatment; `dose` in ug/kg (n,), `dosed` is (days, n) of booleans.

    Returns the states at days 0, 1, ..., `days`, each (days + 1, n) and taken before that day's
    dose, and the parameters with the growth rate `g` (1/d) set as in 2.13.
    """
    solver = _Integrator(p, n, step)
    start = baseline(p)
    cells = np.array([np.broadcast_to(start[name], (n,)) for name in CELLS], dtype=float)
    kinetics = np.zeros((n, len(PK)))
    for _ in range(RUN_IN_DAYS):
        cells, kinetics = solver.day(cells, kinetics, True, False)
    y = {name: cells[i] for i, name in enumerate(CELLS)} | dict(zip(PK, kinetics.T, strict=True))
    h_s, h_r = _hazards(y, p, _definitions(y, p))
    p = {**p, "g": p["g_obs"] + h_s * (1.0 - p["f_r"]) + h_r * p["f_r"]}
    solver.p = p
    kept = np.empty((days + 1, len(STATES), n))
    for day in range(days):
        kept[day] = np.concatenate([kinetics.T, cells])
        kinetics[:, PK.index("C")] += dosed[day] * dose * BODY_KG * 1000.0
        cells, kinetics = solver.day(cells, kinetics, False, bool(dosed[day].any()))
    kept[days] = np.concatenate([kinetics.T, cells])
    return {name: kept[:, i] for i, name in enumerate(STATES)}, p


def run_typical(
    tumour: str, dose_ug_per_kg: float, regimen: str, days: int = 170, **options: Any
) -> tuple[Array, dict[str, Array]]:
    """Times (d) and states of the typical patient (3.4), i.v. doses on the days of `REGIMENS`.

    Options: `step` (d, default 0.02) and any parameter by its symbol, such as `opsonin=1.0`.
    """
    step = options.pop("step", 0.02)
    p = {**typical_parameters(tumour), **options}
    dosed = np.array([[day in REGIMENS[regimen]] for day in range(days)])
    states, _ = run_patients(p, 1, np.array([dose_ug_per_kg]), dosed, days, step)
    return np.arange(days + 1.0), {name: rows[:, 0] for name, rows in states.items()}


def virtual_trial(
    tumour: str, trial: str, n: int, seed: int, opsonin: bool = False, step: float = 0.02
) -> dict[str, float]:
    """Shares of CR, PR, SD, PD (other), ORR and DCR among the evaluable of `n` patients.

    Parameters fixed, patients drawn (3.2, 3.4, 5), best response read as in sections 4 and 6.0a.
    """
    from ._il21_readout import best_response

    spec = TRIALS[trial]
    draw, lesions = (np.random.default_rng([seed, k]) for k in (0, 1))
    p = cast(dict[str, Any], draw_patients(tumour, n, draw))
    p["opsonin"] = float(opsonin)
    dose = draw.choice(spec["doses"], size=n, p=spec["weights"])
    arm = draw.integers(len(spec["regimens"]), size=n)
    evaluable = draw.random(n) >= spec["not_evaluable"]
    days = max(spec["visits"])
    plan = [[day in REGIMENS[name] for name in spec["regimens"]] for day in range(days)]
    states, p = run_patients(p, n, dose, np.array(plan)[:, arm], days, step)
    best = best_response(states, p, spec["visits"], lesions)[evaluable]
    out = {name: float(np.mean(best == name)) for name in ("CR", "PR", "SD", "PD")}
    out |= {"ORR": out["CR"] + out["PR"], "DCR": out["CR"] + out["PR"] + out["SD"]}
    return out | {"evaluable": float(len(best))}
