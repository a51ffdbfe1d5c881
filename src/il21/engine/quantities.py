"""Definitions and observables on a trajectory: every named quantity from states and parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.lang.evaluate import evaluate
from il21.lang.tree import names_in

Array = NDArray[np.float64]


def quantities(
    model: Model, names: Sequence[str], values: Mapping[str, Any], shape: tuple[int, ...]
) -> dict[str, Array]:
    """Return named species, definitions or observables, in the coherent base.

    Parameters
    ----------
    names
        Full names of the model.
    values
        Species, parameters, switches and ``time`` as arrays that broadcast to ``shape``.
    shape
        Of each returned array.
    """
    formulas = {row.name: row.formula for row in (*model.definitions, *model.observables)}
    space: dict[str, Any] = dict(values)
    order = [row.name for row in (*model.definitions, *model.observables)]
    needed: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name in formulas and name not in needed:
            needed.add(name)
            stack.extend(names_in(formulas[name]))
    for name in order:
        if name in needed:
            space[name] = evaluate(formulas[name], space)
    return {name: np.array(np.broadcast_to(space[name], shape), float) for name in names}
