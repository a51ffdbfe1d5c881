"""Evidence in TOML: what is refused, with file and line, and what a derived number follows."""

import pytest

from il21.compose.table import read_evidence, read_toml, table_from
from il21.declare import Module, Parameter, Process, Species
from il21.errors import EvidenceError, UnitError
from tests.making import NUMBERS, compose, drug, evidence, record

GOOD = """# Numbers.

[CL.mouse]
value  = "2 mL/h"
source = "Test2026, Table 1"
how    = "measured"

[CL.mouse.b16]
value  = "3 mL/h"
source = "Test2026, Table 2"
how    = "measured"

[CL.any]
value  = "4 mL/h"
source = "Test2026, Table 3"
how    = "assumed"
because = "no other"
"""


def read(tmp_path, text):
    path = tmp_path / "drug.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_evidence(path, "drug")


def test_hosts_and_sets_are_looked_up_in_order(tmp_path):
    table = read(tmp_path, GOOD)
    for host, sets, value in (
        ("mouse", (), "2 mL/h"),
        ("mouse", ("b16",), "3 mL/h"),
        ("mouse", ("renca",), "2 mL/h"),
        ("mouse", ("renca", "b16"), "3 mL/h"),
        ("human", (), "4 mL/h"),
        ("human", ("b16",), "4 mL/h"),
    ):
        assert table.find("CL", host, sets).value == value
    assert table.find("V", "mouse") is None
    assert table.sets_of("mouse") == ("b16",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('value  = "2 mL/h"', 'value = "2 mL/h', "line 4: not valid TOML"),
        ('source = "Test2026, Table 1"\n', "", "line 3: CL.mouse: no source; add source ="),
        ('source = "Test2026, Table 2"\n', "", "line 8: CL.mouse.b16: no source"),
        ('how    = "measured"\n\n[CL.mouse.b16]', 'how = "guessed"\n[CL.mouse.b16]',
         "how = 'guessed' is not one of measured, fitted"),
        ('because = "no other"\n', "", "an assumed value needs because"),
        ('value  = "2 mL/h"\n', "", "needs either a value with unit or, if derived, a formula"),
        ('value  = "2 mL/h"\n', 'value = "2 mL/h"\nformula = "V"\n', "needs either a value"),
        ('value  = "2 mL/h"\n', 'formula = "V"\n', 'say how = "derived"'),
        ('value  = "2 mL/h"\n', 'valu = "2 mL/h"\n', "unknown key 'valu'; did you mean 'value'?"),
        ('value  = "2 mL/h"\n', 'value = "two mL/h"\n', "not a number with a unit"),
        ('value  = "2 mL/h"\n', 'value = "2 ml/hr"\n', "'hr' is not in the register"),
        ('value  = "2 mL/h"\n', 'value = true\n', "not a number with a unit"),
        ('value  = "2 mL/h"\n', 'value = "2 mL/h"\nread = "skimmed"\n', "read = 'skimmed'"),
        ("[CL.any]", "[CL]\nany = 3\n[CL.other]", "must be tables such as [CL.mouse]"),
        ("[CL.mouse.b16]", "[CL.mouse]", "line 8: not valid TOML"),
    ],
)  # fmt: skip
def test_bad_records_are_refused_with_their_place(tmp_path, old, new, words):
    assert old in GOOD
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert words in str(caught.value)
    assert "drug.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        ("3", "write { ci95 = ... }"),
        ("{}", "needs exactly one of"),
        ("{ cv = 0.1, se = 2 }", "needs exactly one of"),
        ("{ cv = 0.1, lo = 2 }", "unknown key 'lo'"),
        ("{ cv = -0.1 }", "does not run upward"),
        ("{ cv = nan }", "takes 1 finite number"),
        ('{ cv = "a" }', "takes 1 finite number"),
        ("{ cv = true }", "takes 1 finite number"),
        ("{ range = [3, 2] }", "does not run upward"),
        ("{ range = [1] }", "takes 2 finite numbers"),
        ("{ range = [1, inf] }", "takes 2 finite numbers"),
        ('{ cv = 0.1, low = "x" }', "low"),
        ("{ sd = 1 }", "needs exactly one of ci95"),
    ],
)
def test_bad_spreads_are_refused(tmp_path, spread, words):
    text = GOOD.replace('how    = "measured"\n', f'how = "measured"\nuncertainty = {spread}\n', 1)
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert "CL.mouse: uncertainty" in str(caught.value)


@pytest.mark.parametrize(
    "rows", [3, {"CL,V": 0.1}, {"mouse": {"CL": 0.1}}, {"mouse": {"CL,V": 1.5}}, {"mouse": {"CL,V": "x"}},
             {"mouse": {"CL,V": float("nan")}}],
)  # fmt: skip
def test_bad_correlations_are_refused(rows):
    with pytest.raises(EvidenceError, match="correlations"):
        table_from({"correlations": rows}, "drug", "drug.toml")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = " + b"9" * 5000, b"a = " + b"[" * 100_000, b"a"]
)
def test_files_that_are_no_toml(tmp_path, content):
    with pytest.raises(EvidenceError, match=r"drug\.toml"):
        read(tmp_path, content)


def test_a_missing_file_and_a_large_one(tmp_path):
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_evidence(tmp_path / "none.toml", "drug")
    path = tmp_path / "large.toml"
    path.write_text("#" * 2_000_001)
    with pytest.raises(EvidenceError, match="larger than 2 MB"):
        read_toml(path)


def test_a_record_without_parameter():
    table = evidence(NUMBERS | {"CLL": "1 mL/h"})
    with pytest.raises(EvidenceError, match="has no parameter 'CLL'; did you mean 'CL'"):
        compose((drug(), table))


def test_a_parameter_without_record():
    table = evidence({k: v for k, v in NUMBERS.items() if k != "V"})
    with pytest.raises(EvidenceError, match=r"no value of drug\.V \(volume, mL\)"):
        compose((drug(), table))


def test_a_record_in_another_unit():
    with pytest.raises(UnitError, match="'1 mL' cannot be given in mL/h"):
        compose((drug(), evidence(NUMBERS | {"CL": "1 mL"})))


def test_the_value_is_read_in_its_own_unit():
    model = compose((drug(), evidence(NUMBERS | {"CL": "0.002 L/h"})))
    assert model.parameter("CL").value == pytest.approx(48.0)


def derived(formula, **more):
    row = {"source": "T", "how": "derived", "formula": formula, **more}
    return {"mouse": row}


def chain(**rows):
    """A module with three parameters a, b, c (1/d) whose records are ``rows``."""
    module = Module(
        name="m", about="m", source="T",
        parameters=tuple(Parameter(n, "1/d", n) for n in "abc"),
        species=(Species("A", "ng", "A"),), processes=(Process("p", "A -> 0", "(a + b + c) * A"),),
    )  # fmt: skip
    data = {n: {"any": record("2 1/d")} for n in "abc"} | rows
    host = table_from({"body_mass": {"mouse": record("0.02 kg_bw")}}, "mouse", "mouse.toml")
    human = table_from({"body_mass": {"human": record("70 kg_bw")}}, "human", "human.toml")
    from il21.compose.join import join
    from il21.declare import Assembly

    assembly = Assembly(name="t", about="", source="T", host="mouse", modules=("m",))
    table = table_from(data, "m", "m.toml")
    return join(assembly, lambda _: (module, table), {"mouse": host, "human": human})


def test_a_derived_value_follows_in_any_order():
    model = chain(a=derived("b * c * 1 [d]"), b=derived("c + 1 [1/d]"))
    assert model.values["m.a"] == pytest.approx(6.0)
    assert model.values["m.b"] == pytest.approx(3.0)
    order = [row.name for row in model.parameters]
    assert order.index("m.c") < order.index("m.b") < order.index("m.a")


def test_a_derived_value_reads_another_host():
    rows = {"a": {"human": record("5 1/d"), **derived("human.a * 2")}}
    assert chain(**rows).values["m.a"] == pytest.approx(10.0)
    there = {"human": {"source": "T", "how": "derived", "formula": "b * 3"}}
    rows = {
        "a": {**there, **derived("human.a * 2")},
        "b": {"human": record("7 1/d"), "any": record("1 1/d")},
    }
    assert chain(**rows).values["m.a"] == pytest.approx(42.0)  # its b is that of human
    rows = {"a": derived("b * (human_host.body_mass / host.body_mass)^-0.25")}
    assert chain(**rows).values["m.a"] == pytest.approx(2 * (70 / 0.02) ** -0.25)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ({"a": derived("b"), "b": derived("a")}, EvidenceError, "in a circle"),
        ({"a": derived("q")}, EvidenceError, "no parameter 'q' to derive from"),
        ({"a": derived("b * c")}, UnitError, "formula is in 1/d^2, must be in 1/d"),
        ({"a": derived("b + 1 [ng]")}, UnitError, "adds"),
        ({"a": derived("b +")}, EvidenceError, "column"),
        ({"a": derived("human.a")}, EvidenceError, r"no record [a.human]"),
        ({"a": derived("b * host.height / 1 [cm]")}, EvidenceError, "has no record 'height'"),
        ({"a": derived("b / (b - c) * 1 [1/d]")}, EvidenceError, "not finite"),
        ({"a": {"mouse": {"source": "T", "how": "derived"}}}, EvidenceError, "needs formula"),
    ],
)
def test_bad_derived_values(rows, error, words):
    with pytest.raises(error) as caught:
        chain(**rows)
    assert words in str(caught.value)
