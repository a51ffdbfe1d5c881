"""The IL-21 receptor and its competitors for the common gamma chain, at quasi-equilibrium.

IL-21 binds IL-21R first (Zhang et al. 2003); the binary complex then needs gamma chain on the
membrane, which complexes of IL-2, IL-15 and others want as well.  Exact for equal membrane
affinities.  All gamma chain in use is T = (total - sqrt(total^2 - 4 G D)) / 2, and the share of
IL-21 is T b / D, written here as 2 G b / (total + sqrt(...)), which is the same and regular at
D = 0.  W is a second, low-potency programme, which empirically carries four effects.
"""

from il21.declare import Definition, Input, Module, Parameter

RECEPTOR = Module(
    name="receptor",
    about="signal of IL-21 through IL-21R and the common gamma chain",
    source="Zhang2003",
    inputs=(
        Input("level", "ng/mL", "free IL-21 that the cells meet"),
        Input("L_2",   "ng/mL", "free IL-2"),
        Input("L_15",  "ng/mL", "free IL-15"),
    ),
    parameters=(
        Parameter("K_D1",  "ng/mL",  "dissociation constant of IL-21 and IL-21R"),
        Parameter("R_21",  "1/cell", "IL-21R per cell"),
        Parameter("R_ref", "1/cell", "IL-21R per reference cell"),
        Parameter("G",     "1/cell", "gamma chain per cell"),
        Parameter("G_ref", "1/cell", "gamma chain per reference cell"),
        Parameter("K_2D",  "1/cell", "membrane dissociation constant of gamma chain"),
        Parameter("Rc_2",  "1/cell", "IL-2 complexes at saturation"),
        Parameter("K_2",   "ng/mL",  "IL-2 for half effect"),
        Parameter("Rc_15", "1/cell", "IL-15 complexes at saturation"),
        Parameter("K_15",  "ng/mL",  "IL-15 for half effect"),
        Parameter("D_47",  "1/cell", "complexes of IL-4, IL-7 and IL-9"),
        Parameter("EC_W",  "ng/mL",  "IL-21 for half of the low-potency programme"),
        Parameter("n_W",   "1",      "steepness of that programme"),
    ),
    definitions=(
        Definition("o_2",   "1",      "L_2 / (L_2 + K_2)", "effect level of IL-2"),
        Definition("o_15",  "1",      "L_15 / (L_15 + K_15)", "effect level of IL-15"),
        Definition("b",     "1/cell", "R_21 * level / (level + K_D1)", "binary IL-21 complexes"),
        Definition("D_c",   "1/cell", "Rc_2 * o_2 + Rc_15 * o_15 + D_47", "competing complexes"),
        Definition("D",     "1/cell", "b + D_c", "complexes that want gamma chain"),
        Definition("total", "1/cell", "G + D + K_2D"),
        Definition("T21",   "1/cell", "2 * G * b / (total + sqrt(total^2 - 4 * G * D))",
                   "signalling IL-21 complexes"),
        Definition("total_ref", "1/cell", "G_ref + R_ref + K_2D"),
        Definition("T_ref", "1/cell",
                   "2 * G_ref * R_ref / (total_ref + sqrt(total_ref^2 - 4 * G_ref * R_ref))",
                   "the same at infinite IL-21 on a reference cell without competitors"),
        Definition("S",     "1",      "T21 / T_ref", "fast signal"),
        Definition("W",     "1",      "S * hill(level, EC_W, n_W)", "low-potency programme"),
    ),
)
