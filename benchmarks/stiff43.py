"""A stiff model of 43 states to time solvers with.  It is INVENTED: no number in it is a finding.

    python benchmarks/stiff43.py

IL-21 by vein, under the skin or into the belly; receptors that share one chain with IL-2 and bind
within seconds; phosphorylated STATs within minutes; lymphocytes over days; plasma cells, antibody
and tumour over months; an antibody against PD-1.  One trigger: a tumour below a limit is gone.
A patient has 44 administrations at jittered times in 180 days, 36 of IL-21 by one route and 8 of
antibody; the antibody and every third IL-21 dose by vein are infusions over half an hour.

All units are those of the coherent base, so that one absolute tolerance serves every solver.
"""

from dataclasses import dataclass

import numpy as np

from il21.compose.join import join
from il21.compose.model import Model
from il21.compose.table import table_from
from il21.declare import Assembly, Definition, Input, Module, Parameter, Process, Species
from il21.declare.model import Trigger, Use
from il21.engine.schedule import Dose, Events, events_of
from il21.study.population import Patients, draw_numbers

INVENTED = "a benchmark needs a number of this size"
DAYS = 180.0
OUTPUTS = ("level", "T21", "s_3", "NK", "E_8", "X_8", "P_1", "V", "M_t", "alt")
ROUTES = ("iv", "sc", "ip")
HALF_HOUR = 0.5 / 24.0
IL21_DAYS = tuple(28.0 * cycle + day for cycle in range(6) for day in (0, 2, 4, 14, 16, 18))
ANTIBODY_DAYS = tuple(21.0 * k for k in range(8))
IL21_DOSE, ANTIBODY_DOSE = 130.0, 1400.0  # nmol

# name, unit, value, meaning, spread of the logarithm between patients (27 have one)
NUMBERS = (
    ("V_c", "mL", 3500, "plasma", 0.2),
    ("CL", "mL/d", 90000, "clearance of IL-21", 0.3),
    ("Q", "mL/d", 40000, "exchange with the periphery", 0.2),
    ("V_p", "mL", 6000, "periphery", 0),
    ("k_sc", "1/d", 6, "between the depots under the skin", 0),
    ("k_a", "1/d", 3, "absorption from under the skin", 0.3),
    ("F_sc", "1", 0.5, "share absorbed from under the skin", 0.1),
    ("k_ip", "1/d", 8, "absorption from the belly", 0.3),
    ("F_ip", "1", 0.6, "share absorbed from the belly", 0),
    ("PS", "mL/d", 3000, "exchange with the tumour", 0),
    ("V_x", "mL", 60, "fluid of the tumour", 0),
    ("k_x", "1/d", 8, "loss of IL-21 in the tumour", 0),
    ("k_on", "mL/nmol/d", 86400, "binding of IL-21", 0.2),
    ("k_off", "1/d", 20, "release of IL-21", 0),
    ("k_t", "1/nmol/d", 3500, "assembly with the common chain", 0),
    ("k_tr", "1/d", 400, "release of the common chain", 0),
    ("k_int", "1/d", 60, "internalisation with IL-21", 0),
    ("R_0", "nmol", 2, "IL-21 receptors at rest", 0.3),
    ("d_R", "1/d", 4, "turnover of receptors", 0),
    ("up_R", "1", 0.8, "receptors gained by activation", 0),
    ("G_0", "nmol", 3, "common chains at rest", 0.2),
    ("d_G", "1/d", 3, "turnover of common chains", 0),
    ("B_0", "nmol", 1.5, "IL-2 receptors at rest", 0),
    ("d_B", "1/d", 5, "turnover of IL-2 receptors", 0),
    ("k_on2", "mL/nmol/d", 60000, "binding of IL-2", 0),
    ("k_off2", "1/d", 150, "release of IL-2", 0),
    ("k_t2", "1/nmol/d", 2500, "its assembly with the common chain", 0),
    ("k_tr2", "1/d", 250, "its release of the common chain", 0),
    ("k_int2", "1/d", 90, "internalisation with IL-2", 0),
    ("p_2", "nmol/d", 1.2, "IL-2 made at rest", 0.3),
    ("p_2h", "nmol/Mcell/d", 6e-6, "IL-2 made by effector cells", 0),
    ("CL_2", "mL/d", 50000, "clearance of IL-2", 0),
    ("k_p3", "1/d", 350, "phosphorylation of STAT3", 0),
    ("d_p3", "1/d", 140, "its loss", 0),
    ("K_3", "nmol", 0.15, "assembled IL-21 for half of it", 0.25),
    ("k_p5", "1/d", 300, "phosphorylation of STAT5", 0),
    ("d_p5", "1/d", 160, "its loss", 0),
    ("K_5", "nmol", 0.05, "assembled IL-2 for half of it", 0),
    ("w_5", "1", 0.1, "share of IL-21 in it", 0),
    ("k_so", "1/d", 12, "making and loss of the inhibitor", 0),
    ("K_so", "1", 0.25, "inhibitor for half", 0),
    ("s_N", "Mcell/d", 900, "NK cells from marrow", 0.25),
    ("p_N", "1/d", 0.45, "growth of NK cells under signals", 0.2),
    ("cap_N", "Mcell", 60000, "room for NK cells", 0),
    ("d_N", "1/d", 0.07, "loss of NK cells", 0),
    ("s_8", "Mcell/d", 60, "naive CD8 cells from the thymus", 0),
    ("d_8", "1/d", 0.004, "loss of naive CD8 cells", 0),
    ("k_act", "1/d", 0.0015, "activation of naive CD8 cells", 0.35),
    ("b_21", "1", 3, "activation gained by IL-21", 0),
    ("burst", "1", 60, "effector cells from one", 0),
    ("p_E", "1/d", 0.5, "growth of effector cells", 0.15),
    ("cap_E", "Mcell", 40000, "room for effector cells", 0),
    ("d_E", "1/d", 0.22, "loss of effector cells", 0.15),
    ("k_m", "1/d", 0.02, "effector cells to memory", 0),
    ("k_r", "1/d", 0.04, "memory cells to effectors", 0),
    ("d_m", "1/d", 0.003, "loss of memory cells", 0),
    ("k_ex", "1/d", 0.25, "exhaustion", 0.3),
    ("k_re", "1/d", 0.06, "relief of exhaustion by IL-21", 0),
    ("d_X", "1/d", 0.06, "loss of exhausted cells", 0.2),
    ("s_4", "Mcell/d", 500, "CD4 cells from the thymus", 0),
    ("p_4", "1/d", 0.03, "growth of CD4 cells on antigen", 0),
    ("d_4", "1/d", 0.008, "loss of CD4 cells", 0),
    ("s_r", "Mcell/d", 60, "regulatory cells from the thymus", 0),
    ("p_r", "1/d", 0.05, "growth of regulatory cells on IL-2", 0),
    ("d_r", "1/d", 0.03, "loss of regulatory cells", 0),
    ("K_r", "Mcell", 4000, "regulatory cells for half of the killing", 0.3),
    ("s_B", "Mcell/d", 300, "B cells from marrow", 0),
    ("k_B", "1/d", 0.02, "activation of B cells", 0),
    ("d_B1", "1/d", 0.01, "loss of B cells", 0),
    ("k_pl", "1/d", 0.05, "memory B cells to plasma cells", 0.25),
    ("d_pl", "1/d", 0.03, "loss of plasma cells", 0),
    ("k_g", "1/Mcell/d", 2e-5, "antibody made, in its own unit", 0),
    ("d_g", "1/d", 0.033, "loss of antibody", 0),
    ("k_M", "1/d", 0.3, "turning of macrophages", 0),
    ("CL_A", "mL/d", 220, "clearance of the drug against PD-1", 0.3),
    ("Q_A", "mL/d", 600, "its exchange with the periphery", 0),
    ("V_A", "mL", 2800, "its periphery", 0),
    ("k_onA", "mL/nmol/d", 25000, "its binding", 0),
    ("k_offA", "1/d", 15, "its release", 0),
    ("d_P", "1/d", 0.9, "turnover of PD-1", 0),
    ("P_0", "nmol", 4, "PD-1 at rest", 0),
    ("K_P", "nmol", 1.5, "PD-1 for half of exhaustion", 0),
    ("g_T", "1/d", 0.004, "Gompertz growth", 0.25),
    ("K_T", "Mcell", 2e6, "largest tumour", 0),
    ("V_0", "Mcell", 3000, "tumour at the start", 0.5),
    ("T_e", "Mcell", 1e-3, "a thousand cells", 0),
    ("T_gone", "Mcell", 0.05, "below this the tumour is gone", 0),
    ("k_N", "1/d", 6e-7, "killing per share of NK cells", 0.3),
    ("k_8", "1/d", 6e-5, "killing per share of CD8 cells", 0.4),
    ("h_T", "Mcell", 700, "tumour for half of the search", 0),
    ("k_D", "1/d", 0.35, "clearing of dead cells", 0),
    ("k_met", "Mcell/d", 0.02, "seeding of metastases", 0.3),
    ("alpha", "1", 0.66, "power of it in tumour size", 0),
    ("d_I", "1/d", 8, "loss of interferon", 0),
    ("d_6", "1/d", 20, "loss of IL-6", 0),
    ("n_l", "1", 2.4, "steepness of toxicity", 0.1),
)

SPECIES = (
    ("sc_1", "nmol", "IL-21 under the skin, first", "0"),
    ("sc_2", "nmol", "IL-21 under the skin, second", "0"),
    ("ip", "nmol", "IL-21 in the belly", "0"),
    ("C", "nmol", "IL-21 in plasma", "0"),
    ("P", "nmol", "IL-21 in the periphery", "0"),
    ("X", "nmol", "IL-21 in the tumour", "0"),
    ("R", "nmol", "IL-21 receptors", "R_0"),
    ("G", "nmol", "common chains", "G_0"),
    ("B", "nmol", "IL-2 receptors", "B_0"),
    ("IL2", "nmol", "IL-2", "0.02 [nmol]"),
    ("C21", "nmol", "IL-21 on its receptor", "0"),
    ("T21", "nmol", "assembled with the common chain", "0"),
    ("C2", "nmol", "IL-2 on its receptor", "0"),
    ("T2", "nmol", "assembled with the common chain", "0"),
    ("s_3", "1", "phosphorylated STAT3", "0"),
    ("s_5", "1", "phosphorylated STAT5", "0"),
    ("so", "1", "inhibitor of signals", "0"),
    ("NK", "Mcell", "NK cells", "13000 [Mcell]"),
    ("N_8", "Mcell", "naive CD8 cells", "14000 [Mcell]"),
    ("E_8", "Mcell", "effector CD8 cells", "20 [Mcell]"),
    ("X_8", "Mcell", "exhausted CD8 cells", "40 [Mcell]"),
    ("M_8", "Mcell", "memory CD8 cells", "200 [Mcell]"),
    ("H_4", "Mcell", "CD4 cells", "60000 [Mcell]"),
    ("R_4", "Mcell", "regulatory cells", "2500 [Mcell]"),
    ("B_1", "Mcell", "naive B cells", "12000 [Mcell]"),
    ("B_m", "Mcell", "memory B cells", "3000 [Mcell]"),
    ("B_p", "Mcell", "plasma cells", "800 [Mcell]"),
    ("igg", "1", "antibody, in its own unit", "0.5"),
    ("M_1", "Mcell", "macrophages that kill", "500 [Mcell]"),
    ("M_2", "Mcell", "macrophages that help", "1500 [Mcell]"),
    ("A_c", "nmol", "drug against PD-1 in plasma", "0"),
    ("A_p", "nmol", "drug against PD-1 outside", "0"),
    ("P_1", "nmol", "free PD-1", "P_0"),
    ("P_A", "nmol", "PD-1 with the drug", "0"),
    ("V", "Mcell", "tumour", "V_0"),
    ("D_1", "Mcell", "dying cells", "0"),
    ("D_2", "Mcell", "dead cells", "0"),
    ("M_t", "Mcell", "metastases", "1 [Mcell]"),
    ("ag", "Mcell", "antigen, as cells that shed it", "10 [Mcell]"),
    ("ifn", "1", "interferon, in its own unit", "0"),
    ("il6", "1", "IL-6, in its own unit", "0"),
    ("alt", "1", "liver enzyme over its norm", "1"),
    ("leak", "1", "leak of vessels", "0"),
)

DEFINITIONS = (
    ("level", "nmol/mL", "C / V_c"),
    ("bind", "nmol/d", "k_on * level * R - k_off * C21"),
    ("join_G", "nmol/d", "k_t * C21 * G - k_tr * T21"),
    ("bind_2", "nmol/d", "k_on2 * IL2 / V_c * B - k_off2 * C2"),
    ("join_2", "nmol/d", "k_t2 * C2 * G - k_tr2 * T2"),
    ("bind_A", "nmol/d", "k_onA * A_c / V_c * P_1 - k_offA * P_A"),
    ("on_5", "nmol", "T2 + w_5 * T21"),
    ("calm", "1", "1 / (1 + so / K_so)"),
    ("seen", "1", "ag / (ag + 50 [Mcell])"),
    ("helped", "1", "H_4 / (H_4 + 30000 [Mcell])"),
    ("awake", "Mcell/d", "k_act * seen * (1 + b_21 * s_3) * N_8"),
    ("worn", "1/d", "k_ex * P_1 / (P_1 + K_P) * seen"),
    ("brake", "1", "1 / ((1 + R_4 / K_r) * (1 + M_2 / 4000 [Mcell]))"),
    ("kill", "1/d",
     "(k_N * NK * (1 + 4 * s_3 + 0.4 * igg) + k_N * M_1 + k_8 * E_8 * (1 + ifn / (1 + ifn))) / 1 [Mcell]"
     " * brake * h_T / (h_T + V)"),
    ("toxic", "1", "exp(-(il6 / 6)^n_l)"),
)  # fmt: skip

PROCESSES = (
    ("skin", "sc_1 -> sc_2", "k_sc * sc_1"),
    ("absorbed", "sc_2 -> F_sc * C", "k_a * sc_2"),
    ("belly", "ip -> F_ip * C", "k_ip * ip"),
    ("cleared", "C -> 0", "CL * level"),
    ("periphery", "C <-> P", "Q * (1 + leak) * (level - P / V_p)"),
    ("tumour_in", "C <-> X", "PS * (1 + leak) * (level - X / (V_x + V / 100 [Mcell/mL]))"),
    ("tumour_out", "X -> 0", "k_x * X"),
    ("bound", "C <-> C21", "bind"),
    ("bound_R", "R <-> 0", "bind"),
    ("joined", "C21 <-> T21", "join_G"),
    ("joined_G", "G <-> 0", "join_G"),
    ("taken", "T21 -> 0", "k_int * T21"),
    ("R_made", "0 -> R", "d_R * R_0 * (1 + up_R * s_5)"),
    ("R_lost", "R -> 0", "d_R * R"),
    ("G_made", "0 -> G", "d_G * G_0"),
    ("G_lost", "G -> 0", "d_G * G"),
    ("B_made", "0 -> B", "d_B * B_0"),
    ("B_lost", "B -> 0", "d_B * B"),
    ("IL2_made", "0 -> IL2", "p_2 * (1 + seen * helped) + p_2h * E_8"),
    ("IL2_lost", "IL2 -> 0", "CL_2 * IL2 / V_c"),
    ("bound_2", "IL2 <-> C2", "bind_2"),
    ("bound_B", "B <-> 0", "bind_2"),
    ("joined_2", "C2 <-> T2", "join_2"),
    ("joined_2G", "G <-> 0", "join_2"),
    ("taken_2", "T2 -> 0", "k_int2 * T2"),
    ("s3_on", "0 -> s_3", "k_p3 * T21 / (T21 + K_3) * calm * (1 - s_3)"),
    ("s3_off", "s_3 -> 0", "d_p3 * s_3"),
    ("s5_on", "0 -> s_5", "k_p5 * on_5 / (on_5 + K_5) * calm * (1 - s_5)"),
    ("s5_off", "s_5 -> 0", "d_p5 * s_5"),
    ("so_on", "0 -> so", "k_so * (s_3 + s_5)"),
    ("so_off", "so -> 0", "k_so * so"),
    ("NK_made", "0 -> NK", "s_N + p_N * (s_3 + s_5) / (0.5 + s_3 + s_5) * NK * (1 - NK / cap_N)"),
    ("NK_lost", "NK -> 0", "d_N * NK"),
    ("N8_made", "0 -> N_8", "s_8"),
    ("N8_lost", "N_8 -> 0", "d_8 * N_8"),
    ("woken", "N_8 -> burst * E_8", "awake"),
    ("E8_grown", "0 -> E_8", "p_E * s_5 * seen * E_8 * (1 - E_8 / cap_E)"),
    ("E8_lost", "E_8 -> 0", "d_E * E_8"),
    ("E8_kept", "E_8 -> M_8", "k_m * (1 + s_3) * E_8"),
    ("M8_back", "M_8 -> E_8", "k_r * seen * M_8"),
    ("M8_lost", "M_8 -> 0", "d_m * M_8"),
    ("exhausted", "E_8 -> X_8", "worn * E_8"),
    ("relieved", "X_8 -> E_8", "k_re * s_3 * X_8"),
    ("X8_lost", "X_8 -> 0", "d_X * X_8"),
    ("H4_made", "0 -> H_4", "s_4 + p_4 * seen * s_5 * H_4"),
    ("H4_lost", "H_4 -> 0", "d_4 * H_4"),
    ("R4_made", "0 -> R_4", "s_r + p_r * (s_5 / (1 + 3 * s_3) + 0.1 * seen) * R_4"),
    ("R4_lost", "R_4 -> 0", "d_r * R_4"),
    ("B1_made", "0 -> B_1", "s_B"),
    ("B1_lost", "B_1 -> 0", "d_B1 * B_1"),
    ("B1_woken", "B_1 -> B_m", "k_B * (0.3 + s_3) * helped * B_1"),
    ("Bm_lost", "B_m -> 0", "d_B1 * B_m"),
    ("Bm_turned", "B_m -> B_p", "k_pl * (0.1 + s_3) * helped * B_m"),
    ("Bp_lost", "B_p -> 0", "d_pl * B_p"),
    ("igg_made", "0 -> igg", "k_g * B_p * (1 + s_3)"),
    ("igg_lost", "igg -> 0", "d_g * igg"),
    ("M_turned", "M_2 <-> M_1", "k_M * (ifn / (1 + ifn) * M_2 - 0.5 / (1 + s_3) * M_1)"),
    ("A_out", "A_c <-> A_p", "Q_A * (A_c / V_c - A_p / V_A)"),
    ("A_lost", "A_c -> 0", "CL_A * (1 + 0.5 * leak) * A_c / V_c"),
    ("A_bound", "A_c <-> P_A", "bind_A"),
    ("P1_bound", "P_1 <-> 0", "bind_A"),
    ("P1_made", "0 -> P_1", "d_P * P_0 * (0.5 + (E_8 + X_8) / 9000 [Mcell])"),
    ("P1_lost", "P_1 -> 0", "d_P * P_1"),
    ("PA_lost", "P_A -> 0", "d_P * P_A"),
    ("grown", "0 -> V", "g_T * V * log(K_T / (V + T_e))"),
    ("killed", "V -> D_1", "kill * V"),
    ("dying", "D_1 -> D_2", "k_D * D_1"),
    ("dead", "D_2 -> 0", "k_D * D_2"),
    ("seeded", "0 -> M_t", "k_met * ((V + T_e) / 1000 [Mcell])^alpha"),
    ("M_grown", "0 -> M_t", "0.8 * g_T * M_t * log(K_T / (M_t + T_e))"),
    ("M_killed", "M_t -> 0", "0.5 * kill * M_t"),
    ("shed", "0 -> ag", "0.5 * k_D * (D_1 + 0.2 * D_2) + 2e-3 [1/d] * (V + M_t)"),
    ("ag_lost", "ag -> 0", "0.4 [1/d] * ag"),
    ("ifn_made", "0 -> ifn", "d_I * (1 + 3 * s_3) * (1 + seen) * (NK / 40000 [Mcell] + E_8 / 8000 [Mcell])"),
    ("ifn_lost", "ifn -> 0", "d_I * ifn"),
    ("il6_made", "0 -> il6", "d_6 * (M_1 / 800 [Mcell] * (1 + ifn) + 8 * s_3)"),
    ("il6_lost", "il6 -> 0", "d_6 * il6"),
    ("alt_made", "0 -> alt", "0.35 [1/d] * (1 + 5 * (1 - toxic) + 0.2 * leak + 0.1 * ifn)"),
    ("alt_lost", "alt -> 0", "0.35 [1/d] * alt"),
    ("leak_made", "0 -> leak", "1.5 [1/d] * il6^n_l / (il6^n_l + 5^n_l)"),
    ("leak_lost", "leak -> 0", "1.5 [1/d] * leak"),
)  # fmt: skip


def module(coupled: bool = False) -> Module:
    """Return the declaration; ``coupled`` lets IL-21 pass to the tumour from another copy's."""
    other = (Input("other", "nmol", "IL-21 in the tumour of another copy"),) if coupled else ()
    spread = (Process("spread", "0 <-> X", "0.1 [1/d] * (other - X)"),) if coupled else ()
    return Module(
        name="stiff43", about="an invented stiff system, for timing", source="invented",
        inputs=other,
        parameters=tuple(Parameter(name, unit, about) for name, unit, _, about, _ in NUMBERS),
        species=tuple(Species(*row) for row in SPECIES),
        definitions=tuple(Definition(*row) for row in DEFINITIONS),
        processes=(*(Process(*row) for row in PROCESSES), *spread),
        triggers=(Trigger("eradicated", "V < T_gone", {"V": "0"}, "the tumour is gone"),),
        doses={"iv": "C", "sc": "sc_1", "ip": "ip", "ab": "A_c"},
    )  # fmt: skip


def evidence() -> dict[str, dict[str, dict[str, object]]]:
    """Return the table of numbers, each marked as invented."""
    found = {}
    for name, unit, value, _, spread in NUMBERS:
        record = {
            "value": f"{value:g}" if unit == "1" else f"{value:g} {unit}", "source": "invented",
            "how": "assumed", "because": INVENTED, "read": "none",
        }  # fmt: skip
        if spread:
            record["variability"] = {"log_sd": spread}
        found[name] = {"any": record}
    return found


def model(copies: int = 1) -> Model:
    """Return the composed model, or a ring of coupled copies of it."""
    one = module(coupled=copies > 1)
    table = table_from(evidence(), one.name, "benchmarks/stiff43.py")
    names = ["stiff43"] if copies == 1 else [f"copy{k}" for k in range(copies)]
    wires = {f"copy{k}.other": f"copy{(k + 1) % copies}.X" for k in range(copies)}
    assembly = Assembly(
        name=f"stiff{43 * copies}", about=one.about, source="invented", host="human",
        modules=tuple(Use(module=one.name, name=name) for name in names),
        wires=wires if copies > 1 else {}, span=f"{DAYS:g} d",
    )  # fmt: skip
    return join(assembly, lambda _: (one, table))


@dataclass(frozen=True)
class Cohort:
    """Patients of a model: numbers (n, n_parameters), events and route of each, output times (d)."""

    model: Model
    numbers: np.ndarray
    events: list[Events]
    routes: np.ndarray
    times: np.ndarray
    outputs: tuple[str, ...]


def cohort(system: Model, count: int, first: int = 0, seed: int = 43) -> Cohort:
    """Return patients ``first`` to ``first + count``; who a patient is does not depend on the others."""
    ids = np.arange(first, first + count)
    who = Patients(seed, "stiff43", ids, np.zeros(count, np.int64), uncertainty=False)
    numbers = draw_numbers(system, who)
    routes = ids % 3
    return Cohort(
        system, numbers, [_events(system, int(k), seed) for k in ids], routes,
        np.linspace(0.0, DAYS, 100), OUTPUTS,
    )  # fmt: skip


def _events(system: Model, patient: int, seed: int) -> Events:
    """Return the 44 administrations of a patient as events."""
    rng = np.random.Generator(np.random.Philox(key=[seed, patient]))
    jitter = rng.uniform(0.0, 0.3, len(IL21_DAYS) + len(ANTIBODY_DAYS))
    route = ROUTES[patient % 3]
    targets = system.doses["stiff43"]
    given: list[Dose] = []
    for k, (day, shift) in enumerate(zip(IL21_DAYS, jitter, strict=False)):
        over = HALF_HOUR if route == "iv" and k % 3 == 2 else 0.0
        given.append(Dose(day + shift, IL21_DOSE, over, targets[route], "stiff43"))
    for day, shift in zip(ANTIBODY_DAYS, jitter[len(IL21_DAYS) :], strict=True):
        given.append(Dose(day + 0.4 + shift, ANTIBODY_DOSE, HALF_HOUR, targets["ab"], "stiff43"))
    return events_of(system, given, {}, 0.0, DAYS)


def main() -> None:
    """Print what the model is and what becomes of some of its patients."""
    from il21.engine.batch import solve_batch
    from il21.engine.compile import machine_of
    from il21.engine.system import infused

    system = model()
    people = cohort(system, 500)
    found = solve_batch(
        system, people.numbers, people.events, people.times, outputs=people.outputs, threads=1
    )
    machine = machine_of(system, found.names, infused(system))
    varied = sum(1 for row in NUMBERS if row[4])
    print(
        f"{len(system.species)} states, {len(NUMBERS)} parameters ({varied} varied),"
        f" {len(machine.system.jacobian)} slopes, {machine.system.elimination.fill} filled"
    )
    print(f"failed {np.count_nonzero(found.status)}, steps {found.steps.mean():.0f} on average")
    tumour = found.outputs[:, :, people.outputs.index("V")]
    print(f"tumour gone in {np.mean(tumour[:, -1] == 0.0):.0%} of patients")
    for k, name in enumerate(people.outputs):
        peak = found.outputs[:, :, k].max(axis=1)
        low, mid, high = np.quantile(peak, (0.05, 0.5, 0.95))
        last = np.median(found.outputs[:, -1, k])
        print(f"  {name:<6} peak {mid:10.4g} ({low:.4g} to {high:.4g}), at the end {last:.4g}")


if __name__ == "__main__":
    main()
