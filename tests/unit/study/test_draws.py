"""Counter-based draws: known answers, independence of order and number, moments, speed."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from il21.errors import InputError
from il21.study.draws import normals, philox, stream_key, uniforms

WORD = st.integers(0, 2**64 - 1)


def words(*numbers):
    return tuple(np.array([number], np.uint64) for number in numbers)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [  # kat_vectors of Random123 (Salmon et al. 2011), philox4x64 10
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (2**64 - 1,) * 4,
            (2**64 - 1,) * 2,
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, answer):
    assert tuple(int(word[0]) for word in philox(words(*counter), key)) == answer


@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_philox_gives_the_bits_of_numpy(counter, key):
    # NumPy counts up before it draws.
    total = (sum(word << (64 * place) for place, word in enumerate(counter)) - 1) % 2**256
    before = np.array([(total >> (64 * place)) & (2**64 - 1) for place in range(4)], np.uint64)
    theirs = np.random.Philox(key=np.array(key, np.uint64), counter=before).random_raw(4)
    assert [int(word[0]) for word in philox(words(*counter), key)] == theirs.tolist()


@given(st.permutations(range(40)), st.integers(1, 40))
def test_a_number_depends_neither_on_order_nor_on_how_many_there_are(order, kept):
    ids = np.arange(40)
    whole = normals(3, "variability/imm", ids)
    some = np.array(order[:kept])
    assert np.array_equal(normals(3, "variability/imm", some), whole[some])


def test_a_batch_over_replicates_is_the_replicates_one_by_one():
    ids, replicates = np.arange(20_000), np.array([0, 5])
    both = uniforms(3, "lesions/new", ids[None, :], replicate=replicates[:, None])
    for row, replicate in zip(both, replicates, strict=True):
        assert np.array_equal(row, uniforms(3, "lesions/new", ids, replicate=int(replicate)))


def test_every_part_of_the_key_makes_another_stream():
    ids = np.arange(1000)
    base = {"seed": 1, "purpose": "a", "trial": "T01", "replicate": 0, "item": 0, "occasion": 0}
    streams = [base] + [
        base | change
        for change in (
            {"seed": 2}, {"purpose": "b"}, {"trial": "T02"}, {"replicate": 1}, {"item": 1},
            {"occasion": 1},
        )
    ]  # fmt: skip
    drawn = [
        normals(s["seed"], s["purpose"], ids, **{k: s[k] for k in list(s)[2:]}) for s in streams
    ]
    correlation = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(correlation).max() < 0.13  # 21 pairs, SD 0.032 each


def test_key_does_not_confuse_trial_and_purpose():
    assert stream_key(1, "b", "a") != stream_key(1, "ab", "")
    assert stream_key(1, "b\x1fc", "a") != stream_key(1, "c", "a\x1fb")
    assert stream_key(11, "x") != stream_key(1, "1x")


def test_moments_and_distribution():
    z = normals(11, "moments", np.arange(200_000))
    n = len(z)
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((z**3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)
    u = uniforms(12, "moments", np.arange(200_000))
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    # neighbours of one stream: no serial correlation
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 4 / np.sqrt(n)


def test_ends_are_never_reached():
    # The extreme words give the numbers nearest to 0 and 1, and a finite normal.
    low, high = 0.5 * 2.0**-52, (2**52 - 1 + 0.5) * 2.0**-52
    assert 0 < low < high < 1
    assert low == 1 - high
    u = uniforms(1, "ends", np.arange(100_000))
    assert 0 < u.min() < u.max() < 1
    assert np.isfinite(normals(1, "ends", np.arange(100_000))).all()


def test_twenty_purposes_of_many_patients_are_fast():
    ids = np.arange(100_000)
    start = time.perf_counter()
    for purpose in range(20):
        normals(1, f"variability/p{purpose}", ids)
    assert time.perf_counter() - start < 2.0  # about 0.25 s on an idle core


@pytest.mark.parametrize(
    ("arguments", "words_of_the_error"),
    [
        ({"seed": -1}, "seed -1"),
        ({"seed": 1.5}, "seed 1.5"),
        ({"seed": True}, "seed True"),
        ({"purpose": ""}, "no purpose"),
        ({"ids": [0, -3]}, "ids: .* got -3"),
        ({"ids": [0.5]}, "ids: .* float64"),
        ({"ids": [True]}, "ids: .* bool"),
        ({"replicate": [0, 1, 2]}, "do not broadcast"),
    ],
)
def test_bad_keys_are_refused_in_one_line(arguments, words_of_the_error):
    given_ = {"seed": 1, "purpose": "a", "ids": [0, 1]} | arguments
    with pytest.raises(InputError, match=words_of_the_error) as error:
        uniforms(**given_)
    assert "\n" not in str(error.value)
