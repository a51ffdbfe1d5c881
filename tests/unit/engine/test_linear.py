"""The elimination of a pattern solves every matrix of that pattern."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from il21.engine.linear import eliminate


def solved(plan, matrix, right):
    work, x = matrix.copy(), right.copy()
    for pivot, (below, beside) in zip(plan.order, plan.updates, strict=True):
        for i in below:
            work[i, pivot] /= work[pivot, pivot]
            for j in beside:
                work[i, j] -= work[i, pivot] * work[pivot, j]
            x[i] -= work[i, pivot] * x[pivot]
    for pivot, (_, beside) in reversed(list(zip(plan.order, plan.updates, strict=True))):
        x[pivot] = (x[pivot] - sum(work[pivot, j] * x[j] for j in beside)) / work[pivot, pivot]
    return x


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_solves_random_patterns(size, seed):
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((size, size)) < 0.25, rng.normal(size=(size, size)), 0.0)
    pattern = [tuple(map(int, spot)) for spot in np.argwhere(matrix)]
    matrix += np.diag(4.0 + size * rng.random(size))
    plan = eliminate(size, pattern)
    right = rng.normal(size=size)
    np.testing.assert_allclose(
        solved(plan, matrix, right), np.linalg.solve(matrix, right), rtol=1e-9, atol=1e-12
    )
    assert sorted(plan.order) == list(range(size))
    assert {(i, i) for i in range(size)} | set(pattern) <= set(plan.places)


def test_a_chain_does_not_fill():
    chain = [(k, k + 1) for k in range(20)] + [(k + 1, k) for k in range(20)]
    assert eliminate(21, chain).fill == 0


def test_nothing_outside_the_places_is_touched():
    rng = np.random.default_rng(3)
    pattern = [(int(i), int(j)) for i, j in rng.integers(0, 15, (30, 2))]
    plan = eliminate(15, pattern)
    touched = {
        (i, p) for p, (below, _) in zip(plan.order, plan.updates, strict=True) for i in below
    }
    touched |= {
        (p, j) for p, (_, beside) in zip(plan.order, plan.updates, strict=True) for j in beside
    }
    assert touched <= set(plan.places)
