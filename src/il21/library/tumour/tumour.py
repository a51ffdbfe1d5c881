"""A tumour of sensitive and tolerant cells, how immune cells kill it, and the antigen it sheds.

One law of killing everywhere: effectors over all cells of the site, so that a titration in a well
and a tumour in a body use the same constants.  The tolerant clone keeps a share of each kill.
Killed cells fill D, which is still seen on a scan until it is cleared.  `live` = 0 freezes the
living cells (run-in of a patient) while D, antigen and immune cells go on.

Left out: killing with antibody by NK cells and macrophages, because no antibody is declared
(endogenous tumour-binding IgG alone opsonises a share of about 1e-3 and macrophages would kill
about 1e-5 per day); direct effects of IL-21 on tumour cells, zero in melanoma and renal carcinoma.
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species, Trigger

TUMOUR = Module(
    name="tumour",
    about="tumour cells, dying cells, antigen, and their killing",
    source="il21_system",
    inputs=(
        Input("N_T", "Mcell", "NK cells in the tumour"),
        Input("P_N", "1",     "lytic content per NK cell"),
        Input("T_8", "Mcell", "specific CD8 cells in the tumour"),
        Input("P_8", "1",     "lytic content per CD8 cell"),
        Input("brk", "1",     "factor of the brake on CD8 lysis"),
        Input("R_s", "1",     "grip of regulatory cells"),
        Input("ifn", "1",     "effect level of interferon gamma"),
    ),
    parameters=(
        Parameter("doubling", "d",        "doubling time of the untreated tumour"),
        Parameter("g",        "1/d",      "intrinsic growth, before immune killing"),
        Parameter("live",     "1",        "1, or 0 while the living tumour is frozen"),
        Parameter("V_lin",    "Mcell",    "where exponential growth turns linear"),
        Parameter("V_start",  "Mcell",    "living cells at the start"),
        Parameter("f_r",      "1",        "tolerant share of them"),
        Parameter("V_ext",    "Mcell",    "below this a clone is extinct"),
        Parameter("imm",      "1",        "antigenicity times precursor avidity, median"),
        Parameter("imm_sd",   "1",        "spread of its logarithm between subjects"),
        Parameter("z_imm",    "1",        "this subject's place in that spread"),
        Parameter("lig",      "1",        "ligands for NK cells"),
        Parameter("perf",     "1",        "perforin: 1, or 0 in a knock-out"),
        Parameter("k_N",      "1/d",      "cells killed per NK cell"),
        Parameter("k_8",      "1/d",      "cells killed per CD8 cell"),
        Parameter("r_T",      "1",        "regulatory cells on CD8 lysis"),
        Parameter("mhc_0",    "1",        "MHC without interferon gamma"),
        Parameter("esc",      "1",        "share of CD8 killing that meets the tolerant clone"),
        Parameter("esc_N",    "1",        "share of NK killing that meets it"),
        Parameter("K_c",      "Mcell/mL", "search constant"),
        Parameter("vol_S",    "mL",       "smallest volume of the site"),
        Parameter("rho",      "Mcell/mL", "cells in a volume of tumour"),
        Parameter("V_50",     "Mcell",    "tumour size for half of the largest entry"),
        Parameter("k_clr",    "1/d",      "clearing of dying cells"),
        Parameter("k_ag",     "1",        "antigen per dying cell"),
        Parameter("d_tur",    "1/d",      "spontaneous death, source of antigen only"),
        Parameter("d_ag",     "1/d",      "loss of antigen"),
        Parameter("K_ag",     "Mcell",    "antigen for half presentation"),
    ),
    species=(
        Species("V",   "Mcell", "sensitive tumour cells", start="V_start * (1 - f_r)"),
        Species("V_r", "Mcell", "tolerant tumour cells", start="V_start * f_r"),
        Species("D",   "Mcell", "dying tumour cells"),
        Species("A_g", "Mcell", "antigen, as cells that shed it"),
    ),
    definitions=(
        Definition("g_obs", "1/d",   "log(2) / doubling", "growth of the untreated tumour"),
        Definition("TV",    "Mcell", "V + V_r", "living tumour cells"),
        Definition("f_T",   "1",     "TV / (TV + V_50)", "size as a target of entry"),
        Definition("vol_T", "mL",    "max(vol_S, TV / rho)", "volume of the tumour fluid"),
        Definition("ag",    "1",     "A_g / (A_g + K_ag)", "antigen presented"),
        Definition("mhc",   "1",     "mhc_0 + (1 - mhc_0) * ifn", "MHC"),
        Definition("imm_patient", "1", "imm * exp(imm_sd * z_imm)", "antigenicity of this tumour"),
        Definition("site",  "Mcell", "N_T + T_8 + TV + K_c * vol_S", "cells of the site"),
        Definition("h_N",   "1/d",   "k_N * perf * lig * P_N * N_T / site", "killing by NK cells"),
        Definition("h_8",   "1/d",
                   "k_8 * perf * mhc * P_8 * T_8 / site * brk / (1 + r_T * R_s)",
                   "killing by CD8 cells"),
        Definition("h_s",   "1/d",   "h_N + h_8", "killing of sensitive cells"),
        Definition("h_r",   "1/d",   "esc_N * h_N + esc * h_8", "killing of tolerant cells"),
        Definition("killed", "Mcell/d", "h_s * V + h_r * V_r", "cells killed"),
        Definition("growing", "1/d", "live * g / (1 + TV / V_lin)", "growth"),
    ),
    processes=(
        Process("growth",       "0 -> V",   "growing * V"),
        Process("growth_r",     "0 -> V_r", "growing * V_r"),
        Process("kill",         "V -> 0",   "live * h_s * V"),
        Process("kill_r",       "V_r -> 0", "live * h_r * V_r"),
        Process("dying",        "0 -> D",   "killed"),
        Process("clearing",     "D -> 0",   "k_clr * D"),
        Process("antigen",      "0 -> A_g", "k_ag * (killed + d_tur * TV)"),
        Process("antigen_loss", "A_g -> 0", "d_ag * A_g"),
    ),
    triggers=(
        Trigger("extinct",   "V < V_ext",   {"V": "0"},   "the last sensitive cells are gone"),
        Trigger("extinct_r", "V_r < V_ext", {"V_r": "0"}, "the last tolerant cells are gone"),
    ),
    observables=(
        Observable("volume", "mL",    "(V + V_r + D) / rho", "volume of the tumour"),
        Observable("burden", "Mcell", "V + V_r + D", "cells that a scan sees, dying ones included"),
        Observable("living", "Mcell", "V + V_r", "living tumour cells"),
    ),
)
