"""The read-out ``lesions``: a tumour burden becomes target lesions with diameters, read with error.

Each patient has some target lesions, which share a part of the burden, grow a little differently
from the whole, and are read at baseline and at each visit; new lesions appear at random.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from il21.errors import InputError, UnknownNameError, suggest
from il21.study.draws import normals, uniforms
from il21.study.visits import rising_days

Floats = NDArray[np.float64]

PARAMETERS: tuple[str, ...] = (
    "most_lesions",  # target lesions: a whole number from 1 to this, equally likely
    "dirichlet",  # concentration of the shares: the higher, the more alike
    "target_share",  # part of the burden that the target lesions hold
    "growth_sd",  # SD of a lesion's deviation in growth rate, as a part of g_obs
    "error_sd",  # log-SD of one reading of one diameter
    "smallest",  # mm: what is read below counts as absent
    "new_lesion_factor",  # hazard of a new lesion, as a part of g_obs
    "new_lesion_cap",  # most that growth of the burden multiplies that hazard by
)
_MINUTES = 24 * 60  # a day; readings are keyed by the minute
_LEAST_DIRICHLET = 0.05  # below, all shares of a patient may round to zero


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """What the reader of the scans writes down for n patients at v visits.

    ``diameters`` (n, lesions, 1 + v) in mm, baseline first; 0 is absent, NaN a lesion that the
    patient does not have.  ``new_lesion`` (n, v) says whether one has appeared by that visit,
    ``new_lesion_day`` (n,) when it did (infinity: not within the run), ``visits`` (v,) the days.
    """

    diameters: Floats
    new_lesion: NDArray[np.bool_]
    new_lesion_day: Floats
    visits: Floats

    @property
    def sums(self) -> Floats:
        """Sum of diameters (n, 1 + v) in mm; NaN where a lesion of the patient was not read."""
        lacking = np.all(np.isnan(self.diameters), axis=2, keepdims=True)
        read = np.where(lacking, 0.0, self.diameters).sum(axis=1)
        return np.asarray(np.where(np.all(lacking, axis=1), np.nan, read), np.float64)


def read_lesions(
    volume: ArrayLike,
    living: ArrayLike,
    visits: ArrayLike,
    growth: ArrayLike,
    values: Mapping[str, ArrayLike],
    *,
    seed: int,
    ids: ArrayLike,
    replicate: ArrayLike = 0,
    trial: str = "",
) -> Readings:
    """Return the readings of n patients whose burden is known on every day.

    A lesion's true volume on day t is target_share * share * volume(t) * exp(dg*t), its diameter
    (6 v/pi)^(1/3); the baseline carries the reading error too.  The hazard of a new lesion is
    new_lesion_factor * g_obs * min(living(t)/living(0), new_lesion_cap), integrated over days
    (trapezoids).  One Mcell counts as one mm^3.

    Parameters
    ----------
    volume
        Burden that a scan sees, dead cells included (n, days), in mm^3; column j is day j.
    living
        Its living part (n, days).
    visits
        Days (v,) of the visits after the first dose, rising.
    growth
        g_obs, the untreated growth rate per day, (n,) or one for all.
    values
        The numbers named in `PARAMETERS`, each a scalar or (n,).
    seed, ids, replicate, trial
        Key of the draws, ``ids`` (n,); a reading's error belongs to patient, lesion and day.

    Raises
    ------
    InputError
        If there are no patients or visits, shapes differ, or a number is impossible.
    UnknownNameError
        If ``values`` lacks a number or holds another.

    Examples
    --------
    >>> burden = np.full((3, 50), 8e4)
    >>> values = dict(most_lesions=5, dirichlet=2, target_share=0.7, growth_sd=0.4,
    ...               error_sd=0.06, smallest=5, new_lesion_factor=0.5, new_lesion_cap=3)
    >>> read_lesions(burden, burden, [42], 0.01, values, seed=1, ids=[0, 1, 2]).sums.shape
    (3, 2)
    """
    seen, alive, days, rate = _burdens(volume, living, visits, growth)
    number = _values(values, len(seen))
    key = _key(seed, ids, replicate, trial, len(seen))
    true = _true_diameters(seen, days, rate, number, key)
    first = _first_new_lesion(alive, rate, number, key)
    read = _read(true, days, number, key)
    new = first[:, None] <= days
    return Readings(diameters=read, new_lesion=new, new_lesion_day=first, visits=days)


@dataclass(frozen=True, eq=False)
class _Key:
    """To whom the draws belong; arrays of lesions and visits broadcast after the patients."""

    seed: int
    ids: NDArray[np.integer]
    replicate: NDArray[np.integer]
    trial: str

    def uniforms(self, purpose: str, item: ArrayLike = 0) -> Floats:
        extra = (...,) + (None,) * max(np.ndim(item) - 1, 0)
        return uniforms(
            self.seed, purpose, self.ids[extra], replicate=self.replicate[extra], item=item,
            trial=self.trial,
        )  # fmt: skip

    def normals(self, purpose: str, item: ArrayLike, occasion: ArrayLike = 0) -> Floats:
        extra = (...,) + (None,) * (np.ndim(item) - 1)
        return normals(
            self.seed, purpose, self.ids[extra], replicate=self.replicate[extra], item=item,
            occasion=occasion, trial=self.trial,
        )  # fmt: skip


def _key(seed: int, ids: ArrayLike, replicate: ArrayLike, trial: str, patients: int) -> _Key:
    numbers, repeats = np.asarray(ids), np.asarray(replicate)
    if numbers.shape != (patients,) or repeats.shape not in ((), (patients,)):
        raise InputError(
            f"ids of shape {numbers.shape}, replicate of shape {repeats.shape}: expected "
            f"{patients}, one a patient"
        )
    return _Key(seed, numbers, np.broadcast_to(repeats, numbers.shape), trial)


def _read(true: Floats, days: Floats, number: Mapping[str, Floats], key: _Key) -> Floats:
    minutes = np.round(np.append(0.0, days) * _MINUTES).astype(np.int64)
    error = number["error_sd"][:, None, None] * key.normals(
        "lesions/error", np.arange(true.shape[1])[None, :, None], minutes[None, None, :]
    )
    read = true * np.exp(error)  # NaN stays NaN: it is not below the smallest
    return np.where(read < number["smallest"][:, None, None], 0.0, read)


def _true_diameters(
    volume: Floats, days: Floats, rate: Floats, number: Mapping[str, Floats], key: _Key
) -> Floats:
    """Diameters without error (n, lesions, 1 + v) in mm; NaN where there is no such lesion."""
    most = number["most_lesions"]
    lesion = np.arange(int(most.max()))[None, :]
    count = 1 + np.floor(key.uniforms("lesions/number") * most)
    part = gammaincinv(number["dirichlet"][:, None], key.uniforms("lesions/share", lesion))
    part = np.where(lesion < count[:, None], part, 0.0)
    part *= (number["target_share"] / part.sum(axis=1))[:, None]
    deviation = (number["growth_sd"] * rate)[:, None] * key.normals("lesions/growth", lesion)
    times = np.append(0.0, days)
    before = np.minimum(np.floor(times).astype(int), volume.shape[1] - 1)
    after = np.minimum(before + 1, volume.shape[1] - 1)
    burden = volume[:, before] + (times - before) * (volume[:, after] - volume[:, before])
    with np.errstate(over="ignore", invalid="ignore"):  # an infinite reading is for the caller
        each = part[:, :, None] * burden[:, None, :] * np.exp(deviation[:, :, None] * times)
    each[np.broadcast_to((lesion >= count[:, None])[:, :, None], each.shape)] = np.nan
    return np.asarray(np.cbrt(6.0 * each / np.pi), np.float64)


def _first_new_lesion(
    living: Floats, rate: Floats, number: Mapping[str, Floats], key: _Key
) -> Floats:
    """Day (n,) on which the integrated hazard reaches an exponential draw; infinity if never."""
    growth = np.minimum(living / living[:, :1], number["new_lesion_cap"][:, None])
    hazard = (number["new_lesion_factor"] * rate)[:, None] * growth
    total = np.zeros_like(hazard)
    np.cumsum(0.5 * (hazard[:, 1:] + hazard[:, :-1]), axis=1, out=total[:, 1:])
    aim = -np.log(key.uniforms("lesions/new"))
    after = (total < aim[:, None]).sum(axis=1)
    found = after < total.shape[1]
    day = np.clip(after, 1, total.shape[1] - 1)
    row = np.arange(len(total))
    step = total[row, day] - total[row, day - 1]
    part = (aim - total[row, day - 1]) / np.where(step > 0, step, 1.0)
    return np.asarray(np.where(found, day - 1 + part, np.inf), np.float64)


def _burdens(
    volume: ArrayLike, living: ArrayLike, visits: ArrayLike, growth: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    seen, alive = np.asarray(volume, np.float64), np.asarray(living, np.float64)
    rate = np.asarray(growth, np.float64)
    if seen.ndim != 2 or seen.shape != alive.shape:
        raise InputError(
            f"burdens of shapes {seen.shape} and {alive.shape}: expected (patients, days) twice"
        )
    if seen.shape[0] == 0 or seen.shape[1] < 2:
        raise InputError("no patients: expected burdens of at least one patient on two days")
    for array, what in ((seen, "volume"), (alive, "living burden"), (rate, "growth")):
        if not np.isfinite(array).all() or np.any(array < 0):
            raise InputError(
                f"{what}: holds a negative number, NaN or infinity; leave out patients that could "
                "not be solved"
            )
    if np.any(alive[:, 0] <= 0):
        who = int(np.flatnonzero(alive[:, 0] <= 0)[0])
        raise InputError(f"patient in row {who} has no living tumour on day 0; nothing to follow")
    if rate.ndim > 1 or rate.shape not in ((), (len(seen),)):
        raise InputError(f"growth of shape {rate.shape}: expected one number or {len(seen)}")
    days = rising_days(visits, last=seen.shape[1] - 1)
    return seen, alive, days, np.broadcast_to(rate, (len(seen),))


def _values(values: Mapping[str, ArrayLike], patients: int) -> dict[str, Floats]:
    for name in values:
        if name not in PARAMETERS:
            raise UnknownNameError(f"read-out lesions has no {name}{suggest(name, PARAMETERS)}")
    missing = [name for name in PARAMETERS if name not in values]
    if missing:
        raise UnknownNameError(f"read-out lesions lacks {', '.join(missing)}; give each a value")
    number: dict[str, Floats] = {}
    for name in PARAMETERS:
        array = np.asarray(values[name], np.float64)
        if array.shape not in ((), (patients,)):
            raise InputError(
                f"lesions.{name} of shape {array.shape}: expected one number or {patients}"
            )
        if not np.isfinite(array).all() or np.any(array < 0):
            raise InputError(f"lesions.{name}: expected finite numbers from 0 on")
        number[name] = np.broadcast_to(array, (patients,))
    most = number["most_lesions"]
    if np.any(most < 1) or np.any(most != np.floor(most)):
        raise InputError(f"lesions.most_lesions = {most.min():g}: expected a whole number from 1")
    if np.any(number["dirichlet"] < _LEAST_DIRICHLET):
        raise InputError(f"lesions.dirichlet: expected numbers from {_LEAST_DIRICHLET:g} on")
    if np.any(number["target_share"] > 1):
        raise InputError("lesions.target_share: expected a part of the burden, from 0 to 1")
    return number
