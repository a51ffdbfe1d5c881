"""Small models for the engine's tests, composed as any other."""

from functools import cache

from il21.compose.join import join
from il21.compose.table import table_from
from il21.declare import Assembly, Definition, Module, Observable, Parameter, Process, Species
from il21.declare.model import Switch, Trigger


def number(value, how="assumed"):
    return {
        "any": {"value": value, "source": "here", "how": how, "read": "none", "because": "a test"}
    }


def composed(module, numbers):
    table = table_from(
        {name: number(value) for name, value in numbers.items()}, module.name, "here"
    )
    assembly = Assembly(
        name=module.name, about="a test", source="here", host="mouse", modules=(module.name,)
    )
    return join(assembly, lambda _: (module, table))


def parameters(*rows):
    return tuple(Parameter(name, unit, f"{name} of the test") for name, unit in rows)


def species(*rows):
    return tuple(Species(name, unit, f"{name} of the test", *start) for name, unit, *start in rows)


@cache
def decay():
    """One drug, two compartments, bolus or infusion into the first."""
    module = Module(
        name="drug", about="a drug", source="here",
        parameters=parameters(
            ("CL", "mL/h"), ("V", "mL"), ("V2", "mL"), ("Q", "mL/h"), ("k_a", "1/h"),
        ),
        species=species(("depot", "ug"), ("central", "ug"), ("far", "ug")),
        definitions=(Definition("level", "ng/mL", "central / V"),),
        processes=(
            Process("absorption", "depot -> central", "k_a * depot"),
            Process("clearance", "central -> 0", "CL * level"),
            Process("exchange", "central <-> far", "Q * (level - far / V2)"),
        ),
        observables=(Observable("seen", "ng/mL", "max(level, 0.1 [ng/mL])"),),
        doses={"iv": "central", "sc": "depot"},
    )  # fmt: skip
    return composed(
        module, {"CL": "20 mL/h", "V": "300 mL", "V2": "700 mL", "Q": "50 mL/h", "k_a": "0.3 1/h"}
    )


@cache
def pulsed():
    """A pool fed while a periodic switch is on, with a clock of its own (df/dt is not 0)."""
    module = Module(
        name="pulse", about="a pulse", source="here",
        parameters=parameters(("k", "1/d"), ("s", "ug/d"), ("on", "d"), ("off", "d"), ("every", "d")),
        species=species(("x", "ug"), ("z", "ug", "1 [ug]")),
        switches=(Switch("lit", "on", "off", "every"),),
        processes=(
            Process("feeding", "0 -> x", "s * lit"),
            Process("loss", "x -> 0", "k * x"),
            Process("swing", "0 <-> z", "s * tanh(k * time - 2) - k * z * exp(-k * time)"),
        ),
    )  # fmt: skip
    return composed(
        module, {"k": "0.8 1/d", "s": "2 ug/d", "on": "0.25 d", "off": "0.75 d", "every": "1 d"}
    )


@cache
def extinction():
    """A tumour killed until it is gone: below V_min it is set to 0, and a counter to 1."""
    module = Module(
        name="tumour", about="a tumour", source="here",
        parameters=parameters(("g", "1/d"), ("kill", "1/d"), ("V_min", "Mcell"), ("V_0", "Mcell")),
        species=species(("V", "Mcell", "V_0"), ("drug", "ug", "1 [ug]"), ("gone", "1")),
        processes=(
            Process("growth", "0 -> V", "g * V"),
            Process("death", "V -> 0", "kill * V * drug / (drug + 0.2 [ug])"),
            Process("fading", "drug -> 0", "0.05 [1/d] * drug"),
        ),
        triggers=(Trigger("eradicated", "V < V_min", {"V": "0", "gone": "gone + 1"}),),
    )  # fmt: skip
    return composed(
        module, {"g": "0.3 1/d", "kill": "1.4 1/d", "V_min": "0.01 Mcell", "V_0": "30 Mcell"}
    )


@cache
def refill():
    """A tank that a trigger fills each time it is nearly empty: the trigger is armed again."""
    module = Module(
        name="tank", about="a tank", source="here",
        parameters=parameters(("k", "1/d"), ("low", "mL"), ("full", "mL")),
        species=species(("level", "mL", "full"), ("count", "1")),
        processes=(Process("leak", "level -> 0", "k * level"),),
        triggers=(Trigger("filling", "level < low", {"level": "full", "count": "count + 1"}),),
    )  # fmt: skip
    return composed(module, {"k": "1 1/d", "low": "1 mL", "full": "10 mL"})


@cache
def robertson():
    """Three species at rates ten decades apart."""
    module = Module(
        name="stiff", about="a stiff chain", source="here",
        parameters=parameters(("k1", "1/d"), ("k2", "1/nmol/d"), ("k3", "1/nmol/d")),
        species=species(("a", "nmol", "1 [nmol]"), ("b", "nmol"), ("c", "nmol")),
        processes=(
            Process("first", "a -> b", "k1 * a"),
            Process("second", "b -> c", "k2 * b^2"),
            Process("third", "b -> a", "k3 * b * c"),
        ),
        conserved=("a + b + c",),
    )  # fmt: skip
    return composed(module, {"k1": "0.04 1/d", "k2": "3e7 1/nmol/d", "k3": "1e4 1/nmol/d"})


@cache
def kinetics():
    """Hill, real power, logarithm (Gompertz), min and max, starting from zero."""
    module = Module(
        name="hills", about="saturation", source="here",
        parameters=parameters(
            ("v", "ug/d"), ("K", "ug"), ("n", "1"), ("k", "1/d"), ("V_0", "Mcell"), ("cap", "Mcell"),
            ("g", "1/d"), ("p", "1"),
        ),
        species=species(("x", "ug"), ("y", "ug"), ("V", "Mcell", "V_0")),
        definitions=(Definition("act", "1", "hill(x, K, n)"),),
        processes=(
            Process("supply", "0 -> x", "v"),
            Process("loss", "x -> 0", "k * x"),
            Process("making", "0 -> y", "v * act * min(1, 0.2 + act)"),
            Process("ending", "y -> 0", "k * max(y, 0.01 [ug]) * (max(y, 0) / K)^p"),
            Process("gompertz", "0 -> V", "g * V * log(cap / V)"),
            Process("kill", "V -> 0", "g * V * act * sqrt(max(y, 0) / K)"),
        ),
        doses={"iv": "x"},
    )  # fmt: skip
    return composed(
        module,
        {
            "v": "3 ug/d", "K": "2 ug", "n": "2.5", "k": "0.7 1/d", "V_0": "1 Mcell",
            "cap": "50 Mcell", "g": "0.3 1/d", "p": "0.6667",
        },
    )  # fmt: skip


@cache
def swing():
    """A swing whose trigger counts the times it rises above a level, and changes nothing else."""
    module = Module(
        name="swing", about="a swing", source="here",
        parameters=parameters(("w", "1/d"), ("level", "mL")),
        species=species(("x", "mL"), ("v", "mL", "1 [mL]"), ("count", "1")),
        processes=(Process("up", "0 <-> x", "w * v"), Process("down", "0 <-> v", "-w * x")),
        triggers=(Trigger("rising", "x > level", {"count": "count + 1"}),),
    )  # fmt: skip
    return composed(module, {"w": "6.283185307179586 1/d", "level": "0.5 mL"})
