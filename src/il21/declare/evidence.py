"""The record behind a number: where it comes from, how it is known, how sure, how variable."""

from dataclasses import dataclass

HOW: tuple[str, ...] = ("measured", "fitted", "tuned", "derived", "borrowed", "assumed")
READ: tuple[str, ...] = ("full", "abstract", "secondary", "recalled", "none")
UNCERTAINTY_KINDS: tuple[str, ...] = ("ci95", "se", "cv", "range", "log_sd")
VARIABILITY_KINDS: tuple[str, ...] = ("log_sd", "sd", "logit_sd", "cv")


@dataclass(frozen=True)
class Spread:
    """A distribution about a typical value.

    ``kind`` is one of `UNCERTAINTY_KINDS` or `VARIABILITY_KINDS`; ``numbers`` its figures (two for
    ci95 and range, which read as central 95 % intervals; one else); ``low`` and ``high`` cut it;
    numbers of ci95, range, se and sd are in the unit of the value.
    """

    kind: str
    numbers: tuple[float, ...]
    low: float | None = None
    high: float | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A value as its source prints it, with everything a reader needs to judge it.

    ``value`` is text with unit ("0.0229 L/h"); empty for a derived number, which has ``formula``.
    ``uncertainty`` is how well we know the typical value, ``variability`` how much subjects differ.
    ``read`` says how deeply the source was read, ``checked`` who read it a second time.
    """

    parameter: str
    host: str
    sets: str
    source: str
    how: str
    value: str = ""
    formula: str = ""
    because: str = ""
    read: str = "none"
    uncertainty: Spread | None = None
    variability: Spread | None = None
    note: str = ""
    checked: str = ""
    where: str = ""
