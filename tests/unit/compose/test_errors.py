"""What the errors of composition sound like: where, what was expected, what came, what to do."""

from dataclasses import replace

import pytest

from il21.compose.lint import lint
from il21.compose.parsed import read_module
from il21.compose.table import table_from
from il21.declare import (
    Definition,
    Effect,
    Input,
    Module,
    Observable,
    Parameter,
    Port,
    Process,
    Species,
    Switch,
    Trigger,
    Use,
)
from il21.errors import DeclarationError, EvidenceError, IL21Error, UnitError
from il21.lang.show import to_text
from il21.lang.tree import Number
from tests.making import NUMBERS, compose, drug, drug_model, evidence, record

READER = Module(
    name="nk", about="NK cells", source="Test2026",
    inputs=(Input("il21", "nmol/mL", "free IL-21 that the cells meet"),),
    parameters=(Parameter("EC50", "nmol/mL", "half of the fall"), Parameter("r", "1/day", "regrowth")),
    species=(Species("NK", "Mcell", "NK cells"),),
    definitions=(Definition("cap", "1", "EC50 / (EC50 + il21)"),),
    processes=(Process("regrowth", "0 -> NK", "r * NK * cap"),),
)  # fmt: skip
READER_NUMBERS = {"EC50": "1 nmol/mL", "r": "0.1 1/day"}


def says(error, *words, raises=DeclarationError):
    """Compose by calling ``error`` and check that the message holds every word."""
    with pytest.raises(raises) as caught:
        error()
    message = str(caught.value)
    for word in words:
        assert word in message
    assert type(caught.value) is raises
    assert "\n" not in message
    assert "Traceback" not in message


def replaced(kind, name, **changes):
    """The drug with one row of one kind changed."""
    module = drug()
    rows = tuple(replace(r, **changes) if r.name == name else r for r in getattr(module, kind))
    return replace(module, **{kind: rows})


def reader_model(module=READER, **fields):
    wires = {"wires": {"nk.il21": "drug.level"}}
    parts = (drug(), evidence(NUMBERS)), (module, evidence(READER_NUMBERS, "nk"))
    return compose(*parts, **(wires | fields))


def test_the_drug_itself_composes():
    assert [row.name for row in drug_model().species] == ["drug.depot", "drug.central"]


def test_undeclared_name_with_suggestion():
    module = replaced("processes", "clearance", rate="CL * levell")
    says(lambda: drug_model(module), "drug.clearance", "'levell' is not declared in module 'drug'",
         "did you mean 'level'?")  # fmt: skip


def test_unit_of_a_rate():
    module = replaced("processes", "clearance", rate="CL * central")
    says(lambda: drug_model(module), "drug.clearance: 'CL * central'", "must be ug/d",
         "to change 'central'", raises=UnitError)  # fmt: skip


def test_unit_on_the_other_side_of_the_arrow():
    module = replaced("processes", "uptake", change="depot -> 2 [mL] * central")
    says(lambda: drug_model(module), "drug.uptake", "'central'", raises=UnitError)


def test_unit_of_a_sum_in_the_authors_units():
    module = replaced("definitions", "level", formula="central / V + k_a")
    says(lambda: drug_model(module), "drug.level", "adds 'central / V' in ng/mL", "'k_a' in 1/h",
         raises=UnitError)  # fmt: skip


def test_unit_of_a_definition():
    module = replaced("definitions", "level", formula="central")
    says(lambda: drug_model(module), "drug.level: 'central' is in ng", "must be in ng/mL",
         raises=UnitError)  # fmt: skip


def test_unit_of_a_start_and_an_observable():
    module = replaced("species", "central", start="V")
    says(lambda: drug_model(module), "drug.central: 'V' is in mL", raises=UnitError)
    module = replaced("observables", "plasma", unit="ng")
    says(lambda: drug_model(module), "drug.plasma", "must be in ng", raises=UnitError)


def test_an_unreadable_unit():
    module = replaced("parameters", "CL", unit="mL/hr")
    says(lambda: drug_model(module), "drug.CL", "'hr' is not in the register", raises=UnitError)


def test_wire_of_another_unit():
    says(
        lambda: reader_model(),
        "wire nk.il21: wants nmol/mL, drug.level is in ng/mL",
        raises=UnitError,
    )
    says(lambda: reader_model(wires={"nk.il21": "3 ng"}), "wire nk.il21: wants nmol/mL", "'3 ng'",
         raises=UnitError)  # fmt: skip


def test_wire_from_nowhere_and_to_nowhere():
    says(lambda: reader_model(wires={"nk.il21": "drug.levell"}), "there is no 'drug.levell'",
         "did you mean 'drug.level'")  # fmt: skip
    says(lambda: reader_model(wires={"nk.il12": "0 nM", "nk.il21": "0 nM"}), "wire nk.il12",
         "did you mean 'nk.il21'?")  # fmt: skip


def test_unwired_input():
    says(lambda: reader_model(wires={}), "input nk.il21", "free IL-21 that the cells meet", "nmol/mL",
         "is not wired to anything")  # fmt: skip


@pytest.mark.parametrize("wire", ["0 nmol/mL", "0", "1 nM", "1 pmol/mL"])
def test_a_constant_can_be_wired(wire):
    assert reader_model(wires={"nk.il21": wire}).processes


def test_unused_declarations():
    module = replace(drug(), parameters=(*drug().parameters, Parameter("r3", "1/d", "unused")))
    says(lambda: drug_model(module, {"r3": "1 1/d"}), "module 'drug' declares ['r3'] and uses none")
    module = replace(drug(), species=(*drug().species, Species("idle", "ng", "idle")))
    says(lambda: drug_model(module), "['idle']")


def test_missing_value_for_a_host():
    table = table_from({"CL": {"human": record("1 mL/h")}} | {
        k: {"any": record(v)} for k, v in NUMBERS.items() if k != "CL"}, "drug", "drug.toml")  # fmt: skip
    says(lambda: compose((drug(), table)), "drug.toml", "no value of drug.CL (clearance, mL/h)",
         "for host 'mouse'", "add [CL.mouse]", raises=EvidenceError)  # fmt: skip
    assert compose((drug(), table), host="human").parameter("CL").value == 24.0


def test_input_changed_instead_of_port():
    module = replace(
        READER, processes=(*READER.processes, Process("binding", "il21 -> 0", "r * il21"))
    )
    says(lambda: reader_model(module), "nk.binding: 'il21' is an Input",
         "may read but not change; declare it a Port")  # fmt: skip


def test_a_port_is_wired_to_a_species():
    module = Module(
        name="eater", about="eats", source="Test2026", ports=(Port("food", "ng", "eaten"),),
        parameters=(Parameter("k", "1/d", "k"),), processes=(Process("eating", "food -> 0", "k * food"),),
    )  # fmt: skip
    parts = (drug(), evidence(NUMBERS)), (module, evidence({"k": "1 1/d"}, "eater"))
    model = compose(*parts, wires={"eater.food": "drug.central"})
    assert model.processes[-1].leaves == (("drug.central", Number(1.0)),)
    assert "eater.k * drug.central" in to_text(model.odes["drug.central"])
    says(
        lambda: compose(*parts, wires={"eater.food": "0 ng"}),
        "port eater.food: '0 ng' is not a species",
    )
    says(
        lambda: compose(*parts, wires={"eater.food": "drug.level"}), "eater.food", raises=UnitError
    )


def test_effect_on_a_missing_process():
    module = replace(READER, effects=(Effect("drug.clearence", "1 + cap"),))
    wired = {"wires": {"nk.il21": "0"}}
    says(lambda: reader_model(module, **wired), "nk: effect on drug.clearence: there is no such process",
         "did you mean 'drug.clearance'?")  # fmt: skip
    module = replace(READER, effects=(Effect("drug.clearance", "r"),))
    says(lambda: reader_model(module, **wired), "must be in 1", raises=UnitError)


def test_circle_of_definitions():
    rows = (
        Definition("level", "ng/mL", "other"),
        Definition("other", "ng/mL", "level - central / V"),
    )
    says(
        lambda: drug_model(drug(definitions=rows)),
        "in a circle: drug.level -> drug.other -> drug.level",
    )


def test_circle_through_a_wire():
    module = replace(
        READER, inputs=(Input("il21", "nmol/mL", "free"),),
        definitions=(Definition("cap", "1", "EC50 / (EC50 + il21)"), Definition("out", "nM", "il21")),
    )  # fmt: skip
    says(lambda: reader_model(module, wires={"nk.il21": "nk.out"}), "in a circle: nk.out -> nk.out")


def test_changes_that_cannot_be_read():
    for change, word in (
        ("depot", "cannot read 'depot'"),
        ("depot -> central -> 0", "cannot read"),
        ("0 -> 0", "changes nothing"),
        ("depto -> 0", "'depto' is not a species of module 'drug'; did you mean 'depot'?"),
        ("level -> 0", "'level' is not a species"),
    ):
        says(lambda change=change: drug_model(replaced("processes", "uptake", change=change)),
             "drug.uptake", word)  # fmt: skip


@pytest.mark.parametrize(
    "name", ["exp", "time", "ng", "pi", "if", "lambda", "2x", "a b", "__x", ""]
)
def test_forbidden_names(name):
    module = replace(drug(), parameters=(*drug().parameters, Parameter(name, "1", "forbidden")))
    says(lambda: read_module(module), f"drug.{name}")


def test_names_stand_once():
    says(
        lambda: read_module(drug(parameters=(*drug().parameters, drug().parameters[0]))),
        "declared twice",
    )
    says(lambda: read_module(drug(processes=(*drug().processes, Process("uptake", "0 -> depot", "0")))),
         "process 'uptake' is declared twice")  # fmt: skip
    says(
        lambda: read_module(drug(observables=(Observable("level", "ng/mL", "level"),))),
        "declared twice",
    )
    says(lambda: drug_model(modules=("drug", "drug")), "'drug' stands twice")


def test_starts_and_switch_times_are_known_before_the_run():
    module = replaced("species", "central", start="level * V")
    says(lambda: drug_model(module), "drug.central: start reads 'level', which is not a parameter")
    module = drug(
        definitions=(*drug().definitions, Definition("half", "h", "log(2) * V / CL")),
        switches=(Switch("lit", on="half", off="3 d"),),
        processes=(*drug().processes, Process("burn", "central -> 0", "lit * CL * level")),
    )
    says(lambda: drug_model(module), "drug.lit: on reads 'half'")


def test_triggers_doses_and_other_rows():
    trigger = Trigger("gone", "central < 1 [d]", {"central": "0"})
    says(
        lambda: drug_model(drug(triggers=(trigger,))),
        "drug.gone",
        "compares numbers in",
        raises=UnitError,
    )
    trigger = Trigger("gone", "central = 1 [ng]", {"central": "0"})
    says(lambda: drug_model(drug(triggers=(trigger,))), "cannot read the condition")
    trigger = Trigger("gone", "central < 1 [ng]", {"centrel": "0"})
    says(lambda: drug_model(drug(triggers=(trigger,))), "'centrel' is not a species", "'central'")
    trigger = Trigger("gone", "central < 1 [ng]", {"central": "V"})
    says(lambda: drug_model(drug(triggers=(trigger,))), "must be in ug", raises=UnitError)
    says(lambda: drug_model(drug(doses={"iv": "centrel"})), "dose route iv: 'centrel'", "'central'")
    says(
        lambda: drug_model(drug(doses={"iv": "1 mL -> central"})),
        "takes ug, not mL",
        raises=UnitError,
    )
    says(lambda: drug_model(drug(may_be_negative=("centrel",))), "may_be_negative", "'central'")
    says(
        lambda: drug_model(drug(conserved=("central + V",))),
        "conserved 'central + V'",
        raises=UnitError,
    )
    says(lambda: drug_model(agents={"X": "drag"}), "agent X: 'drag' takes no doses", "'drug'")
    says(lambda: drug_model(time="ng"), "is not a unit of time", raises=UnitError)
    says(lambda: drug_model(span="40"), "cannot be given in d", raises=UnitError)


def test_sets_for_an_instance_that_is_not_there():
    from il21.compose.join import join
    from il21.declare import Assembly

    assembly = Assembly(
        name="a", about="", source="T", host="mouse", modules=(Use(module="drug", sets=("x",)),)
    )
    parts = drug(), evidence(NUMBERS)
    assert join(assembly, lambda _: parts).species
    says(
        lambda: join(assembly, lambda _: parts, None, {"drag": ("x",)}),
        "no instance 'drag'",
        "'drug'",
    )


def test_since_takes_its_own_module():
    module = replaced("definitions", "level", formula="central / V * since(other) / 1 [d]")
    says(lambda: drug_model(module), "since(...) takes the name of its own module, since(drug)")
    module = replaced("definitions", "level", formula="central / V * drug")
    says(lambda: drug_model(module), "'drug' is the module itself")


def test_lint_finds_all_and_a_clean_module_none():
    assert lint(read_module(drug()), evidence(NUMBERS)) == []
    module = drug(
        definitions=(Definition("level", "ng", "central / V"),),
        parameters=(*drug().parameters, Parameter("idle", "1", "idle")),
    )
    found = {issue.check for issue in lint(read_module(module), evidence(NUMBERS))}
    assert found == {"UnitsClose", "RatesClose", "NothingUnused", "RecordsMatch"}
    assert all(isinstance(i.error, IL21Error) for i in lint(read_module(module)))
