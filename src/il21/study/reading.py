"""The error of the read-out alone: tumours that never change, read at each visit and classified.

Each reader has a bias of its own on the logarithm of every diameter; each reading of a lesion has an
error on top, relative or in mm.  Both follow from limits of agreement: the difference of two
readings of one lesion varies by the reading error within a reader, and by the biases too between
two.  No tumour shrinks, grows, goes or spreads here, so every CR, PR and PD is false.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from il21.declare.endpoint import ResponseRule
from il21.errors import InputError, UnknownNameError, suggest
from il21.study.criteria.catalogue import Criterion, assess, find_criterion
from il21.study.criteria.door import TOO_SMALL, findings
from il21.study.criteria.records import Findings
from il21.study.draws import normals, uniforms
from il21.study.visits import rising_days

Floats = NDArray[np.float64]
ERRORS = ("relative", "absolute")
_LIMIT = float(ndtri(0.975))  # of agreement, in standard deviations
_CHUNK = 20_000  # patients at a time
_PROGRESSED = ("PD", "iUPD", "iCPD")
_RESPONDED = ("PR", "nPR", "CRu", "CR", "iPR", "iCR")


@dataclass(frozen=True, kw_only=True)
class Readers:
    """How readers err: SD of a reader's bias and of one reading, both of logarithms, or in mm.

    ``repeat_sd`` is the SD of the difference of two readings in mm, for absolute errors.
    """

    reader_sd: float
    lesion_sd: float
    repeat_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("reader_sd", "lesion_sd", "repeat_sd"):
            value = getattr(self, name)
            if not 0 <= value < np.inf:
                raise InputError(f"readers.{name} = {value:g}: expected a finite number from 0 on")


@dataclass(frozen=True, kw_only=True)
class Tumours:
    """Constant tumours to read: numbers and sizes (mm, median and log-SD) of target lesions."""

    most_lesions: int
    diameter: float
    diameter_sd: float
    measurable: float
    across: float

    def __post_init__(self) -> None:
        if self.most_lesions < 1 or self.diameter <= 0 or self.diameter_sd < 0:
            raise InputError("tumours: expected at least one lesion of a size above 0")
        if not 0 <= self.measurable < np.inf or not 0 < self.across <= 1:
            raise InputError("tumours: expected measurable from 0 on and across from 0 to 1")
        if self.diameter_sd == 0 and self.diameter < self.measurable:
            raise InputError(
                f"tumours: all measure {self.diameter:g} mm, none is measurable from "
                f"{self.measurable:g} mm on"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadoutError:
    """Shares of patients by response, each with its Monte-Carlo error (SD).

    ``by_visit`` (k, v) at each visit, ``best`` (k,) as best response, in the order of
    ``responses``; ``progressed`` and ``responded`` (v,) are the shares in whom a progression or a
    response has been read at any visit so far.
    """

    criteria: str
    responses: tuple[str, ...]
    days: Floats
    patients: int
    by_visit: Floats
    best: Floats
    progressed: Floats
    responded: Floats

    def error(self, share: ArrayLike) -> Floats:
        """Return the Monte-Carlo SD of a share."""
        part = np.asarray(share, np.float64)
        return np.asarray(np.sqrt(part * (1 - part) / self.patients), np.float64)


def readers_from(values: Mapping[str, float]) -> Readers:
    """Return the readers whose limits of agreement are printed.

    Parameters
    ----------
    values
        ``within_low``, ``within_high`` and ``between_low``, ``between_high``: 95 % limits of the
        relative difference of two readings, by one reader and by two; ``repeat_sd`` in mm.

    Raises
    ------
    InputError
        If limits are out of order, or two readers agree better than one.

    Examples
    --------
    >>> found = readers_from(dict(within_low=-0.178, within_high=0.161, between_low=-0.221,
    ...                           between_high=0.254, repeat_sd=2.4))
    >>> round(found.lesion_sd, 3), round(found.reader_sd, 3)
    (0.062, 0.059)
    """
    sd: dict[str, float] = {}
    for kind in ("within", "between"):
        low, high = values[f"{kind}_low"], values[f"{kind}_high"]
        if not -1 < low < high < np.inf:
            raise InputError(
                f"readers: limits of agreement {low:g} to {high:g} ({kind}); expected two rising "
                "numbers above -1"
            )
        sd[kind] = float(np.log1p(high) - np.log1p(low)) / (2 * _LIMIT * np.sqrt(2))
    if sd["between"] < sd["within"]:
        raise InputError("readers: two agree better than one with himself; check the limits")
    bias = float(np.sqrt(sd["between"] ** 2 - sd["within"] ** 2))
    return Readers(
        reader_sd=bias, lesion_sd=float(sd["within"]), repeat_sd=values.get("repeat_sd", 0.0)
    )


def readout_error(
    rule: ResponseRule,
    visits: ArrayLike,
    readers: Readers,
    tumours: Tumours,
    *,
    patients: int = 10_000,
    seed: int = 21,
    pool: int = 1,
    error: str = "relative",
) -> ReadoutError:
    """Return how often constant tumours are classified as what they are not.

    Parameters
    ----------
    rule
        Criteria, least time of stable disease and whether to confirm.
    visits
        Days (v,) of the readings after baseline, rising.
    pool
        Readers that a patient's scans are shared among, at random; with one, biases cancel.  Each
        patient has readers of its own, so patients are independent and the shares are those
        expected of readers at large.
    error
        "relative": each reading by ``readers.lesion_sd``; "absolute": by ``repeat_sd`` in mm.

    Raises
    ------
    InputError
        If there are no patients or readers, visits do not rise, or the criteria need blood.
    UnknownNameError
        If criteria or error are not known.

    Examples
    --------
    >>> exact = Readers(reader_sd=0.1, lesion_sd=0)
    >>> sizes = Tumours(most_lesions=3, diameter=30, diameter_sd=0.5, measurable=10, across=0.8)
    >>> found = readout_error(ResponseRule(criteria="WHO"), [42], exact, sizes, patients=50)
    >>> dict(zip(found.responses, found.best.tolist()))["SD"]
    1.0
    """
    criterion = _answerable(rule, patients, pool, error)
    days = rising_days(visits)
    names = np.array(criterion.responses)
    by_visit, best = np.zeros((len(names), len(days))), np.zeros(len(names))
    progressed, responded = np.zeros((2, len(days)))
    for start in range(0, patients, _CHUNK):
        ids = np.arange(start, min(start + _CHUNK, patients))
        found = read_constant(ids, days, readers, tumours, seed, pool, error)
        read = assess(replace(found, node=found.node | criterion.nodal), rule)
        by_visit += (read.visit[None] == names[:, None, None]).sum(axis=1)
        best += (read.best[None] == names[:, None]).sum(axis=1)
        progressed += _by_then(np.isin(read.visit, _PROGRESSED))
        responded += _by_then(np.isin(read.visit, _RESPONDED))
    return ReadoutError(
        criteria=criterion.name, responses=criterion.responses, days=days, patients=patients,
        by_visit=by_visit / patients, best=best / patients, progressed=progressed / patients,
        responded=responded / patients,
    )  # fmt: skip


def _answerable(rule: ResponseRule, patients: int, pool: int, error: str) -> Criterion:
    criterion = find_criterion(rule.criteria)
    if criterion.blood:
        raise InputError(f"{criterion.name} reads blood counts; constant tumours have none")
    if error not in ERRORS:
        raise UnknownNameError(f"there is no error '{error}'{suggest(error, ERRORS)}")
    if not 1 <= patients <= 1_000_000:
        raise InputError(f"patients = {patients}: expected 1 to 1,000,000")
    if not 1 <= pool <= 10_000:
        raise InputError(f"readers = {pool}: expected 1 to 10,000")
    return criterion


def _by_then(flags: NDArray[np.bool_]) -> Floats:
    return np.logical_or.accumulate(flags, axis=1).sum(axis=0).astype(np.float64)


def read_constant(
    ids: NDArray[np.integer],
    days: Floats,
    readers: Readers,
    tumours: Tumours,
    seed: int,
    pool: int = 1,
    error: str = "relative",
) -> Findings:
    """Return the readings of constant tumours of patients ``ids`` (n,), baseline and visits.

    A lesion read below 5 mm is there and too small to measure.  Draws belong to patient, lesion
    and scan, so more patients or visits leave the others' errors as they are.
    """
    true = true_diameters(ids, tumours, seed)[:, :, None]
    scan = np.arange(1 + len(days))[None, None, :]
    who, lesion = ids[:, None, None], np.arange(tumours.most_lesions)[None, :, None]
    reader = np.floor(uniforms(seed, "reading/reader", who, occasion=scan) * pool).astype(np.int64)
    bias = np.exp(readers.reader_sd * normals(seed, "reading/bias", who, item=reader))
    read = []
    for axis, part in enumerate((1.0, tumours.across)):
        z = normals(seed, f"reading/lesion {axis}", who, item=lesion, occasion=scan)
        size = true * part * bias
        if error == "relative":
            read.append(size * np.exp(readers.lesion_sd * z))
        else:
            read.append(size + readers.repeat_sd / np.sqrt(2) * z)
    long, short = np.maximum(*read), np.maximum(np.minimum(*read), 0.0)
    return findings(
        np.maximum(long, 0.0), days, short=short, too_small=long < TOO_SMALL,
    )  # fmt: skip


def true_diameters(ids: NDArray[np.integer], tumours: Tumours, seed: int) -> Floats:
    """Return the longest diameters (n, lesions) in mm; NaN where a patient has no such lesion.

    Log-normal about the median, cut off below what is measurable.
    """
    lesion = np.arange(tumours.most_lesions)[None, :]
    u = uniforms(seed, "reading/size", ids[:, None], item=lesion)
    if tumours.diameter_sd > 0 and tumours.measurable > 0:
        below = ndtr(np.log(tumours.measurable / tumours.diameter) / tumours.diameter_sd)
        u = below + (1 - below) * u
    size = tumours.diameter * np.exp(tumours.diameter_sd * ndtri(u))
    count = 1 + np.floor(uniforms(seed, "reading/number", ids[:, None]) * tumours.most_lesions)
    return np.where(lesion < count, size, np.nan)
