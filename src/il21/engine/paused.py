"""Patients at a visit, kept so that going on gives the same bits as never having stopped.

The step that would pass the visit is not taken: what is kept is the patient before that step, with the
size of the step and the memory of its control, and the step is taken again on resuming.  The state
at the visit is read from the dense output of that step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.layout import packed
from il21.engine.reference import Carry
from il21.errors import InputError

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Paused:
    """Patients at a visit, in the order of the call that paused them.

    ``visit`` (n,) in days and ``state`` (n, n_species) in base units, before anything that happens at
    that moment.  ``rows`` (n, ...) is what the engine needs to go on; ``steps``, ``status``,
    ``last_time``, ``culprit`` and ``notes`` are those of the run up to here.  Patients that failed
    before the visit stay failed.
    """

    model: str
    visit: Array
    state: Array
    rows: Array
    steps: Whole
    status: NDArray[np.int32]
    last_time: Array
    culprit: Whole
    notes: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.visit)

    def only(self, patients: Sequence[int] | Whole | NDArray[np.bool_]) -> "Paused":
        """Return some of the patients, by indices or mask, in that order: the others drop out."""
        chosen = np.arange(len(self))[np.asarray(patients)]
        arrays = ("visit", "state", "rows", "steps", "status", "last_time", "culprit")
        notes = {i: self.notes[int(k)] for i, k in enumerate(chosen) if int(k) in self.notes}
        return replace(self, notes=notes, **{name: getattr(self, name)[chosen] for name in arrays})


def row_length(model: Model) -> int:
    """Return the numbers that are kept of a paused patient."""
    return sum(size for _, size in _parts(model))


def _parts(model: Model) -> tuple[tuple[str, int], ...]:
    return packed(len(model.species), len(model.switches), len(model.triggers))


def unpack(model: Model, row: Array) -> tuple[float, Array, Carry]:
    """Return time, states, and what else a solver needs to go on with a paused patient."""
    values: dict[str, Array] = {}
    first = 0
    for name, size in _parts(model):
        values[name] = row[first : first + size]
        first += size
    carry = Carry(
        tuple(values["SWITCH"].tolist()),
        tuple(values["INFLOW"].tolist()),
        tuple(bool(a > 0.5) for a in values["ARMED"]),
    )
    return float(values["T"][0]), values["Y"], carry


def pack(model: Model, time: float, state: Array, carry: Carry) -> Array:
    """Return the row of a patient that goes on from here with a first step of its own."""
    values = {
        "Y": state, "T": [time], "H": [1.0], "NEED": [1.0], "LATE": [0.0],
        "SWITCH": carry.switches, "INFLOW": carry.inflows,
        "ARMED": [1.0 if armed else 0.0 for armed in carry.armed],
    }  # fmt: skip
    return np.concatenate([np.asarray(values[name], float) for name, _ in _parts(model)])


def check(paused: Paused, model: Model, patients: int) -> None:
    """Refuse a pause of another model or of other patients."""
    if paused.model != model.digest:
        raise InputError(f"resume: these patients were not paused in this form of {model.name}")
    if len(paused) != patients:
        raise InputError(
            f"resume: {len(paused)} paused patients for {patients} rows of parameters; "
            "choose them with Paused.only"
        )
