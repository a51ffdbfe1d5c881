"""Each rule against its golden table; the list of rules is the list of files."""

import numpy as np
import pytest

from il21.declare import READ, ResponseRule
from il21.study.criteria.catalogue import CRITERIA, assess
from tests.unit.study.criteria.tables import RULES, all_patients, file_of, patients, readings

CASES = [pytest.param(*case, id=f"{case[0]}: {case[1]}") for case in all_patients()]


def day_of(text):
    return np.inf if text == "never" else float(text)


@pytest.mark.parametrize(("name", "who", "rows"), CASES)
def test_golden_table(name, who, rows):
    rule = ResponseRule(
        criteria=name,
        minimum_stable=rows[0]["minimum_stable"],
        confirm=rows[0]["confirm"] == "yes",
    )
    found = assess(readings(rows, selected=name), rule)
    assert found.visit[0].tolist() == [row["visit_response"] for row in rows[1:]]
    assert found.best.tolist() == [rows[0]["best_response"]]
    for column, value in (
        ("response_day", found.response_day),
        ("progression_day", found.progression_day),
        ("duration", found.duration),
    ):
        if rows[0][column]:
            assert value[0] == pytest.approx(day_of(rows[0][column]))


def test_the_list_of_rules_is_the_list_of_files():
    assert {file_of(name).name for name in CRITERIA} == {path.name for path in RULES.iterdir()}


@pytest.mark.parametrize("name", CRITERIA)
def test_a_table_is_whole(name):
    """Enough patients, one row a day, every response of the rule, a source on every row."""
    cases = patients(name)
    assert len(cases) >= 12
    assert len({who for who, _ in cases}) == len(cases)
    said = set()
    for _, rows in cases:
        assert int(rows[0]["day"]) == 0
        assert not rows[0]["visit_response"]
        for row in rows:
            assert row["source"]
            assert row["read"] in READ
        for column in ("best_response", "confirm", "minimum_stable", "source", "read"):
            assert len({row[column] for row in rows}) == 1
        said |= {row["visit_response"] for row in rows[1:]}
    assert said == set(CRITERIA[name].responses)


@pytest.mark.parametrize("name", [name for name in CRITERIA if not CRITERIA[name].immune])
def test_progression_is_dated_at_first_detection(name):
    for _, rows in patients(name):
        rule = ResponseRule(criteria=name, minimum_stable=rows[0]["minimum_stable"])
        days = [float(row["day"]) for row in rows if row["visit_response"] == "PD"]
        found = assess(readings(rows, selected=name), rule)
        assert found.progression_day[0] == min(days, default=np.inf)
