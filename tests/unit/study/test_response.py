"""Best overall response: golden tables of each rule, then what the tables do not hold."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il21.declare import ResponseRule
from il21.errors import InputError, UnitError, UnknownNameError
from il21.study.criteria.records import NonTarget
from il21.study.response import CRITERIA, best_responses, find_criteria, visit_responses
from tests.unit.study.criteria.tables import patients, readings


def cases():
    """Yield the patients of the golden tables of whom only sums and new lesions are read."""
    for criteria in CRITERIA:
        for patient, rows in patients(criteria):
            found = readings(rows)
            chosen = readings(rows, selected=criteria)
            plain = not found.node.any() and (chosen.non_target == NonTarget.NONE).all()
            whole = ~np.isnan(chosen.long).any(axis=1) | np.isnan(chosen.long).all(axis=1)
            seen = np.isnan(chosen.long).all(axis=1)[:, 1:] == (chosen.new < 0)
            if plain and whole.all() and seen.all():
                yield pytest.param(criteria, rows, chosen, id=f"{criteria}: {patient}")


@pytest.mark.parametrize(("criteria", "rows", "found"), list(cases()))
def test_golden_table(criteria, rows, found):
    sums = np.where(np.isnan(found.long).all(axis=1), np.nan, np.nansum(found.long, axis=1))
    rule = ResponseRule(
        criteria=criteria,
        minimum_stable=rows[0]["minimum_stable"],
        confirm=rows[0]["confirm"] == "yes",
    )
    new = np.maximum.accumulate(found.new, axis=1) > 0
    by_visit = visit_responses(sums, new, find_criteria(criteria), found.days, rule.confirm)
    assert by_visit[0].tolist() == [row["visit_response"] for row in rows[1:]]
    best = best_responses(sums, new, found.days, rule)
    assert {row["best_response"] for row in rows} == set(best.tolist())


def test_each_rule_has_many_such_patients():
    for name in CRITERIA:
        assert sum(case.values[0] == name for case in cases()) >= 35


def test_the_rules_differ_only_by_the_five_millimetres():
    rng = np.random.default_rng(2)
    sums = 100 * np.exp(np.cumsum(rng.normal(0, 0.15, (5000, 5)), axis=1))
    new = np.zeros((5000, 4), bool)
    large = visit_responses(sums * 1000, new, find_criteria("RECIST 1.0"))
    assert np.array_equal(large, visit_responses(sums * 1000, new, find_criteria("RECIST 1.1")))
    old, late = (visit_responses(sums / 10, new, find_criteria(name)) for name in CRITERIA)
    assert (old != late).any()
    assert set(old[old != late]) == {"PD"}


def test_sums_exactly_on_the_limits_reach_them():
    # 0.7 x 90 is 62.99999999999999 and 1.2 x 0.3 more than 0.36 in binary: the limit itself counts.
    tenths = np.arange(1, 3001)
    shrunk = np.stack([tenths / 10, 7 * tenths / 100], axis=1)
    grown = np.stack([tenths / 10, 12 * tenths / 100], axis=1)
    none = np.zeros((len(tenths), 1), bool)
    assert set(visit_responses(shrunk, none, find_criteria("RECIST 1.0"))[:, 0]) == {"PR"}
    assert set(visit_responses(grown, none, find_criteria("RECIST 1.0"))[:, 0]) == {"PD"}
    fives = np.stack([tenths / 100, tenths / 100 + 5], axis=1)[:2000]
    assert set(visit_responses(fives, none[:2000], find_criteria("RECIST 1.1"))[:, 0]) == {"PD"}


POSSIBLE = st.one_of(st.just(np.nan), st.just(0.0), st.integers(5, 200).map(float))


@given(
    st.lists(st.tuples(POSSIBLE, st.booleans()), min_size=1, max_size=6), POSSIBLE, st.booleans()
)
def test_best_response_follows_from_the_visits(course, baseline, confirm):
    """Against a reading of the definition patient by patient, in plain Python."""
    days = [20.0 * (k + 1) for k in range(len(course))]
    sums = [[baseline, *(size for size, _ in course)]]
    new = [[flag for _, flag in course]]
    rule = ResponseRule(criteria="RECIST 1.1", confirm=confirm)
    best = best_responses(sums, new, days, rule)[0]
    seen = visit_responses(sums, new, find_criteria("RECIST 1.1"))[0].tolist()
    first = seen.index("PD") if "PD" in seen else len(seen)
    before = list(zip(days[:first], seen[:first], strict=True))
    order = ["NE", "PD", "SD", "PR", "CR"]

    def holds(response):
        readings = [day for day, name in before if order.index(name) >= order.index(response)]
        if not confirm:
            return bool(readings)
        return any(later - day >= 28 for day in readings for later in readings)

    if holds("CR"):
        expected = "CR"
    elif holds("PR"):
        expected = "PR"
    elif any(name in ("SD", "PR", "CR") and day >= 35 for day, name in before):
        expected = "SD"
    else:
        expected = "PD" if "PD" in seen else "NE"
    assert best == expected


def test_many_patients_at_once_are_the_patients_one_by_one():
    rng = np.random.default_rng(5)
    sums = 100 * np.exp(rng.normal(0, 0.4, (200, 5)))
    sums[rng.random((200, 5)) < 0.1] = np.nan
    sums[rng.random((200, 5)) < 0.05] = 0
    new = rng.random((200, 4)) < 0.1
    days = [42, 84, 126, 170]
    rule = ResponseRule(criteria="RECIST 1.1", confirm=True)
    together = best_responses(sums, new, days, rule)
    alone = [best_responses(sums[[k]], new[[k]], days, rule)[0] for k in range(200)]
    assert together.tolist() == alone
    assert len(set(alone)) == 5


def test_response_read_again_after_an_intervening_sd_is_confirmed():
    rule = ResponseRule(criteria="RECIST 1.1", confirm=True)
    sums, new, days = [[100, 65, 72, 66]], [[False] * 3], [42, 84, 126]
    assert best_responses(sums, new, days, rule).tolist() == ["PR"]


def test_nothing_measurable_at_baseline_is_not_evaluable():
    found = visit_responses([[0, 0, 30]], [[False, False]], find_criteria("RECIST 1.1"))
    assert found.tolist() == [["NE", "NE"]]


def test_ten_thousand_patients_are_fast():
    rng = np.random.default_rng(6)
    sums = 100 * np.exp(rng.normal(0, 0.3, (10_000, 9)))
    new = rng.random((10_000, 8)) < 0.05
    days = 42 * np.arange(1, 9)
    rule = ResponseRule(criteria="RECIST 1.1", confirm=True)
    best_responses(sums[:1], new[:1], days, rule)  # the unit register loads once
    start = time.perf_counter()
    best_responses(sums, new, days, rule)
    assert time.perf_counter() - start < 0.2  # about 5 ms on an idle core


def test_anything_seen_after_cr_is_pd():
    sums, new = [[100, 0, 3], [100, 0, 0], [100, 90, 3]], [[False] * 2] * 3
    found = visit_responses(sums, new, find_criteria("RECIST 1.1"))
    assert found.tolist() == [["CR", "PD"], ["CR", "CR"], ["SD", "PR"]]


def test_pr_is_carried_on_when_the_days_are_known():
    sums, new, rule = [[100, 65, 75, 65, 75]], [[False] * 4], find_criteria("RECIST 1.1")
    days = [28, 49, 70, 91]
    assert visit_responses(sums, new, rule).tolist() == [["PR", "SD", "PR", "SD"]]
    assert visit_responses(sums, new, rule, days).tolist() == [["PR"] * 4]
    assert visit_responses(sums, new, rule, days, True).tolist() == [["PR", "SD", "PR", "PR"]]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"sums": np.empty((0, 3)), "new": np.empty((0, 2), bool)}, InputError, "no patients"),
        ({"sums": [[100, -1, 90]]}, InputError, "row 0, reading 1: a sum of -1 mm"),
        ({"sums": [[100, np.inf, 90]]}, InputError, "a sum of inf mm"),
        ({"sums": [[100, 90]]}, InputError, "sums of shape"),
        ({"new": [[0, 1]]}, InputError, "true or false"),
        ({"days": [84, 42]}, InputError, "visits 84, 42: expected rising days"),
        ({"days": [42]}, InputError, "1 visits but 2 readings"),
        ({"days": [-1, 42]}, InputError, "after 0"),
        ({"rule": ResponseRule(criteria="RECIST 1.2")}, UnknownNameError, "did you mean 'RECIST 1"),
        (
            {"rule": ResponseRule(criteria="RECIST 1.1", minimum_stable="35 mm")},
            UnitError,
            "35 mm",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(changes, error, words):
    call = {
        "sums": [[100.0, 90, 80]], "new": [[False, False]], "days": [42, 84],
        "rule": ResponseRule(criteria="RECIST 1.1"),
    } | changes  # fmt: skip
    with pytest.raises(error, match=words) as refused:
        best_responses(call["sums"], call["new"], call["days"], call["rule"])
    assert "\n" not in str(refused.value)
