"""Bad readings are refused in one line that says where; gaps are filled."""

import numpy as np
import pytest

from il21.errors import InputError
from il21.study.criteria.door import findings, new_by_visit
from il21.study.criteria.records import Blood, Marrow, NonTarget

GOOD = {"long": [[[40.0, 30, 20], [20, 20, 10]]], "days": [42, 84]}
NAN = float("nan")


def counts(**changes):
    shape = (1, 3)
    plain = {
        name: np.ones(shape)
        for name in (
            "lymphocytes", "neutrophils", "platelets", "haemoglobin", "marrow_lymphocytes",
        )
    }  # fmt: skip
    plain |= {name: np.zeros(shape, bool) for name in ("symptoms", "transformed")}
    return Blood(**{**plain, **changes})


def test_gaps_are_filled():
    found = findings(**GOOD)
    assert len(found) == 1
    assert np.array_equal(found.short, found.long)
    assert set(found.non_target.ravel()) == {NonTarget.NONE}
    assert set(found.marrow.ravel()) == {Marrow.NOT_EXAMINED}
    assert found.new.tolist() == [[0, 0]]
    assert found.death.tolist() == [np.inf]
    assert found.has.tolist() == [[True, True]]


def test_too_small_to_measure_is_five_millimetres_or_what_is_said():
    small = [[[False, False, True], [False, True, True]]]
    given = [[[40.0, 30, NAN], [20, NAN, 3]]]
    assert findings(given, [42, 84], too_small=small).long[0].tolist() == [[40, 30, 5], [20, 5, 5]]
    four = findings(given, [42, 84], too_small=small, smallest=4.0)
    assert four.short[0].tolist() == [[40, 30, 4], [20, 4, 4]]


def test_new_lesions_may_be_yes_or_no():
    assert findings(**GOOD, new=[[False, True]]).new.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"long": np.empty((0, 1, 3))}, "no patients"),
        ({"long": [[40, 30, 20]]}, "no patients"),
        ({"long": [[[40, 30, 20], [40, 30]]]}, "regular table"),
        ({"long": [[["a", "b", "c"]]]}, "expected numbers"),
        ({"long": [[[NAN, NAN, NAN]]]}, "all readings are missing"),
        ({"long": [[[40, -4, 20]]]}, "row 0, lesion 0, reading 1: a diameter of -4 mm"),
        ({"long": [[[40, np.inf, 20]]]}, "a diameter of inf mm"),
        ({"long": [[[40, 30, 20], [NAN, 10, 10]]]}, "target lesion 1 is not read at baseline"),
        ({"days": [84, 42]}, "visits 84, 42: expected rising days"),
        ({"days": [42, 42]}, "visits 42, 42: expected rising days"),
        ({"days": [-7, 42]}, "after 0"),
        ({"days": [42]}, "1 visits but 2 readings"),
        ({"short": [[[20, 20, 20]]]}, "short of shape"),
        ({"short": [[[20, 31, 20], [10, 10, 10]]]}, "reading 1: 30 x 31 mm"),
        ({"short": [[[20, -1, 20], [10, 10, 10]]]}, "a diameter of -1 mm"),
        ({"short": [[[20, NAN, 20], [10, 10, 10]]]}, "30 x nan mm"),
        ({"node": [True]}, "node of shape"),
        ({"node": [[1, 0]]}, "true or false"),
        ({"non_target": [[2, 2, 9]]}, "non_target: expected NOT_EVALUATED"),
        ({"non_target": [[2.0, 2.0, 2.0]]}, "non_target: expected NOT_EVALUATED"),
        ({"non_target": [[0, 0, 2]]}, "row 0, reading 2: a non-target lesion that was not there"),
        ({"new": [[2, 1]]}, "visit 1: 1 new lesions after 2"),
        ({"new": [[-2, 0]]}, "counts of new lesions"),
        ({"new": [[0.5, 1]]}, "counts of new lesions"),
        ({"new_sum": [[-5, 1]]}, "new_sum, patient in row 0: -5"),
        ({"spleen": [[0, np.inf, 0]]}, "spleen, patient in row 0: inf"),
        ({"marrow": [[7, 0, 0]]}, "marrow: expected NOT_EXAMINED"),
        ({"blood": counts(platelets=np.array([[1, -1, 1]]))}, "platelets, patient in row 0: -1"),
        ({"blood": counts(platelets=np.ones((2, 3)))}, "platelets of shape"),
        ({"death": [0]}, "death on day 0"),
        ({"death": [60]}, "read on day 84, after death on day 60"),
        ({"death": [-3]}, "death on day -3"),
    ],
)  # fmt: skip
def test_bad_readings_are_refused_in_one_line(changes, words):
    with pytest.raises(InputError, match=words) as refused:
        findings(**{**GOOD, **changes})
    assert "\n" not in str(refused.value)


def test_the_dead_may_have_empty_visits():
    given = [[[40.0, 30, NAN]]]
    found = findings(given, [42, 84], new=[[0, -1]], death=[60])
    assert found.death.tolist() == [60]


@pytest.mark.parametrize(
    ("appeared", "words"),
    [
        ([[50, -3]], "row 0: a new lesion on day -3, not after the baseline"),
        ([[0, 50]], "a new lesion on day 0"),
        ([50], "days of new lesions of shape"),
    ],
)
def test_new_lesions_before_baseline_are_refused(appeared, words):
    with pytest.raises(InputError, match=words):
        new_by_visit(appeared, [42, 84])


def test_new_lesions_are_counted_to_the_day():
    found = new_by_visit([[42, 84.5, np.inf]], [42, 84, 126])
    assert found.tolist() == [[1, 1, 2]]


def test_a_target_that_is_absent_at_baseline_is_a_new_lesion():
    with pytest.raises(InputError, match="absent at baseline"):
        findings([[[40, 20], [0, 6]]], [42])
