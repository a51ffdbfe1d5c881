"""Read-outs by name: which rule turns a patient's days into what the reader writes down."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from il21.declare import ReadOut
from il21.errors import UnknownNameError, suggest
from il21.study.lesions import Readings, read_lesions
from il21.study.population import Patients

Floats = NDArray[np.float64]


class Reader(ABC):
    """A rule that reads patients; a new one is a class here and a record in the library."""

    @abstractmethod
    def unreadable(self, daily: Mapping[str, Floats]) -> NDArray[np.bool_]:
        """Who (n,) cannot be read at all."""

    @abstractmethod
    def read(
        self,
        daily: Mapping[str, Floats],
        fixed: Mapping[str, Floats],
        values: Mapping[str, Floats],
        visits: Floats,
        who: Patients,
    ) -> Readings:
        """Read ``daily`` quantities (n, days) and ``fixed`` ones (n,), by role, at the visits (v,)."""


class LesionReader(Reader):
    """Target lesions by diameter, and new lesions; roles burden, living (daily), growth (fixed)."""

    def unreadable(self, daily: Mapping[str, Floats]) -> NDArray[np.bool_]:
        """Patients without a living tumour on day 0, or with a burden that is not finite."""
        finite = np.isfinite(daily["burden"]).all(axis=1) & np.isfinite(daily["living"]).all(axis=1)
        return ~(finite & (daily["living"][:, 0] > 0.0))

    def read(
        self,
        daily: Mapping[str, Floats],
        fixed: Mapping[str, Floats],
        values: Mapping[str, Floats],
        visits: Floats,
        who: Patients,
    ) -> Readings:
        """Read lesions as `il21.study.lesions.read_lesions` does."""
        burden, living = (np.maximum(daily[role], 0.0) for role in ("burden", "living"))
        return read_lesions(
            burden, living, visits, fixed["growth"], values,
            seed=who.seed, ids=who.ids, replicate=who.replicate, trial=who.trial,
        )  # fmt: skip


READERS: Mapping[str, Reader] = {"lesions": LesionReader()}


def reader_of(readout: ReadOut) -> Reader:
    """Return the rule that a read-out names.

    Raises
    ------
    UnknownNameError
        If there is no such rule.
    """
    if readout.rule not in READERS:
        raise UnknownNameError(
            f"read-out {readout.name}: no rule '{readout.rule}'{suggest(readout.rule, READERS)}"
        )
    return READERS[readout.rule]
