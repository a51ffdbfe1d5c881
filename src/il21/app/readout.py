"""The error of the read-out alone, by the names of criteria and the readers of the library."""

from collections.abc import Sequence

from il21 import catalog
from il21.compose.numbers import readout_constants
from il21.declare import ReadOut, ResponseRule
from il21.errors import InputError
from il21.study.reading import ReadoutError, Tumours, readers_from, readout_error
from il21.units import parse_quantity

DEFAULT_VISITS = ("42 d", "84 d", "126 d", "168 d")


def read_out_error(
    criteria: str = "RECIST 1.1",
    visits: Sequence[str] = DEFAULT_VISITS,
    *,
    patients: int = 10_000,
    seed: int = 21,
    readers: int = 1,
    error: str = "relative",
    confirm: bool = False,
    minimum_stable: str = "35 d",
) -> ReadoutError:
    """Classify a cohort of tumours that never change, read by the library's readers.

    Parameters
    ----------
    criteria
        Name of response criteria, e.g. "RECIST 1.1", "iRECIST", "WHO", "IWG 1999".
    visits
        Times of the readings after baseline, with unit.
    readers
        How many readers share a patient's scans; each is read by one of them at random.
    error
        "relative" or "absolute" (mm), see `il21.study.reading.readout_error`.
    confirm, minimum_stable
        Whether CR and PR need a second reading, and the least time of stable disease.

    Raises
    ------
    UnknownNameError, UnitError, InputError
        If criteria are not known, or a time or number cannot be used.

    Examples
    --------
    >>> found = read_out_error(visits=["6 week"], patients=200)
    >>> found.criteria, found.by_visit.sum().round(9).item()
    ('RECIST 1.1', 1.0)
    """
    if not visits:
        raise InputError("visits: expected at least one time, e.g. 42 d")
    rule = ResponseRule(criteria=criteria, minimum_stable=minimum_stable, confirm=confirm)
    numbers = readout_constants(
        catalog.find(ReadOut, "readers"), catalog.evidence("readers"), "any"
    )
    values = {name: row.value / row.unit.factor for name, row in numbers.items()}
    tumours = Tumours(
        most_lesions=round(values["most_lesions"]), diameter=values["diameter"],
        diameter_sd=values["diameter_sd"], measurable=values["measurable"],
        across=values["across"],
    )  # fmt: skip
    days = [parse_quantity(text).to("d") for text in visits]
    return readout_error(
        rule, days, readers_from(values), tumours, patients=patients, seed=seed, pool=readers,
        error=error,
    )  # fmt: skip
