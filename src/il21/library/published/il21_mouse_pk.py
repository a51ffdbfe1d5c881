"""IL-21 in the mouse: three ways in, one way out, two tissues to wait in.

Elishmereni et al. 2011 as refitted in the deposit DDMODEL00000230, one compartment fewer than
print.  The deposit names no unit; hours, litres and micrograms are the consistent reading.
Its saturation scalars sa0, sa1, sa2 and its subcutaneous loss k30 are held at zero there, so the
deposit is linear; the linear form stands here, because four constants without a fitted value
would be names without evidence.  The deep tissue (V5 = 24.4 L in a 20 g animal) is a sink that
gives a 1,220 h tail: a fitting artefact, kept because this is the deposit, used nowhere else.
"""

from il21.declare import Module, Observable, Parameter, Process, Species

IL21_MOUSE_PK = Module(
    name="il21_mouse_pk",
    about="pharmacokinetics of IL-21 in the mouse, as deposited",
    source="Elishmereni2011",
    parameters=(
        Parameter("CL",  "L/h", "clearance from plasma"),
        Parameter("V2",  "L",   "volume of plasma"),
        Parameter("V4",  "L",   "volume of the shallow tissue"),
        Parameter("V5",  "L",   "volume of the deep tissue"),
        Parameter("k12", "1/h", "uptake from the peritoneum, each of two steps"),
        Parameter("k10", "1/h", "loss in the peritoneum, at each step"),
        Parameter("k32", "1/h", "uptake from under the skin, each of two steps"),
        Parameter("k24", "1/h", "plasma to shallow tissue"),
        Parameter("k25", "1/h", "plasma to deep tissue"),
    ),
    species=(
        Species("ip",      "ug", "in the peritoneum (A1)"),
        Species("ip2",     "ug", "on its way from there (A6)"),
        Species("sc",      "ug", "under the skin (A3)"),
        Species("sc2",     "ug", "on its way from there (A7)"),
        Species("central", "ug", "in plasma (A2)"),
        Species("near",    "ug", "in shallow tissue (A4)"),
        Species("far",     "ug", "in deep tissue (A5)"),
    ),
    processes=(
        Process("ip_uptake",  "ip -> ip2",        "k12 * ip"),
        Process("ip_arrival", "ip2 -> central",   "k12 * ip2"),
        Process("ip_loss",    "ip -> 0",          "k10 * ip"),
        Process("ip2_loss",   "ip2 -> 0",         "k10 * ip2"),
        Process("sc_uptake",  "sc -> sc2",        "k32 * sc"),
        Process("sc_arrival", "sc2 -> central",   "k32 * sc2"),
        Process("clearance",  "central -> 0",     "CL / V2 * central"),
        Process("to_near",    "central <-> near", "k24 * (central - V2 / V4 * near)"),
        Process("to_far",     "central <-> far",  "k25 * (central - V2 / V5 * far)"),
    ),
    observables=(
        Observable("plasma", "ng/mL", "central / V2", "IL-21 in plasma", "proportional 0.975%"),
    ),
    doses={"ip": "ip", "sc": "sc", "iv": "central"},
)
