"""Subject-level tables, lines and figures of a conducted trial."""

import csv
import io

import numpy as np
import pytest

from il21.app.trials import plain_text
from il21.declare import Conduct, Death, DoseRule, DropOut, Escalation, VisitWindow
from il21.errors import InputError
from il21.report.conduct import conduct_document, conduct_lines
from il21.report.conduct_figures import survival, swimmer, toxicity_by_dose
from il21.report.files import save_conducted, save_report
from il21.report.subjects import csv_lines, has_parquet, write_parquet
from il21.report.table import report_document, report_footer
from il21.study.outcome import TrialReport, TrialResult
from il21.study.plan import Settings
from il21.study.survival.times import OS, PFS
from il21.study.tables import adae, adrs, adsl, adtte, subject_tables, survival_of
from tests.unit.study.conduct.test_course import FIVE, conducted, trial

SETTINGS = Settings(seed=6, replicates=4, threads=2)
CONDUCT = Conduct(
    toxicity="dlt", window=VisitWindow(days=2, missed=0.1), death=Death(hazard="0.004 [1/d]"),
    drop_out=DropOut(hazard="0.003 1/d"), follow_up="150 d",
    rules=(DoseRule(action="stop", progression=True), DoseRule(action="hold", grade=2)),
    checks=("14 d", "28 d"),
)  # fmt: skip
SHARES = {name: 0.2 for name in ("CR", "PR", "SD", "PD", "NE")}


@pytest.fixture(scope="module")
def record():
    return trial(CONDUCT, size=20, visits=("42 d", "84 d", "126 d"))


@pytest.fixture(scope="module")
def found(record):
    return conducted(record, SETTINGS)


@pytest.fixture(scope="module")
def result(record, found):
    return TrialResult(record, found.table, None, SHARES, found)


@pytest.fixture(scope="module")
def climbed():
    climb = Escalation(
        design="3+3", ladder=("10 ug/kg", "30 ug/kg", "100 ug/kg"), window="42 d", expansion=4
    )
    made = trial(Conduct(toxicity="dlt", escalation=climb), size=30, levels=None, arms=(FIVE,))
    found = conducted(made, SETTINGS)
    return TrialResult(made, found.table, None, SHARES, found)


def report_of(*results):
    return TrialReport("mine", "Mine", tuple(results), SETTINGS, {"model": "human"})


def test_adsl_has_a_line_for_each_subject(record, found):
    table = adsl(record, found)
    columns = table.columns
    assert len(table) == 80
    assert len(set(columns["USUBJID"])) == 80
    assert columns["USUBJID"][0] == "conducted-0000-0000"
    died = columns["DTHFL"] == "Y"
    assert np.isfinite(columns["DTHDY"][died]).all()
    assert np.isnan(columns["DTHDY"][~died]).all()
    assert (
        columns["EOSSTT"] == np.where(columns["DCSREAS"] == "", "COMPLETED", "DISCONTINUED")
    ).all()
    assert (columns["NDOSE"] <= columns["NDOSEPL"]).all()
    assert (columns["EOSDY"] <= 151).all()
    assert np.array_equal(columns["BOR"], found.table.best)


def test_adrs_has_the_visits_that_were_made(record, found):
    columns = adrs(record, found).columns
    made = int(found.courses.attended.sum())
    code = columns["PARAMCD"]
    assert ((code == "OVRLRESP").sum(), (code == "SUMDIAM").sum(), (code == "BOR").sum()) == (
        made, made, 80,
    )  # fmt: skip
    sums = columns["AVAL"][code == "SUMDIAM"]
    assert np.isfinite(sums).all()
    change = 100 * (sums / columns["BASE"][code == "SUMDIAM"] - 1)
    np.testing.assert_allclose(columns["PCHG"][code == "SUMDIAM"], change, atol=0.05)
    assert set(columns["AVALC"][code == "OVRLRESP"]) <= {"CR", "PR", "SD", "PD"}
    assert (np.diff(columns["REPLICAT"]) >= 0).all()


def test_adtte_holds_the_times_of_the_survival_rules(record, found):
    columns = adtte(record, found).columns
    for rule in (PFS, OS):
        times = survival_of(found, rule)
        mine = columns["PARAMCD"] == rule.endpoint
        np.testing.assert_allclose(columns["AVAL"][mine], times.time, atol=0.006)
        assert np.array_equal(columns["CNSR"][mine] == 0, times.event)
        assert 0 < times.event.mean() < 1
    dead = columns["EVNTDESC"][(columns["PARAMCD"] == "OS") & (columns["CNSR"] == 0)]
    assert set(dead) == {"death"}


def test_adae_has_a_line_where_the_grade_rose(record, found):
    columns = adae(record, found).columns
    worst = found.courses.worst_grade
    assert len(set(columns["USUBJID"])) == (worst > 0).sum()
    ids = np.array(adsl(record, found).columns["USUBJID"])
    top = {name: int(grade) for name, grade in zip(ids, worst, strict=True) if grade}
    seen = {}
    for name, grade, day in zip(
        columns["USUBJID"], columns["AETOXGR"], columns["ASTDY"], strict=True
    ):
        assert grade > seen.get(name, (0, 0))[0]
        assert day >= seen.get(name, (0, 0))[1]
        seen[name] = (grade, day)
    assert {name: grade for name, (grade, _) in seen.items()} == top
    assert set(columns["AEDECOD"]) <= {"liver and blood", "infusion type"}


def test_the_line_that_made_a_dlt_is_marked_once(climbed):
    columns = adae(climbed.trial, climbed.conduct).columns
    marked = columns["USUBJID"][columns["DLTFL"] == "Y"]
    subjects = adsl(climbed.trial, climbed.conduct).columns
    assert sorted(marked) == sorted(subjects["USUBJID"][subjects["DLTFL"] == "Y"])
    assert (columns["AETOXGR"][columns["DLTFL"] == "Y"] >= 3).all()


def test_csv_has_no_nan(record, found):
    for table in subject_tables(record, found):
        out = io.StringIO()
        csv.writer(out).writerows(csv_lines(table))
        assert out.getvalue().count("\n") == len(table) + 1
        assert "nan" not in out.getvalue().lower()
        assert "inf," not in out.getvalue()


@pytest.mark.skipif(not has_parquet(), reason="pyarrow is not installed")
def test_parquet_holds_the_same(record, found, tmp_path):
    from pyarrow.parquet import read_table

    for table in subject_tables(record, found):
        write_parquet(table, tmp_path / "x.parquet")
        back = read_table(tmp_path / "x.parquet")
        assert back.column_names == list(table.columns)
        assert back.num_rows == len(table)
        for name, values in table.columns.items():
            read = back.column(name).to_pylist()
            plain = [None if isinstance(v, float) and v != v else v for v in values.tolist()]
            assert read == plain, name


def test_saved_beside_the_report_and_only_for_a_conducted_trial(result, tmp_path):
    names = {path.name for path in save_report(report_of(result), tmp_path)}
    tables = {f"{name}_conducted.csv" for name in ("adsl", "adrs", "adtte", "adae")}
    figures = {f"{name}_conducted.png" for name in ("swimmer", "survival", "toxicity")}
    assert tables | figures <= names
    plain = TrialResult(result.trial, result.patients, None, SHARES)
    assert save_conducted(plain, tmp_path) == []


def test_lines_and_document_agree(result, climbed):
    text = "\n".join(conduct_lines(report_of(result, climbed)))
    numbers = conduct_document(climbed)
    assert f"conducted, a replicate: {numbers['enrolled']:.1f} enrolled" in text
    levels = numbers["escalation"]["levels"]
    assert [row["dose"] for row in levels] == ["10 ug/kg", "30 ug/kg", "100 ug/kg"]
    assert sum(row["mtd"] for row in levels) + numbers["escalation"]["no_mtd"] == pytest.approx(1.0)
    for row in levels:
        assert f"conducted, {row['dose']}: {row['treated']:.1f} treated" in text
    assert set(conduct_lines(report_of(result))) <= set(report_footer(report_of(result)))
    assert report_document(report_of(climbed))["trials"][0]["conduct"] == numbers


def test_a_trial_without_a_record_of_conduct_prints_what_it_did(result):
    plain = TrialResult(result.trial, result.patients, None, SHARES)
    assert conduct_lines(report_of(plain)) == []
    assert "conduct" not in report_document(report_of(plain))["trials"][0]
    for draw in (swimmer, survival, toxicity_by_dose):
        with pytest.raises(InputError, match="no record of its conduct"):
            draw(plain)


def test_the_recipe_of_a_trial_without_conduct_is_what_it_was():
    assert "conduct=None" not in plain_text(trial(None))
    assert "conduct" in plain_text(trial(CONDUCT))


def test_figures_show_what_they_say(result, climbed):
    lanes = swimmer(result).axes[0]
    assert len(lanes.get_yticks()) == 20
    axes = survival(result).axes
    assert len(axes) == 2
    at_risk = [t.get_text() for t in axes[1].texts]
    first = [int(text) for text in at_risk if text.isdigit()]
    assert max(first) == max((result.patients.arm == a.name).sum() for a in result.trial.arms)
    bars = toxicity_by_dose(climbed).axes[0]
    heights = {}
    for bar in bars.patches:
        place = round(bar.get_x() + bar.get_width() / 2)
        heights[place] = heights.get(place, 0.0) + bar.get_height()
    assert len(heights) == len(set(climbed.patients.dose))
    assert list(heights.values()) == pytest.approx([100.0] * len(heights))
