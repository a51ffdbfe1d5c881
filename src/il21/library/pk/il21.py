"""IL-21 in the body: under the skin, in plasma, in tissue, in tumour fluid and in the lymph node.

Shape of Elishmereni et al. 2011, with the deep tissue of the deposit read as a loss.  Plasma is not
debited for tumour fluid (less than 1 % of the amount).  Endogenous IL-21 enters as the level that
its output would hold, which saves a slow background state.  Peritoneal, plasmid and vaccine
routes are not declared yet.
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species

IL21 = Module(
    name="il21",
    about="IL-21: ways in, plasma, tissue, tumour fluid and lymph node",
    source="Elishmereni2011",
    inputs=(
        Input("J",      "ng/d",  "endogenous IL-21 made by CD4 cells"),
        Input("TV",     "Mcell", "living tumour cells"),
        Input("vol_T",  "mL",    "volume of the tumour fluid"),
    ),
    parameters=(
        Parameter("V_c",    "mL",           "plasma volume of IL-21"),
        Parameter("k_el",   "1/d",          "loss from plasma"),
        Parameter("k_cp",   "1/d",          "plasma to tissue"),
        Parameter("k_pc",   "1/d",          "return from tissue"),
        Parameter("k_sc",   "1/d",          "uptake from under the skin, each of two steps"),
        Parameter("k_scl",  "1/d",          "loss under the skin, at each step"),
        Parameter("k_perm", "1/d",          "exchange of plasma and tumour fluid"),
        Parameter("kp_T",   "1",            "partition into tumour fluid"),
        Parameter("k_wash", "1/d",          "drainage of tumour fluid"),
        Parameter("kp_LN",  "1",            "partition into the lymph node"),
        Parameter("f_dr",   "1",            "share of the tumour-fluid level that meets the node"),
        Parameter("h_sec",  "ng/(Mcell*d)", "secretion by transfected tumour cells"),
        Parameter("k_end",  "1/d",          "loss of endogenous IL-21"),
    ),
    species=(
        Species("sc1", "ng",    "under the skin"),
        Species("sc2", "ng",    "on its way from there"),
        Species("C",   "ng",    "in plasma"),
        Species("P",   "ng",    "in tissue"),
        Species("L_T", "ng/mL", "level in tumour fluid"),
    ),
    definitions=(
        Definition("level_C", "ng/mL", "C / V_c", "level in plasma from doses"),
        Definition("C_end",   "ng/mL", "J / (k_end * V_c)", "endogenous level"),
        Definition("L_LN",    "ng/mL", "kp_LN * level_C + C_end + f_dr * L_T",
                   "level in the lymph node"),
    ),
    processes=(
        Process("sc_uptake",    "sc1 -> sc2", "k_sc * sc1"),
        Process("sc_arrival",   "sc2 -> C",   "k_sc * sc2"),
        Process("sc1_loss",     "sc1 -> 0",   "k_scl * sc1"),
        Process("sc2_loss",     "sc2 -> 0",   "k_scl * sc2"),
        Process("clearance",    "C -> 0",     "k_el * C"),
        Process("to_tissue",    "C <-> P",    "k_cp * C - k_pc * P"),
        Process("tumour_entry", "0 -> L_T",   "k_perm * kp_T * level_C"),
        Process("tumour_exit",  "L_T -> 0",   "k_perm * L_T"),
        Process("secretion",    "0 -> L_T",   "h_sec * TV / vol_T"),
        Process("wash",         "L_T -> 0",   "k_wash * L_T"),
    ),
    observables=(
        Observable("plasma", "ng/mL", "level_C", "IL-21 in plasma from doses"),
        Observable("serum",  "ng/mL", "level_C + C_end", "IL-21 in serum, endogenous included"),
        Observable("node",   "ng/mL", "L_LN", "IL-21 that cells of the lymph node meet"),
    ),
    doses={"iv": "C", "sc": "sc1"},
)
