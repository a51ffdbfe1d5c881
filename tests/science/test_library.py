"""What every module, record and reference of the library must satisfy."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from il21 import catalog
from il21.citation import key_of
from il21.compose.lint import lint
from il21.compose.parsed import read_module
from il21.compose.table import EvidenceTable, table_from
from il21.declare import HOW, READ, Assembly, Module, Population, ReadOut, Report, Trial
from il21.errors import EvidenceError, IL21Error
from il21.study.criteria.catalogue import CRITERIA
from il21.study.population import Patients, draw_numbers
from il21.units import parse_quantity, parse_unit
from tests.making import record

MODULES = list(catalog.entries(Module))
HOSTS = {"mouse", "human", "monkey", "any"}
INCOMPLETE = {"Negrier2010", "PMC321350"}  # no place, or no year; whoever mends one takes it out
SIGNED = re.compile(r".+, \d{4}-\d{2}-\d{2}")


def tables() -> list[EvidenceTable]:
    """Every evidence table: of modules, read-outs and hosts."""
    found = [catalog.evidence(name) for name in (*MODULES, *catalog.entries(ReadOut))]
    return [*found, *catalog.hosts().values()]


RECORDS = [row for table in tables() for row in table.records.values()]


def sources() -> list[tuple[str, str]]:
    """Every source text of the library, with the place where it stands."""
    found = [(row.source, row.where) for row in RECORDS]
    for kind in (Module, Assembly, Population, ReadOut, Trial, Report):
        found += [
            (e.record.source, f"{e.path}: {name}") for name, e in catalog.entries(kind).items()
        ]
    for name, entry in catalog.entries(Population).items():
        found += [
            (item.source, f"{entry.path}: {name}.{item.name}") for item in entry.record.covariates
        ]
    for name, entry in catalog.entries(Trial).items():
        if entry.record.reported is not None:
            found.append((entry.record.reported.source, f"{entry.path}: {name}.reported"))
    return [*found, *((rule.source, f"criteria: {name}") for name, rule in CRITERIA.items())]


def test_the_walk_finds_the_library():
    assert len(MODULES) >= 13
    assert len(RECORDS) >= 200
    assert len(sources()) > len(RECORDS)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_clean_alone(name):
    module, table = catalog.module_with_evidence(name)
    assert [str(issue.error) for issue in lint(read_module(module), table)] == []


@pytest.mark.parametrize("name", MODULES)
def test_numbers_and_names_match_both_ways(name):
    module, table = catalog.module_with_evidence(name)
    recorded = {parameter for parameter, _, _ in table.records}
    assert recorded == {row.name for row in module.parameters}
    correlated = {n for pairs in table.correlations.values() for pair in pairs for n in pair}
    assert correlated <= recorded


@pytest.mark.parametrize("name", catalog.entries(ReadOut))
def test_numbers_of_a_read_out_match_both_ways(name):
    read_out, table = catalog.find(ReadOut, name), catalog.evidence(name)
    assert {parameter for parameter, _, _ in table.records} == {p.name for p in read_out.parameters}
    units = {p.name: p.unit for p in read_out.parameters}
    for row in table.records.values():
        assert parse_quantity(row.value).unit.same_dimension(parse_unit(units[row.parameter])), (
            row.where
        )


def test_every_source_is_in_the_bibliography():
    known = catalog.references()
    missing = [f"{where}: {source}" for source, where in sources() if key_of(source) not in known]
    assert missing == []


def written() -> str:
    """Every text of the package, without what stands between an author and a year."""
    root = Path(catalog.__file__).parent
    paths = [path for end in ("*.py", "*.toml") for path in sorted(root.rglob(end))]
    whole = " ".join(path.read_text(encoding="utf-8") for path in paths)
    return re.sub(r"[\s,&.()]+", "", re.sub(r"\s+et\s+al\.?\s+", " ", whole))


def test_every_reference_is_used():
    used, text = {key_of(source) for source, _ in sources()}, written()
    idle = [key for key in catalog.references() if key not in used and key not in text]
    assert idle == []
    assert "Nobody1999" not in text


def test_sources_outside_the_library_are_in_the_bibliography_too():
    keys = set(re.findall(r'source="([A-Z][A-Za-z]+(?:19|20)\d\d)', written()))
    assert keys
    assert keys - set(catalog.references()) == {"Author2007"}  # the example in an error message


@pytest.mark.parametrize("key", catalog.references())
def test_a_reference_can_be_found_by_a_reader(key):
    entry = catalog.references()[key]
    places = ("journal", "pmid", "pmcid", "doi", "howpublished", "url", "title")
    named = any(entry.field(name) for name in places) or re.search(
        r"BIOMD|DDMODEL", entry.field("note")
    )
    dated = re.fullmatch(r"(19|20)\d\d", entry.field("year")) or key == "il21_system"
    assert bool(named and dated) is (key not in INCOMPLETE), entry
    assert entry.field("author")
    assert entry.field("note"), "how deeply it was read"


def test_words_are_from_the_closed_lists():
    for row in RECORDS:
        assert row.how in HOW, row.where
        assert row.read in READ, row.where
        assert row.host in HOSTS | set(catalog.hosts()), row.where
        assert not row.checked or SIGNED.fullmatch(row.checked), row.where


def test_what_is_assumed_says_why_and_what_is_derived_says_from_what():
    assert [row.where for row in RECORDS if row.how == "assumed" and not row.because] == []
    assert [row.where for row in RECORDS if (row.how == "derived") != bool(row.formula)] == []


def test_what_is_adjusted_or_lent_says_on_what_or_from_which():
    for row in RECORDS:
        told = row.note + row.because + row.source.removeprefix(key_of(row.source)).strip(", ")
        if row.how == "borrowed":
            assert told, row.where
        if row.how == "tuned":
            assert "tuned to" in row.source or row.note + row.because, row.where


def test_what_was_not_read_is_not_called_measured():
    """A measured or fitted number was seen somewhere."""
    assert [r.where for r in RECORDS if r.how in ("measured", "fitted") and r.read == "none"] == []


def test_typical_values_lie_within_their_ranges():
    for row in RECORDS:
        if row.value and row.uncertainty and row.uncertainty.kind in ("range", "ci95"):
            low, high = row.uncertainty.numbers
            assert low <= parse_quantity(row.value).value <= high, row.where


@pytest.mark.parametrize("name", catalog.entries(Population))
def test_a_population_can_be_drawn(name):
    group = catalog.find(Population, name)
    sets = {k: v for k, v in group.sets.items() if k not in catalog.entries(ReadOut)}
    model = catalog.model(group.assembly, sets)
    who = Patients(21, "draw", *(array for array in _ids(40, 5)))
    numbers = draw_numbers(model, who)
    for k, row in enumerate(model.parameters):
        if row.name.endswith("z_imm"):
            continue  # a normal deviate
        assert (numbers[:, k] >= 0).all() or row.value < 0, row.name
    assert (numbers == numbers).all()


def _ids(patients, worlds):
    import numpy as np

    return np.tile(np.arange(patients), worlds), np.repeat(np.arange(worlds), patients)


@pytest.mark.parametrize("name", catalog.entries(Trial))
def test_a_trial_names_what_there_is(name):
    trial = catalog.find(Trial, name)
    assert trial.pooled or trial.population in catalog.entries(Population)
    assert trial.readout in catalog.entries(ReadOut)
    assert all(part in catalog.entries(Trial) for part in trial.pooled)
    days = [parse_quantity(text).to("d") for text in trial.visits]
    assert days == sorted(set(days))
    if trial.reported is not None:
        counts = dict(trial.reported.counts)
        assert set(counts) >= {category for category, _ in trial.reported.groups}
        assert sum(counts.values()) <= trial.reported.evaluable <= trial.reported.treated


def test_every_module_stands_in_an_assembly():
    used = {
        item if isinstance(item, str) else item.module
        for entry in catalog.entries(Assembly).values()
        for item in entry.record.modules
    }
    assert set(MODULES) - used == set()


# What follows breaks a copy and expects the checks above to see it.


def test_a_changed_unit_is_seen():
    module, table = catalog.module_with_evidence("nk")
    rows = tuple(replace(p, unit="Mcell") if p.name == "d_N" else p for p in module.parameters)
    found = {issue.check for issue in lint(read_module(replace(module, parameters=rows)), table)}
    assert "RatesClose" in found
    assert "RecordsMatch" in found


def test_a_removed_record_is_seen():
    module, table = catalog.module_with_evidence("nk")
    fewer = {key: row for key, row in table.records.items() if key[0] != "d_N"}
    found = lint(read_module(module), replace(table, records=fewer))
    assert [issue.check for issue in found] == ["RecordsMatch"]


def test_an_added_record_is_seen():
    module, table = catalog.module_with_evidence("nk")
    row = next(iter(table.records.values()))
    more = {**table.records, ("d_Q", "any", ""): replace(row, parameter="d_Q")}
    found = lint(read_module(module), replace(table, records=more))
    assert "has no parameter 'd_Q'" in str(found[0].error)


def test_a_dropped_term_is_seen():
    module, table = catalog.module_with_evidence("nk")
    kept = tuple(row for row in module.processes if row.name != "nkt_growth")
    found = [str(i.error) for i in lint(read_module(replace(module, processes=kept)), table)]
    assert found == ["module 'nk' declares ['e_NZ'] and uses none of them"]


def test_an_unknown_source_is_seen():
    assert key_of("Nobody1999, Table 1") not in catalog.references()


def test_an_assumption_without_a_reason_cannot_be_read():
    with pytest.raises(EvidenceError, match="needs because"):
        table_from({"k": {"any": record("1", how="assumed")}}, "m", "m.toml")


def test_the_library_holds_no_number_outside_its_tables():
    """A formula of a module holds small whole numbers and halves, never a fitted one."""
    allowed = {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 273.15}
    from il21.lang.tree import Number, walk

    for name in MODULES:
        parsed = read_module(catalog.find(Module, name))
        for key, node in parsed.formulas.items():
            numbers = {part.value for part in walk(node) if isinstance(part, Number)}
            if key.startswith(("on:", "off:", "period:")):
                continue
            assert numbers <= allowed, f"{name}, {key}: {numbers - allowed}"


def test_the_library_is_found_in_a_fresh_interpreter_in_any_folder(tmp_path):
    code = "from il21 import catalog; from il21.declare import Module; print(len(catalog.entries(Module)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == len(MODULES)
    assert issubclass(EvidenceError, IL21Error)


@pytest.mark.parametrize("name", catalog.entries(Trial))
def test_a_trial_names_its_criteria_and_grading_and_says_what_is_assumed(name):
    trial = catalog.find(Trial, name)
    assert trial.response.criteria in CRITERIA
    assert trial.response.assumed
    assert re.fullmatch(r"CTCAE \d\.\d+( \(assumed\))?", trial.toxicity_grading)
    assert trial.visits or trial.pooled
