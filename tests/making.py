"""Small declarations that the tests compose: one drug, its evidence, and copies with one change."""

from il21.compose.join import join
from il21.compose.table import table_from
from il21.declare import Assembly, Definition, Module, Observable, Parameter, Process, Species

NUMBERS = {"CL": "2 mL/h", "V": "100 mL", "k_a": "0.5 1/h"}


def drug(**changes):
    """One compartment with a depot; keyword arguments replace whole fields of the module."""
    fields = dict(
        name="drug",
        about="a drug",
        source="Test2026",
        parameters=(
            Parameter("CL", "mL/h", "clearance"),
            Parameter("V", "mL", "volume"),
            Parameter("k_a", "1/h", "uptake"),
        ),
        species=(Species("depot", "ug", "under the skin"), Species("central", "ug", "in plasma")),
        definitions=(Definition("level", "ng/mL", "central / V"),),
        processes=(
            Process("uptake", "depot -> central", "k_a * depot"),
            Process("clearance", "central -> 0", "CL * level"),
        ),
        observables=(Observable("plasma", "ng/mL", "level", "in plasma"),),
        doses={"iv": "central", "sc": "depot"},
    )
    return Module(**(fields | changes))


def record(value, **more):
    """One record of evidence as it stands in TOML."""
    return {"value": value, "source": "Test2026, Table 1", "how": "measured", **more}


def evidence(values, module="drug", **rows):
    """An evidence table: values by parameter, for any host; ``rows`` replace whole parameters."""
    data = {name: {"any": record(value)} for name, value in values.items()}
    return table_from(data | rows, module, f"{module}.toml")


def compose(*parts, **fields):
    """Join (module, evidence table) pairs into a model; keyword arguments go to the assembly."""
    known = {module.name: (module, table) for module, table in parts}
    given = dict(
        name="test",
        about="a test",
        source="Test2026",
        host="mouse",
        modules=tuple(known),
        span="2 d",
    )
    return join(Assembly(**(given | fields)), lambda name: known[name])


def drug_model(module=None, values=None, **fields):
    """The drug composed, with prescriptions to the agent "X"."""
    table = evidence(NUMBERS | (values or {}))
    return compose((module or drug(), table), **({"agents": {"X": "drug"}} | fields))
