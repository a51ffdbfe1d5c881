"""Times to an event: when an event counts, when a patient is censored, what visits do to it."""

from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest

from il21.errors import InputError, UnknownNameError
from il21.study.survival.curves import kaplan_meier
from il21.study.survival.times import (
    DOR,
    OS,
    PFS,
    PFS_MISSED,
    FollowUp,
    SurvivalRule,
    event_times,
)
from il21.study.survival.turnbull import turnbull

NEVER = np.inf
VISITS = [42, 84, 126, 168, 210]


def follow(assessed, progressed=(), responded=(), **other):
    """One patient: visits (numbers from 1) that were assessed, that progressed, that responded."""
    marks = [[[n in which for n in range(1, 6)]] for which in (assessed, progressed, responded)]
    other = {"last_seen": 220.0, **other}
    return FollowUp(
        visits=VISITS, assessed=marks[0], progressed=marks[1], responded=marks[2], **other
    )


ALL = (1, 2, 3, 4, 5)
RULE_CASES = {
    # name: follow-up, rule, time, event, reason, after, until
    "progression at a visit": (
        follow((1, 2, 3), (3,)), PFS, 126, True, "progression", 84, 126),
    "progression at the first visit": (
        follow((1,), (1,)), PFS, 42, True, "progression", 0, 42),
    "progression stays the first": (
        follow(ALL, (2, 4)), PFS, 84, True, "progression", 42, 84),
    "no event: last adequate assessment": (
        follow((1, 2, 4)), PFS, 168, False, "last adequate assessment", 168, NEVER),
    "never assessed: entry": (
        follow(()), PFS, 0, False, "last adequate assessment", 0, NEVER),
    "progression at a visit that was not adequate does not count": (
        follow((1, 2), (3,)), PFS, 84, False, "last adequate assessment", 84, NEVER),
    "death between visits": (
        follow((1, 2), death=100.0), PFS, 100, True, "death", 100, 100),
    "death before the first visit": (
        follow((), death=20.0, last_seen=20.0), PFS, 20, True, "death", 20, 20),
    "a reading after death is not one": (
        follow(ALL, (3,), death=100.0), PFS, 100, True, "death", 100, 100),
    "death after drop-out is not seen": (
        follow((1, 2), death=150.0, last_seen=90.0), PFS, 84, False,
        "last adequate assessment", 84, NEVER),
    "progression after the cut-off is not seen": (
        follow(ALL, (3,), last_seen=100.0), PFS, 84, False, "last adequate assessment", 84, NEVER),
    "progression after one missed visit counts": (
        follow((1, 3), (3,)), PFS_MISSED, 126, True, "progression", 42, 126),
    "progression after two missed visits counts as a rule": (
        follow((1, 4), (4,)), PFS, 168, True, "progression", 42, 168),
    "and not in the sensitivity table": (
        follow((1, 4), (4,)), PFS_MISSED, 42, False, "missed visits", 42, NEVER),
    "death after two missed visits": (
        follow((1,), death=130.0), PFS_MISSED, 42, False, "missed visits", 42, NEVER),
    "death after one missed visit": (
        follow((1,), death=120.0), PFS_MISSED, 120, True, "death", 120, 120),
    "two missed visits with an adequate one after them do not matter": (
        follow((1, 4, 5), (5,)), PFS_MISSED, 210, True, "progression", 168, 210),
    "a new therapy censors before it": (
        follow(ALL, (4,), new_therapy=100.0), PFS, 84, False, "new therapy", 84, NEVER),
    "death after a new therapy does not count": (
        follow(ALL, (), new_therapy=100.0, death=150.0), PFS, 84, False, "new therapy", 84, NEVER),
    "a new therapy after progression does not": (
        follow(ALL, (2,), new_therapy=100.0), PFS, 84, True, "progression", 42, 84),
    "entry is day nought": (
        follow((1, 2, 3), (3,), entry=10.0), PFS, 116, True, "progression", 74, 116),
    "overall survival: death": (
        follow((1,), (1,), death=200.0), OS, 200, True, "death", 200, 200),
    "overall survival: alive": (
        follow((1,), (1,)), OS, 220, False, "last known alive", 220, NEVER),
    "overall survival counts from entry": (
        follow((1,), (1,), death=200.0, entry=30.0), OS, 170, True, "death", 170, 170),
    "duration of response": (
        follow(ALL, (4,), (2, 3)), DOR, 84, True, "progression", 42, 84),
    "duration of response, censored": (
        follow((1, 2, 3), (), (3,)), DOR, 0, False, "last adequate assessment", 0, NEVER),
    "duration of response, to death": (
        follow((1, 2), (), (2,), death=150.0), DOR, 66, True, "death", 66, 66),
}  # fmt: skip


@pytest.mark.parametrize("name", RULE_CASES)
def test_rules(name):
    seen, rule, *expected = RULE_CASES[name]
    times = event_times(seen, rule)
    columns = (times.time, times.event, times.reason, times.after, times.until)
    assert [column.tolist()[0] for column in columns] == expected


def test_several_patients_visits_of_their_own_and_failures():
    seen = FollowUp(
        visits=[[40, 85], [42, 84], [44, 80]], assessed=np.ones((3, 2), bool),
        progressed=[[False, True], [True, True], [False, False]], last_seen=[90, 90, 90],
        failed=[False, True, False], true_progression=[50, 20, 95],
    )  # fmt: skip
    times = event_times(seen, PFS)
    assert len(times) == 2
    assert times.failed == 1
    assert times.patients.tolist() == [0, 2]
    assert times.time.tolist() == [85, 80]
    assert times.true_time.tolist() == [50, 90]
    assert times.true_event.tolist() == [True, False]


def test_a_true_day_that_is_not_known_stays_unknown():
    times = event_times(follow(ALL, (3,)), PFS)
    assert np.isnan(times.true_time).all()
    assert not times.true_event.any()


def test_only_responders_have_a_duration_of_response():
    seen = FollowUp(
        visits=[42, 84], assessed=np.ones((3, 2), bool),
        progressed=[[False, True], [False, True], [True, False]],
        responded=[[True, False], [False, False], [False, True]], last_seen=100.0,
    )  # fmt: skip
    times = event_times(seen, DOR)
    assert times.patients.tolist() == [0]  # the third responded after a progression
    assert times.time.tolist() == [42]


def trial(gap, n=3000, seed=2):
    """Patients whose true times are exponential with mean 100 d, seen every ``gap`` days."""
    true = np.random.default_rng(seed).exponential(100, n)
    visits = np.arange(gap, 900, gap, float)
    progressed = true[:, None] <= visits
    last = np.full(n, 900.0)
    seen = FollowUp(
        visits=visits, assessed=np.ones(progressed.shape, bool), progressed=progressed,
        last_seen=last, true_progression=true,
    )  # fmt: skip
    return event_times(seen, PFS)


def test_longer_gaps_between_visits_overstate_the_median_and_turnbull_says_so():
    true_median = 100 * np.log(2)
    medians = []
    for gap in (14, 42, 84):
        times = trial(gap)
        medians.append(kaplan_meier(times.time, times.event).median.estimate)
        low, high = turnbull(times.after, times.until).median
        assert low <= true_median <= high
        assert high - low == gap
        true = kaplan_meier(times.true_time, times.true_event).median
        assert true.low < true_median < true.high
    assert all(a <= b for a, b in pairwise(medians))
    assert medians[-1] == 84  # against 69
    assert medians[-1] > 1.15 * true_median


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: event_times(FollowUp(visits=[], assessed=np.ones((0, 0), bool),
                                      progressed=[], last_seen=[]), PFS), "no patients"),
        (lambda: event_times(follow(ALL, entry=30.0, last_seen=20.0), PFS),
         "last seen on day 20, before entry on day 30"),
        (lambda: event_times(follow(ALL, death=-5.0), PFS), "death on day -5, before entry"),
        (lambda: event_times(follow(ALL, entry=50.0), PFS), "days after entry"),
        (lambda: event_times(follow(ALL, failed=[True]), PFS), "all 1 patients failed"),
        (lambda: event_times(follow(ALL, death=np.nan), PFS), "death, new therapy: hold NaN"),
        (lambda: event_times(follow(ALL, last_seen=[1.0, 2.0]), PFS), "one day or 1"),
        (lambda: event_times(FollowUp(visits=[84, 42], assessed=[[True] * 2],
                                      progressed=[[False] * 2], last_seen=90), PFS), "rising"),
        (lambda: event_times(FollowUp(visits=[42, 84], assessed=[[True] * 2],
                                      progressed=[[False]], last_seen=90), PFS), "progressed"),
        (lambda: event_times(FollowUp(visits=[42], assessed=[[True]], progressed=[[False]],
                                      last_seen=90), DOR), "give responded"),
        (lambda: event_times(follow(ALL), DOR), "none of 1 patients responded"),
        (lambda: event_times(follow(ALL, (), (3,), death=100.0), DOR), "none of 1 patients"),
        (lambda: SurvivalRule(endpoint="PFS", missed=0), "missed = 0"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_an_unknown_endpoint_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'PFS'"):
        SurvivalRule(endpoint="PSF")


def test_ten_thousand_patients_are_read_quickly():
    began = perf_counter()
    times = trial(42, n=10_000)
    kaplan_meier(times.time, times.event)
    turnbull(times.after, times.until)
    assert perf_counter() - began < 2
