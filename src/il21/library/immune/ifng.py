"""Interferon gamma of the tumour fluid, made by NK and CD8 cells.

Fc receptors engaged by an antibody would add to it and multiply IL-21's share (Roda et al. 2006,
2007); no antibody is declared yet, so those terms are left out.
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species

IFNG = Module(
    name="ifng",
    about="interferon gamma in the tumour fluid",
    source="il21_system",
    inputs=(
        Input("N_T",   "Mcell", "NK cells in the tumour"),
        Input("T_8",   "Mcell", "specific CD8 cells in the tumour"),
        Input("S_T",   "1",     "IL-21 signal in the tumour"),
        Input("ag",    "1",     "antigen presented, 0 to 1"),
        Input("Z",     "1",     "activation of NKT cells"),
        Input("vol_T", "mL",    "volume of the tumour fluid"),
    ),
    parameters=(
        Parameter("q_IN",  "ng/(Mcell*d)", "output of a fully driven NK cell"),
        Parameter("i_B",   "1",            "basal share"),
        Parameter("i_21",  "1",            "share that IL-21 drives"),
        Parameter("i_Z",   "1",            "share that NKT cells drive"),
        Parameter("q_I8",  "ng/(Mcell*d)", "output of CD8 cells that meet antigen"),
        Parameter("e_I8",  "1",            "IL-21 on it"),
        Parameter("k_IF",  "1/d",          "loss"),
        Parameter("K_IF",  "ng/mL",        "level for half effect"),
        Parameter("ifng",  "1",            "the gene: 1, or 0 in a knock-out"),
        Parameter("stat1", "1",            "STAT1: 1, or 0 in a knock-out"),
    ),
    species=(
        Species("I", "ng/mL", "interferon gamma"),
    ),
    definitions=(
        Definition("ifn", "1", "I / (I + K_IF)", "effect level"),
    ),
    processes=(
        Process("from_nk",  "0 -> I",
                "ifng * q_IN * N_T * (i_B + i_21 * S_T * stat1 + i_Z * Z) / vol_T"),
        Process("from_cd8", "0 -> I", "ifng * q_I8 * T_8 * ag * (1 + e_I8 * S_T * stat1) / vol_T"),
        Process("loss",     "I -> 0", "k_IF * I"),
    ),
    observables=(
        Observable("level", "ng/mL", "I", "interferon gamma in the tumour fluid"),
    ),
)
