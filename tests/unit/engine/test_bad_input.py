"""Input that cannot be used: refused in one line, or recorded where it is one patient's."""

from dataclasses import replace

import numpy as np
import pytest

from il21.engine.batch import solve_batch
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS
from il21.errors import InputError
from tests.unit.engine import small_models
from tests.unit.engine.test_batch import DOSES, NONE, events, numbers


@pytest.mark.parametrize(
    "row",
    [
        (1.0, 7, 0, 1.0),
        (1.0, BOLUS, 99, 1.0),
        (1.0, BOLUS, -1, 1.0),
        (np.nan, BOLUS, 0, 1.0),
        (1.0, BOLUS, 0, np.inf),
    ],
)
def test_an_event_that_points_nowhere_is_recorded(row):
    model = small_models.decay()
    found = solve_batch(model, numbers(model, 2), [DOSES, events(row)], [0.0, 4.0])
    assert found.status.tolist() == [0, 4]
    assert "event" in found.reason(1)


def test_events_out_of_order_are_recorded():
    model = small_models.decay()
    late = replace(DOSES, time=DOSES.time[::-1].copy())
    found = solve_batch(model, numbers(model, 2), [late, DOSES], [0.0, 4.0])
    assert found.status.tolist() == [4, 0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"times": [1.0, 0.5]}, "must not decrease"),
        ({"times": [np.nan]}, "finite"),
        ({"times": [-1.0]}, "before the start"),
        ({"tolerance": "defalt"}, "did you mean 'default'"),
        ({"tolerance": Tolerance(-1e-5, 1e-8)}, "positive"),
        ({"tolerance": Tolerance(1e-5, np.nan)}, "positive"),
        ({"parameters": np.ones((2, 3))}, "must be (patients, 5)"),
        ({"events": []}, "events of 0 patients"),
        ({"start": np.ones((1, 2))}, "must be (patients, 3)"),
        ({"end": 0.5}, "end 0.5 d"),
        ({"outputs": ("levl",)}, "level"),
        ({"width": 3}, "must be one of 1, 2, 4, 8, 16"),
        ({"width": 0}, "must be one of"),
        ({"start_time": np.nan}, "finite"),
        ({"end": np.inf}, "end inf d"),
        ({"tolerance": Tolerance(2.0, 1e-8)}, "positive, below 1"),
    ],
)
def test_what_cannot_be_used_is_refused(change, word):
    model = small_models.decay()
    call = {"parameters": numbers(model), "events": [NONE], "times": [0.0, 1.0]} | change
    positional = [call.pop(name) for name in ("parameters", "events", "times")]
    with pytest.raises(Exception, match=word.replace("(", r"\(").replace(")", r"\)")) as caught:
        solve_batch(model, *positional, **call)
    assert isinstance(caught.value, InputError) or "levl" in str(caught.value)


def test_a_model_without_states_is_refused():
    model = replace(small_models.decay(), species=(), processes=(), definitions=(), observables=())
    with pytest.raises(InputError, match="drug has no species: there is nothing to integrate"):
        solve_batch(model, numbers(model), [NONE], [0.0, 1.0])
