"""Two slow averages of the low-potency signal: a brake on CD8 cells and the arming of NK cells.

Short peaks of IL-21 cost little; sustained high exposure turns the response from CD8 to NK cells.
IL-21 inhibits maturation of dendritic cells and priming (Brandt et al. 2003); CD8 cells primed
under it hold less Eomes and granzyme (Hinrichs et al. 2008).
"""

from il21.declare import Definition, Input, Module, Parameter, Process, Species

PROGRAMME = Module(
    name="programme",
    about="slow brake on CD8 cells and slow arming of NK cells",
    source="il21_system",
    inputs=(
        Input("W_LN", "1", "low-potency signal in the lymph node"),
        Input("W_T",  "1", "low-potency signal in the tumour"),
    ),
    parameters=(
        Parameter("k_X", "1/d", "turnover of the brake"),
        Parameter("k_A", "1/d", "turnover of the arming"),
        Parameter("b_X", "1",   "brake on priming, recall and the IL-21 programme of CD8 cells"),
        Parameter("b_K", "1",   "brake on lysis by CD8 cells in the tumour"),
        Parameter("dc",  "1",   "dendritic cells present antigen: 1, or 0 in wells of pure cells"),
    ),
    species=(
        Species("X",   "1", "brake"),
        Species("A_N", "1", "arming of NK cells"),
    ),
    definitions=(
        Definition("br",  "1", "1 / (1 + b_X * dc * X)", "factor on priming, recall and programme"),
        Definition("brk", "1", "1 / (1 + b_K * X)", "factor on lysis by CD8 cells"),
    ),
    processes=(
        Process("brake_on",  "0 -> X",   "k_X * W_LN"),
        Process("brake_off", "X -> 0",   "k_X * X"),
        Process("arming",    "0 -> A_N", "k_A * W_T"),
        Process("disarming", "A_N -> 0", "k_A * A_N"),
    ),
)
