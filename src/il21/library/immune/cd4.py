"""CD4 cells as the source of endogenous IL-21: resting, activated and Th17.

Activated cells include follicular helpers.  Activation saturates in the number of resting cells:
niches that bear antigen limit it.  The half number is set by the twofold fall of serum IL-21 in
AIDS (Iannello et al. 2008).
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species

CD4 = Module(
    name="cd4",
    about="CD4 cells and the IL-21 that they make",
    source="Iannello2008",
    inputs=(
        Input("ag", "1", "antigen presented, 0 to 1"),
    ),
    parameters=(
        Parameter("H0",    "Mcell",        "resting CD4 cells without antigen"),
        Parameter("s_H",   "Mcell/d",      "supply"),
        Parameter("d_H",   "1/d",          "loss of resting cells"),
        Parameter("a_H",   "Mcell/d",      "largest flux of activation"),
        Parameter("K_H",   "Mcell",        "resting cells for half of it"),
        Parameter("a_Hag", "1",            "antigen on activation"),
        Parameter("n_H",   "1",            "cells that arrive per activated cell"),
        Parameter("f_17",  "1",            "share that become Th17"),
        Parameter("d_Ha",  "1/d",          "contraction"),
        Parameter("q_a",   "ng/(Mcell*d)", "IL-21 made by activated cells"),
        Parameter("q_17",  "ng/(Mcell*d)", "IL-21 made by Th17 cells"),
    ),
    species=(
        Species("H",    "Mcell", "resting CD4 cells", start="H0"),
        Species("H_a",  "Mcell", "activated CD4 cells",
                start="n_H * (1 - f_17) * a_H * H0 / (H0 + K_H) / d_Ha"),
        Species("H_17", "Mcell", "Th17 cells",
                start="n_H * f_17 * a_H * H0 / (H0 + K_H) / d_Ha"),
    ),
    definitions=(
        Definition("act",    "Mcell/d", "a_H * H / (H + K_H) * (1 + a_Hag * ag)", "activation"),
        Definition("J",   "ng/d",   "q_a * H_a + q_17 * H_17", "endogenous IL-21 made"),
    ),
    processes=(
        Process("supply",         "0 -> H",          "s_H"),
        Process("death",          "H -> 0",          "d_H * H"),
        Process("activation",     "H -> n_H * H_a",  "(1 - f_17) * act"),
        Process("activation_17",  "H -> n_H * H_17", "f_17 * act"),
        Process("contraction",    "H_a -> 0",        "d_Ha * H_a"),
        Process("contraction_17", "H_17 -> 0",       "d_Ha * H_17"),
    ),
    observables=(
        Observable("resting",   "Mcell", "H",   "resting CD4 cells"),
        Observable("activated", "Mcell", "H_a", "activated CD4 cells"),
    ),
)
