"""Fever under IL-21 in the monkey: metabolism, heat loss and a moved set point.

Overgaard, Holford, Rytved & Madsen 2007, read from the deposit BIOMD0000000238.  Temperatures are
in kelvin; the set point moves by a share of its Celsius value, as deposited.  The deposit's kernel
g(x; 4, T) in days since each dose is a chain of four transits, whose last state times the
transit rate is g.  The slow chain is fed by the dose in mg per kg, the fast chain by 1 at each
administration: in the deposit the fast effect does not scale with the dose.  Priming is a logistic
function of the time since the first dose (high doses only).
"""

from il21.declare import Definition, Module, Observable, Parameter, Process, Species, Switch

OVERGAARD_2007 = Module(
    name="overgaard2007",
    about="core temperature of cynomolgus monkeys under IL-21",
    source="Overgaard2007",
    parameters=(
        Parameter("km",      "1/h",             "metabolism follows its target"),
        Parameter("c",       "kJ/kg_bw/K",      "specific heat of the body"),
        Parameter("T_a",     "K",               "ambient temperature"),
        Parameter("T_b",     "K",               "set point"),
        Parameter("delta_T", "K",               "difference between day and night"),
        Parameter("kinc",    "kJ/kg_bw/h/K^2",  "rise of conductance above the set point"),
        Parameter("M_b",     "kJ/kg_bw/h",      "basal metabolism"),
        Parameter("t_night", "h",               "the night begins"),
        Parameter("t_day",   "h",               "the night ends"),
        Parameter("pEtot",   "1",               "largest shift of the set point, share of Celsius"),
        Parameter("pE_slow", "kg_bw/mg",        "slow effect per dose (pEs2)"),
        Parameter("pE_fast", "1",               "fast effect per administration (pEf2)"),
        Parameter("kR",      "1/h",             "loss of bound receptor"),
        Parameter("T_slow",  "d",               "mean delay of the slow effect, four transits"),
        Parameter("T_fast",  "d",               "mean delay of the fast effect, four transits"),
        Parameter("alpha",   "1/h",             "steepness of priming"),
        Parameter("t_prime", "h",               "middle of priming after the first dose"),
        Parameter("M_0",     "kJ/kg_bw/h",      "metabolism at the start"),
        Parameter("T_0",     "K",               "temperature at the start"),
    ),
    species=(
        Species("M",  "kJ/kg_bw/h", "metabolism", start="M_0"),
        Species("T",  "K",          "core temperature", start="T_0"),
        Species("BR", "1",          "bound receptor, share of its largest effect"),
        *(Species(f"slow{k}", "mg/kg_bw", f"slow effect, transit {k} of 4") for k in (1, 2, 3, 4)),
        *(Species(f"fast{k}", "1",        f"fast effect, transit {k} of 4") for k in (1, 2, 3, 4)),
    ),
    definitions=(
        Definition("k_slow",  "1/d",          "4 / T_slow", "rate of the slow transits"),
        Definition("k_fast",  "1/d",          "4 / T_fast", "rate of the fast transits"),
        Definition("E_slow",  "1/d",          "pE_slow * k_slow * slow4", "slow effect"),
        Definition("E_fast",  "1/d",          "pE_fast * k_fast * fast4", "fast effect"),
        Definition("primed",  "1",
                   "1 / (1 + exp(-alpha * (since(overgaard2007) - t_prime)))", "priming (f')"),
        Definition("kb",      "kJ/kg_bw/h/K", "M_b / (T_b - T_a)", "conductance at the set point"),
        Definition("T_high",  "K",            "T_b + delta_T / 2", "temperature by day"),
        Definition("T_low",   "K",            "T_b - delta_T / 2", "temperature by night"),
        Definition("M_day",   "kJ/kg_bw/h",   "(kb + kinc * (T_high - T_b)) * (T_high - T_a)",
                   "metabolism by day"),
        Definition("M_rest",  "kJ/kg_bw/h",   "(kb + kinc * (T_low - T_b)) * (T_low - T_a)",
                   "metabolism by night before priming"),
        Definition("M_night", "kJ/kg_bw/h",   "(1 - primed) * M_rest + primed * M_day",
                   "metabolism by night"),
        Definition("M_c",     "kJ/kg_bw/h",   "M_day + night * (M_night - M_day)",
                   "what metabolism follows"),
        Definition("shift",   "K",            "(T_b - 273.15 [K]) * pEtot * BR",
                   "shift of the set point"),
        Definition("k",       "kJ/kg_bw/h/K", "kb + kinc * (T - T_b - shift)", "conductance"),
    ),
    switches=(
        Switch("night", on="t_night", off="t_day", period="24 h", about="1 by night"),
    ),
    processes=(
        Process("metabolism_rise", "0 -> M",  "km * M_c"),
        Process("metabolism_fall", "M -> 0",  "km * M"),
        Process("heat",            "0 -> T",  "M / c"),
        Process("heat_loss",       "T -> 0",  "k * (T - T_a) / c"),
        Process("binding",         "0 -> BR", "primed * (E_slow + E_fast) * (1 - BR)"),
        Process("unbinding",       "BR -> 0", "kR * BR"),
        *(
            Process(f"slow_{k}", f"slow{k} -> slow{k + 1}", f"k_slow * slow{k}")
            for k in (1, 2, 3)
        ),
        *(
            Process(f"fast_{k}", f"fast{k} -> fast{k + 1}", f"k_fast * fast{k}")
            for k in (1, 2, 3)
        ),
        Process("slow_4",          "slow4 -> 0", "k_slow * slow4"),
        Process("fast_4",          "fast4 -> 0", "k_fast * fast4"),
    ),
    observables=(
        Observable("temperature", "K", "T", "core temperature"),
        Observable("celsius",     "K", "T - 273.15 [K]", "core temperature above 273.15 K"),
    ),
    doses={"iv": "slow1, 1 -> fast1"},
)
