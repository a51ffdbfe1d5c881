"""The reference solver: SciPy, one patient, slow and plain; the yardstick of every faster path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.schedule import BOLUS, INFUSION, Events
from il21.engine.source import compile_actions, compile_python
from il21.errors import SolverError

Array = NDArray[np.float64]
REFERENCE_RTOL = 1e-10
MOST_TRIGGERS = 1000  # firings in one run
MOST_EVALUATIONS = 5_000_000  # of the rates in one run: some minutes


@dataclass(frozen=True)
class Tolerance:
    """Relative tolerance, and the absolute one as a share of each species' unit."""

    rtol: float = REFERENCE_RTOL
    atol: float = 1e-12


@dataclass(frozen=True)
class Carry:
    """What a run needs beside its states to be gone on with: switches, inflows, armed triggers."""

    switches: tuple[float, ...]
    inflows: tuple[float, ...]
    armed: tuple[bool, ...]


@dataclass(frozen=True)
class ReferenceRun:
    """States (n_times, n_species) and switches (n_times, n_switches) at the asked times, in base units.

    ``carry`` is what `ReferenceSolver.run` needs to go on from ``final``.
    """

    times: Array
    states: Array
    switches: Array
    final: Array
    steps: int
    fired: tuple[tuple[float, str], ...]
    carry: Carry


class ReferenceSolver:
    """A model compiled to Python once, to be run many times.

    Output times are read from dense output, so they never change the trajectory.  A run that needs
    more than ``most_evaluations`` of the rates is given up.
    """

    def __init__(
        self,
        model: Model,
        tolerance: Tolerance | None = None,
        method: str = "LSODA",
        most_evaluations: int = MOST_EVALUATIONS,
    ) -> None:
        self.model = model
        self.most_evaluations = most_evaluations
        self.tolerance = tolerance or Tolerance()
        self.method = method
        self.code = compile_python(model)
        self.actions = compile_actions(model)
        self.scale = np.array([row.unit.factor for row in model.species])

    def starting_state(self, parameters: Mapping[str, float]) -> Array:
        """Return the declared starting state (n_species,) in base units."""
        p = [float(parameters[row.name]) for row in self.model.parameters]
        return np.array(self.code.start(0.0, (), p, (), ()), float)

    def run(
        self,
        parameters: Mapping[str, float],
        events: Events,
        times: Sequence[float] | Array,
        start_time: float = 0.0,
        start: Array | None = None,
        end: float | None = None,
        carry: Carry | None = None,
    ) -> ReferenceRun:
        """Integrate from ``start_time`` (d) through every event.

        Parameters
        ----------
        parameters
            Value of every parameter in base units.
        events
            Timed changes, sorted.
        times
            Output times (d), not decreasing, none before ``start_time``; a time at which something
            happens gives the state after it.
        start
            State to begin with, (n_species,); the declared one by default.
        carry
            Switches, inflows and armed triggers to begin with; all off and armed by default.

        Raises
        ------
        SolverError
            With time and reason if the run cannot be integrated.
        """
        times = np.asarray(times, float)
        last = float(max(end if end is not None else start_time, times.max(initial=start_time)))
        state = self.starting_state(parameters) if start is None else np.array(start, float)
        if not np.all(np.isfinite(state)):
            bad = self.model.species[int(np.argmin(np.isfinite(state)))].name
            raise SolverError(f"{self.model.name}: the start of {bad} is not finite")
        run = _Run(self, parameters, events, times, start_time, last)
        if carry is not None:
            run.s, run.u = list(carry.switches), list(carry.inflows)
            run.armed = list(carry.armed)
        return run.go(state)


class _Run:
    """One integration, segment by segment."""

    def __init__(
        self,
        solver: ReferenceSolver,
        parameters: Mapping[str, float],
        events: Events,
        times: Array,
        begin: float,
        last: float,
    ) -> None:
        self.solver, self.events, self.times, self.last = solver, events, times, last
        self.p = [float(parameters[row.name]) for row in solver.model.parameters]
        self.s = [0.0] * len(solver.model.switches)
        self.u = [0.0] * len(solver.model.species)
        self.now = begin
        self.steps = 0
        self.evaluations = 0
        self.fired: list[tuple[float, str]] = []
        self.armed = [True] * len(solver.model.triggers)
        self.fell: dict[int, float] = {}  # level at which a trigger was armed by falling back
        self.rest: dict[int, float] = {}  # level at which a trigger that fired here was left
        self.out = np.full((len(times), len(solver.model.species)), np.nan)
        self.out_s = np.zeros((len(times), len(self.s)))

    def go(self, state: Array) -> ReferenceRun:
        position = 0
        while True:
            position, state = self._apply(position, state)
            self._write(state, self.now)
            if self.now >= self.last:
                break
            following = self.events.time[position] if position < len(self.events) else self.last
            state = self._segment(state, min(float(following), self.last))
        carry = Carry(tuple(self.s), tuple(self.u), tuple(self.armed))
        fired = tuple(self.fired)
        return ReferenceRun(self.times, self.out, self.out_s, state, self.steps, fired, carry)

    def _apply(self, position: int, state: Array) -> tuple[int, Array]:
        state = state.copy()
        while position < len(self.events) and self.events.time[position] <= self.now:
            kind, index = self.events.kind[position], int(self.events.index[position])
            value = float(self.events.value[position])
            if kind == BOLUS:
                state[index] += value
            elif kind == INFUSION:
                self.u[index] += value
                if abs(self.u[index]) < 1e-9 * abs(value):
                    self.u[index] = 0.0
            else:
                self.s[index] = value
            position += 1
        return position, self._fire(state)

    def _fire(self, state: Array) -> Array:
        """Apply the triggers whose condition has become true at this moment."""
        if not self.armed:
            return state
        for _ in range(MOST_TRIGGERS):
            levels = self._levels(self.now, state)
            due = [
                k
                for k, level in enumerate(levels)
                if level > 0.0 and self.armed[k] and level != self.fell.get(k)
            ]
            for k, level in enumerate(levels):
                # A root leaves its own level at zero give or take rounding; only a level that
                # something has moved since then counts as fallen back.
                fallen = level <= 0.0 and level != self.rest.get(k)
                self.armed[k] = (self.armed[k] or fallen) and k not in due
            if not due:
                return state
            state = self._act(due, state)
        raise SolverError(
            f"{self.solver.model.name}: triggers set each other off at {self.now:g} d"
        )

    def _levels(self, t: float, y: Any) -> list[float]:
        return self.solver.code.guards(t, y, self.p, self.s, self.u)

    def _rates(self, t: float, y: Array) -> list[float]:
        solver = self.solver
        self.evaluations += 1
        if self.evaluations > solver.most_evaluations:
            raise SolverError(
                f"{solver.model.name}: stopped at {t:g} d after {solver.most_evaluations} evaluations "
                "of its rates; look for a rate far too fast, or loosen the tolerance"
            )
        return solver.code.rates(t, y.tolist(), self.p, self.s, self.u)

    def _segment(self, state: Array, until: float) -> Array:
        from scipy.integrate import solve_ivp

        solver = self.solver
        watch = [self._watch(k) for k in range(len(self.armed))]
        try:
            with np.errstate(all="ignore"), catch_warnings(action="ignore"):
                found = solve_ivp(
                    self._rates,
                    (self.now, until),
                    state,
                    method=solver.method,
                    rtol=solver.tolerance.rtol,
                    atol=solver.tolerance.atol * solver.scale,
                    dense_output=True,
                    events=watch or None,
                    first_step=min(1e-4, (until - self.now) / 2) or None,
                )
        except ValueError as error:  # SciPy's root finder on a condition without a change of sign
            raise SolverError(f"{solver.model.name}: after {self.now:g} d: {error}") from error
        if found.status < 0 or not np.all(np.isfinite(found.y[:, -1])):
            what = str(found.message).rstrip(".") if found.status < 0 else "a state is not finite"
            raise SolverError(f"{solver.model.name}: stopped at {float(found.t[-1]):g} d: {what}")
        self.steps += len(found.t) - 1
        reached = float(found.t[-1])
        inside = (self.times > self.now) & (self.times < reached)
        if inside.any():
            self.out[inside] = found.sol(self.times[inside]).T
            self.out_s[inside] = self.s
        self.now = until if found.status == 0 else reached
        state = found.y[:, -1]
        self.rest, self.fell = {}, {}
        if found.status == 1:
            state = self._cross([k for k, when in enumerate(found.t_events) if len(when)], state)
        return state

    def _cross(self, crossed: Sequence[int], state: Array) -> Array:
        """Fire the armed triggers whose root was found here, arm those that have fallen back."""
        due = [k for k in crossed if self.armed[k]]
        for k in crossed:
            self.armed[k] = not self.armed[k]
        before = self._levels(self.now, state)
        self.fell = {k: before[k] for k in crossed if self.armed[k] and k not in due}
        state = self._act(due, state)
        after = self._levels(self.now, state)
        self.rest = {k: after[k] for k in due if after[k] == before[k]}
        return state

    def _act(self, due: Sequence[int], state: Array) -> Array:
        """Apply the actions of triggers, all from the same state, and disarm them."""
        before = state
        state = state.copy()
        for k in due:
            for index, action in self.solver.actions[k]:
                state[index] = action(self.now, before, self.p, self.s, self.u)
            self.armed[k] = False
            self.fired.append((self.now, self.solver.model.triggers[k].name))
        return state

    def _watch(self, k: int) -> Any:
        def difference(t: float, y: Array) -> float:
            return self._levels(t, y.tolist())[k]

        difference.terminal = True  # type: ignore[attr-defined]
        difference.direction = 1.0 if self.armed[k] else -1.0  # type: ignore[attr-defined]
        return difference

    def _write(self, state: Array, now: float) -> None:
        here = self.times == now
        self.out[here] = state
        self.out_s[here] = self.s
