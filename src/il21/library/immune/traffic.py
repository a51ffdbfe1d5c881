"""Lymphocytes leave the blood under IL-21 and come back: a dip without death.

Circulating NK and T cells fall with the dose and are back at rest (Frederiksen et al. 2008).
"""

from il21.declare import Input, Module, Observable, Parameter, Process, Species

TRAFFIC = Module(
    name="traffic",
    about="share of lymphocytes that is left in blood",
    source="Frederiksen2008",
    inputs=(
        Input("S_LN", "1", "IL-21 signal in the lymph node"),
        Input("o_2",  "1", "effect level of IL-2"),
    ),
    parameters=(
        Parameter("k_ret", "1/d", "return to blood"),
        Parameter("k_mar", "1/d", "margination"),
        Parameter("e_2w",  "1",   "IL-2 on margination, relative to IL-21"),
    ),
    species=(
        Species("w", "1", "share left in blood", start="1"),
    ),
    processes=(
        Process("return_in",  "0 -> w", "k_ret"),
        Process("return_out", "w -> 0", "k_ret * w"),
        Process("leaving",    "w -> 0", "k_mar * (S_LN + e_2w * o_2) * w"),
    ),
    observables=(
        Observable("blood", "1", "w", "lymphocytes in blood, share of those at rest"),
    ),
)
