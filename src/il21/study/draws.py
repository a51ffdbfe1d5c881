"""Counter-based random numbers: a number belongs to a patient and a purpose, not to a queue.

Philox4x64-10 (Salmon et al. 2011, SC11, doi 10.1145/2063384.2063405), the generator of
``numpy.random.Philox``, written for whole arrays of counters.  The key is a hash of seed, trial and
purpose; the counter is (patient, replicate, item, occasion).  So a number does not depend on the
order of patients, on how many there are, nor on what else was drawn.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from il21.errors import InputError

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_CHUNK = 8192  # counters at a time: the working set stays in cache
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MASK = (1 << 64) - 1


@lru_cache(maxsize=4096)
def stream_key(seed: int, purpose: str, trial: str = "") -> tuple[int, int]:
    """Return the key of a stream: two 64-bit words, the blake2b hash of seed, trial and purpose.

    Raises
    ------
    InputError
        If the seed is not a whole number from 0 on, or the purpose is empty.

    Examples
    --------
    >>> stream_key(1, "variability/nk.r") == stream_key(1, "variability/nk.r")
    True
    >>> stream_key(1, "variability/nk.r") == stream_key(2, "variability/nk.r")
    False
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed {seed!r}: expected a whole number from 0 on, e.g. 1")
    if not purpose:
        raise InputError("a draw has no purpose; name it, e.g. 'variability/nk.r'")
    text = f"il21 draw\x1f{int(seed)}\x1f{len(trial)}:{trial}\x1f{purpose}"
    digest = blake2b(text.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def philox(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Return Philox4x64-10 of each counter: four words, each of the counters' shape.

    ``counter`` is four uint64 arrays of one shape, ``key`` two 64-bit numbers.  Salmon et al. 2011,
    section 3.3; the same bits as ``numpy.random.Philox``.

    >>> zero = np.zeros(1, np.uint64)
    >>> hex(int(philox((zero, zero, zero, zero), (0, 0))[0][0]))
    '0x16554d9eca36314c'
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        high0, low0 = _wide_product(c0, _MULTIPLIERS[0])
        high1, low1 = _wide_product(c2, _MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ np.uint64(k0), low1, high0 ^ c3 ^ np.uint64(k1), low0
        k0, k1 = (k0 + _WEYL[0]) & _MASK, (k1 + _WEYL[1]) & _MASK
    return c0, c1, c2, c3


def _wide_product(x: Words, constant: int) -> tuple[Words, Words]:
    """Return the 128-bit product as (upper, lower) words, from products of 32-bit halves."""
    upper, lower = np.uint64(constant >> 32), np.uint64(constant & 0xFFFFFFFF)
    x_upper, x_lower = x >> _HALF, x & _LOW
    middle = x_upper * lower
    middle += (x_lower * lower) >> _HALF
    other = x_lower * upper
    other += middle & _LOW
    middle >>= _HALF
    other >>= _HALF
    high = x_upper * upper
    high += middle
    high += other
    return high, x * np.uint64(constant)


def _whole(values: ArrayLike, what: str) -> Words:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"{what}: expected whole numbers from 0 on, got {array.dtype} values")
    if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
        raise InputError(f"{what}: expected whole numbers from 0 on, got {int(array.min())}")
    return array.astype(np.uint64)


def uniforms(
    seed: int,
    purpose: str,
    ids: ArrayLike,
    *,
    replicate: ArrayLike = 0,
    item: ArrayLike = 0,
    occasion: ArrayLike = 0,
    trial: str = "",
) -> Floats:
    """Return uniform numbers, never 0 nor 1, one for each patient.

    ``ids`` are patient numbers; ``replicate`` numbers the trial's repetition, ``item`` a part of
    the patient (a lesion), ``occasion`` a moment (a visit).  The four broadcast together and give
    the shape of the result.  The numbers are (k + 1/2)/2^52 with k the upper 52 bits of the first
    word, so u and 1 - u are equally exact.

    Raises
    ------
    InputError
        If a number is negative or not whole, or the purpose is empty.

    Examples
    --------
    >>> u = uniforms(7, "evaluable", [0, 1, 2])
    >>> bool((u == uniforms(7, "evaluable", [2, 1, 0])[::-1]).all())
    True
    """
    key = stream_key(seed, purpose, trial)
    words: list[Any] = [
        _whole(ids, "ids"),
        _whole(replicate, "replicate"),
        _whole(item, "item"),
        _whole(occasion, "occasion"),
    ]
    try:
        shape = np.broadcast_shapes(*(word.shape for word in words))
    except ValueError as error:
        shapes = ", ".join(str(word.shape) for word in words)
        raise InputError(
            f"{purpose}: ids, replicate, item, occasion of shapes {shapes} do not broadcast"
        ) from error
    flat = [np.broadcast_to(word, shape).reshape(-1) for word in words]
    drawn = np.empty(flat[0].shape, np.float64)
    for start in range(0, drawn.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        first = philox((flat[0][part], flat[1][part], flat[2][part], flat[3][part]), key)[0]
        drawn[part] = ((first >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return drawn.reshape(shape)


def normals(
    seed: int,
    purpose: str,
    ids: ArrayLike,
    *,
    replicate: ArrayLike = 0,
    item: ArrayLike = 0,
    occasion: ArrayLike = 0,
    trial: str = "",
) -> Floats:
    """Return standard normal numbers: the inverse distribution function of `uniforms`.

    Arguments, shape and errors are those of `uniforms`.

    >>> z = normals(7, "variability/imm", range(1000))
    >>> bool(abs(z.mean()) < 0.1), bool(abs(z.std() - 1) < 0.1)
    (True, True)
    """
    drawn = uniforms(
        seed, purpose, ids, replicate=replicate, item=item, occasion=occasion, trial=trial
    )
    return np.asarray(ndtri(drawn), np.float64)
