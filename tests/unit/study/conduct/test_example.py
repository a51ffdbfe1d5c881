"""The worked example runs, small, from its file; a file's conduct is read and checked."""

import json
import sys
from pathlib import Path

import pytest

from il21.app.trials import run_trial
from il21.cli.main import main

EXAMPLE = Path(__file__).parents[4] / "examples" / "escalation.toml"
TRIAL = """
[trial]
name = "mine"
population = "metastatic_melanoma"
size = 3
visits = ["42 d"]
arms = [{ name = "a", regimens = ["30 ug/kg IL-21 iv bolus, days 1-5"] }]
"""


def run(capsys, *words):
    argv, sys.argv = sys.argv, ["il21", *words]
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        sys.argv = argv
    return int(stop.value.code or 0), *capsys.readouterr()


def test_the_example_runs():
    report = run_trial(EXAMPLE, replicates=2, threads=2)
    found = report.results[0].conduct
    assert found is not None
    assert found.ladder is not None
    assert found.ladder.treated.sum() + found.ladder.expanded.sum() == len(found.table)
    assert (found.ladder.treated[:, 0] >= 3).all()
    assert not found.table.failed.any()
    again = run_trial(EXAMPLE, replicates=2, threads=1).results[0]
    assert again.patients.sums.tobytes() == report.results[0].patients.sums.tobytes()
    assert again.conduct is not None
    assert again.conduct.courses.died.tobytes() == found.courses.died.tobytes()


def test_the_command_prints_lines_about_the_conduct(capsys, tmp_path):
    words = ("trial", str(EXAMPLE), "--replicates", "2", "--threads", "2", "--out", str(tmp_path))
    code, out, _ = run(capsys, *words)
    assert code == 0
    for word in (
        "enrolled",
        "ineligible",
        "dropped out",
        "died",
        "with DLT",
        "MTD in",
        "no MTD in",
    ):
        assert word in out
    assert (tmp_path / "adsl_escalation.csv").read_text(encoding="utf-8").startswith("STUDYID,")
    code, out, _ = run(capsys, *words, "--json")
    document = json.loads(out)
    assert code == 0
    assert len(document["trials"][0]["conduct"]["escalation"]["levels"]) == 5


def test_a_trial_without_conduct_prints_none_of_them(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TRIAL, encoding="utf-8")
    code, out, _ = run(
        capsys, "trial", str(path), "--replicates", "1", "--out", str(tmp_path / "o")
    )
    assert code == 0
    assert "enrolled" not in out
    assert not list((tmp_path / "o").glob("ad*"))


@pytest.mark.parametrize(
    ("conduct", "says"),
    [
        ("conduct = { colour = 'red' }", "unknown key 'colour'"),
        ("conduct = { toxicity = 'dlk' }", "did you mean 'dlt'"),
        ("conduct = { checks = ['40 d'], window = { days = 2 } }", "overlap"),
        ("conduct = { rules = [{ action = 'stop', grade = 'three' }] }", "a whole number"),
        ("conduct = { escalation = { ladder = ['1 ug/kg'] } }", "no 'design'"),
        ("conduct = { enrolment = {} }", "no 'per_month'"),
        ("conduct = { death = { hazard = '1 [1/d' } }", "conduct.death.hazard"),
    ],
)
def test_a_bad_conduct_in_a_file_is_one_line_and_exit_2(conduct, says, capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TRIAL + conduct + "\n", encoding="utf-8")
    code, out, err = run(capsys, "trial", str(path), "--out", str(tmp_path / "o"))
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert says in err


def test_numbers_of_toxicity_can_be_set(capsys, tmp_path):
    report = run_trial(EXAMPLE, replicates=1, threads=2, changes={"dlt.scale_3": "0"})
    found = report.results[0].conduct
    assert found is not None
    assert found.ladder is not None
    assert found.ladder.toxic.sum() == 0
    assert "dlt.scale_3 = 0" in report.provenance["changes"]
