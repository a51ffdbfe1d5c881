"""The response criteria by name, and `assess`, which reads patients by one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from il21.declare.endpoint import ResponseRule
from il21.errors import UnknownNameError, suggest
from il21.study.criteria.cll import CONFIRM_AFTER as CLL_CONFIRM
from il21.study.criteria.cll import read_cll
from il21.study.criteria.irecist import IUPD, read_irecist
from il21.study.criteria.iwg import CONFIRM_AFTER as IWG_CONFIRM
from il21.study.criteria.iwg import read_iwg
from il21.study.criteria.outcome import (
    Demands,
    before_progression,
    best_code,
    carry_on,
    counted,
    duration,
    first_day,
    last_day,
)
from il21.study.criteria.recist import (
    RECIST_1_0,
    RECIST_1_1,
    DiameterRule,
    read_recist,
)
from il21.study.criteria.records import (
    LEVELS,
    NE,
    NON,
    PD,
    PR,
    SD,
    Assessment,
    Codes,
    Findings,
    Floats,
    Names,
    any_along,
)
from il21.study.criteria.who import CONFIRM_AFTER as WHO_CONFIRM
from il21.study.criteria.who import read_who
from il21.units import parse_quantity

# By code, iUPD (-1) last.
_IMMUNE = ("NE", "iCPD", "non-iCR/non-iUPD", "iSD", "iPR", "", "", "iCR", "iUPD")
_SOLID = ("NE", "PD", "non-CR/non-PD", "SD", "PR", "CR")
_PLAIN = {
    "CRu": "CR", "nPR": "PR", "non-CR/non-PD": "SD", "iCR": "CR", "iPR": "PR", "iSD": "SD",
    "non-iCR/non-iUPD": "SD", "iCPD": "PD", "iUPD": "PD",
}  # fmt: skip

Reader = Callable[[Findings, Demands], tuple[Codes, Floats]]


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """Response criteria: what they are for, where they stand, how a patient is read by them.

    ``responses`` are those that the rule knows, the worst first; ``confirm_after`` the days from a
    response to the reading that confirms it, which ``always_confirm`` asks for whatever the trial
    does; ``immune`` and ``blood`` mark iRECIST and the rule that reads counts, ``nodal`` those
    whose lesions are lymph nodes.  ``diameters`` are the limits of a rule on sums of diameters, by
    which `select_targets` chooses.
    """

    name: str
    source: str
    about: str
    read: Reader
    responses: tuple[str, ...]
    confirm_after: float
    always_confirm: bool = False
    immune: bool = False
    blood: bool = False
    nodal: bool = False
    diameters: DiameterRule | None = None


def _plain_rule(codes_of: Callable[[Findings], Codes]) -> Reader:
    def read(found: Findings, demands: Demands) -> tuple[Codes, Floats]:
        codes = carry_on(codes_of(found), found.days, demands)
        return codes, first_day(codes == PD, found.days)

    return read


def _diameters(rule: DiameterRule, about: str) -> Criterion:
    return Criterion(
        name=rule.name, source=rule.source, about=about,
        read=_plain_rule(partial(read_recist, rule=rule)), confirm_after=rule.confirm_after,
        responses=_SOLID, diameters=rule,
    )  # fmt: skip


CRITERIA: Mapping[str, Criterion] = MappingProxyType({
    rule.name: rule for rule in (
        _diameters(RECIST_1_0, "solid tumours, sums of longest diameters"),
        _diameters(RECIST_1_1, "solid tumours, sums of diameters, nodes by short axis"),
        Criterion(
            name="iRECIST", source="Seymour2017", about="solid tumours under immunotherapy",
            read=read_irecist, confirm_after=RECIST_1_1.confirm_after, immune=True,
            responses=("NE", "iCPD", "iUPD", "non-iCR/non-iUPD", "iSD", "iPR", "iCR"),
            diameters=RECIST_1_1,
        ),
        Criterion(
            name="WHO", source="Miller1981", about="solid tumours, products of two diameters",
            read=_plain_rule(read_who), confirm_after=WHO_CONFIRM, always_confirm=True,
            responses=_SOLID,
        ),
        Criterion(
            name="IWG 1999", source="Cheson1999", about="lymphoma, products of two diameters",
            read=_plain_rule(read_iwg), confirm_after=IWG_CONFIRM,
            nodal=True,
            responses=("NE", "PD", "non-CR/non-PD", "SD", "PR", "CRu", "CR"),
        ),
        Criterion(
            name="NCI-WG 1996", source="Cheson1996", about="chronic lymphocytic leukaemia",
            read=_plain_rule(read_cll), confirm_after=CLL_CONFIRM, always_confirm=True, blood=True,
            nodal=True,
            responses=("NE", "PD", "SD", "PR", "nPR", "CR"),
        ),
    )
})  # fmt: skip


def find_criterion(name: str) -> Criterion:
    """Return the criteria of that name; raises UnknownNameError with the nearest names.

    >>> find_criterion("WHO").always_confirm
    True
    """
    if name not in CRITERIA:
        raise UnknownNameError(f"response criteria '{name}' are not known{suggest(name, CRITERIA)}")
    return CRITERIA[name]


def assess(found: Findings, rule: ResponseRule) -> Assessment:
    """Return what the rule's criteria say of each patient and visit.

    The best response before progression counts.  Without confirmation a CR or PR at any visit
    does; with it the same or better must be read again at least ``confirm_after`` days on.  Stable
    disease needs a reading of SD or better at ``rule.minimum_stable`` or later; else it is PD if
    there was a PD, else NE.  By iRECIST what follows an iUPD counts until it is confirmed.

    Parameters
    ----------
    found
        Checked readings, from `findings`; the targets are those given (see `select_targets`).
    rule
        Names the criteria, the least time of stable disease and whether to confirm.

    Raises
    ------
    UnknownNameError
        If the criteria are not known.
    InputError
        If the criteria need blood counts and there are none.
    UnitError
        If ``rule.minimum_stable`` is not a time.

    Examples
    --------
    >>> from il21.study.criteria.door import findings
    >>> readings = findings([[[60, 40, 60, 0], [40, 30, 24, 0]]], [42, 84, 126])
    >>> found = assess(readings, ResponseRule(criteria="RECIST 1.1"))
    >>> found.visit.tolist(), found.best.tolist(), found.progression_day.tolist()
    ([['PR', 'PD', 'CR']], ['PR'], [84.0])
    """
    criterion = find_criterion(rule.criteria)
    demands = Demands(
        confirm=rule.confirm or criterion.always_confirm,
        confirm_after=criterion.confirm_after,
        stable_from=parse_quantity(rule.minimum_stable).to("d"),
    )
    codes, progression = criterion.read(found, demands)
    stable = SD if criterion.blood else np.where(any_along(found.has, 1), SD, NON)
    best = best_code(codes, found.days, demands, stable)
    if criterion.immune:
        best = np.where((best == NE) & any_along(codes == IUPD, 1), np.int8(IUPD), best)
    names = np.array(_IMMUNE if criterion.immune else LEVELS)
    good = counted(before_progression(codes), found.days, demands) >= PR
    response = np.where(best >= PR, first_day(good, found.days), np.inf)
    last = last_day(codes != NE, found.days)
    lasted, ended = duration(response, progression, last, found.death)
    return Assessment(
        criteria=criterion.name, days=found.days, visit=names[codes], best=names[best],
        response_day=response, progression_day=progression, last_day=last, duration=lasted,
        ended=ended,
    )  # fmt: skip


def plain(responses: ArrayLike) -> Names:
    """Return responses of any criteria as CR, PR, SD, PD or NE, for tables across trials.

    CRu counts as CR, nodular PR as PR, neither CR nor PD as SD, iUPD that stayed so as PD.

    >>> plain(["iCR", "CRu", "iUPD", "SD"]).tolist()
    ['CR', 'CR', 'PD', 'SD']
    """
    names = np.asarray(responses, np.str_)
    known, index = np.unique(names, return_inverse=True)
    return np.array([_PLAIN.get(str(n), str(n)) for n in known])[index].reshape(names.shape)
