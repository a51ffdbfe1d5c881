"""Regulatory T cells: how much of the CD8 room they take away, and how IL-21 frees it.

IL-21 makes conventional cells resist and does not hit regulatory cells directly (Attridge et al.
2012): none at 10, in part at 60 ng/mL (Comes et al. 2006).
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species

TREG = Module(
    name="treg",
    about="regulatory T cells and their grip on CD8 cells",
    source="Comes2006",
    inputs=(
        Input("o_2",  "1", "effect level of IL-2"),
        Input("f_T",  "1", "size of the tumour, 0 to 1"),
        Input("W_LN", "1", "low-potency IL-21 signal in the lymph node"),
    ),
    parameters=(
        Parameter("R0",    "Mcell",   "regulatory cells at rest"),
        Parameter("R_50",  "Mcell",   "regulatory cells that halve the CD8 room"),
        Parameter("s_R",   "Mcell/d", "supply"),
        Parameter("d_R",   "1/d",     "loss"),
        Parameter("p_R",   "1/d",     "growth"),
        Parameter("e_RT",  "1",       "tumour on growth"),
        Parameter("R_top", "1",       "where growth stops, in units of R_50"),
        Parameter("treg",  "1",       "dependence of the tumour on regulatory cells"),
        Parameter("rho_W", "1",       "share of the grip that the low-potency signal frees"),
    ),
    species=(
        Species("R", "Mcell", "regulatory cells", start="R0"),
    ),
    definitions=(
        Definition("R_s", "1", "treg * (R / R_50) * (1 - rho_W * W_LN)", "grip"),
        Definition("sup", "1", "1 / (1 + R_s)", "factor left to CD8 cells"),
    ),
    processes=(
        Process("supply", "0 -> R", "s_R"),
        Process("death",  "R -> 0", "d_R * R"),
        Process("growth", "0 -> R", "p_R * R * (o_2 + e_RT * f_T) * (1 - R / (R_top * R_50))"),
    ),
    observables=(
        Observable("cells", "Mcell", "R", "regulatory cells"),
    ),
)
