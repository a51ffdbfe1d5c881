"""Other people's solvers on a composed model: same doses, same triggers, same output times, one thread.

Each takes one patient at a time, as they all do, is compiled once, and stops at every dose (a
restart, which is what they need: a bolus is a jump).  What a patient's calendar asks is worked out
before the clock starts.  ``solve(k)`` returns the states (n_times, n_species).
"""

import ctypes
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from _export import name_all, to_diffsl, to_sbml
from stiff43 import Cohort

from il21.engine.compile import load, machine_text, to_object
from il21.engine.schedule import BOLUS, INFUSION
from il21.engine.source import compile_python
from il21.engine.system import build, infused


@dataclass(frozen=True)
class Segment:
    """Between two events: boluses at its begin, inflows during it, outputs (indices, times) in it."""

    begin: float
    end: float
    boluses: tuple[tuple[int, float], ...]
    inflows: np.ndarray
    slots: np.ndarray
    times: np.ndarray


def segments(cohort: Cohort, k: int) -> list[Segment]:
    """Return the pieces of a patient's calendar; an output at an event is the state after it."""
    events, times = cohort.events[k], cohort.times
    stops = np.unique(np.concatenate([[0.0], events.time, [times[-1]]]))
    flow = np.zeros(len(cohort.model.species))
    found = []
    for begin, end in pairwise(stops):
        boluses = []
        for j in np.flatnonzero(events.time == begin):
            index, value = int(events.index[j]), float(events.value[j])
            if events.kind[j] == BOLUS:
                boluses.append((index, value))
            else:
                assert events.kind[j] == INFUSION
                flow[index] += value
                flow[index] = 0.0 if abs(flow[index]) < 1e-9 * abs(value) else flow[index]
        inside = (times >= begin) & ((times < end) | (end == stops[-1]))
        slots = np.flatnonzero(inside)
        found.append(Segment(begin, end, tuple(boluses), flow.copy(), slots, times[slots]))
    return found


class Peer:
    """What all peers share: calendars and starts, made once."""

    def __init__(self, cohort: Cohort, starts: np.ndarray) -> None:
        self.cohort, self.starts = cohort, starts
        self.calendar = [segments(cohort, k) for k in range(len(starts))]
        self.shape = (len(cohort.times), starts.shape[1])

    def solve(self, k: int) -> np.ndarray:
        """Return the states of a patient at the output times."""
        self.patient(k)
        out, state = np.empty(self.shape), self.starts[k].copy()
        for piece in self.calendar[k]:
            for index, value in piece.boluses:
                state[index] += value
            state = self.go(piece, state, out)
        return out


class RoadRunner(Peer):
    """libRoadRunner: SBML with rate rules or reactions, CVODE (BDF), triggers as SBML events."""

    def __init__(self, cohort: Cohort, starts: np.ndarray, all_numbers, reactions=True) -> None:
        import roadrunner

        super().__init__(cohort, starts)
        names = name_all(cohort.model, all_numbers)
        self.fed = list(infused(cohort.model))
        self.r = roadrunner.RoadRunner(to_sbml(cohort.model, names, self.fed, reactions))
        self.r.integrator.setValue("stiff", True)
        self.r.integrator.setValue("maximum_num_steps", 10**7)
        ids = list(self.r.model.getGlobalParameterIds())
        species = list(self.r.model.getFloatingSpeciesIds())
        self.order = [int(name[2:]) for name in species]
        self.varied = list(names.varied)
        self.p = [ids.index(f"pa{j}") for j in self.varied]
        self.u = [ids.index(f"ua{j}") for j in self.fed]

    def set(self, rtol: float) -> None:
        """Choose the tolerance."""
        self.r.integrator.setValue("relative_tolerance", rtol)
        self.r.integrator.setValue("absolute_tolerance", 1e-3 * rtol)

    def patient(self, k: int) -> None:
        """Set the numbers of a patient."""
        self.r.model.setGlobalParameterValues(self.p, self.cohort.numbers[k, self.varied])

    def go(self, piece: Segment, state: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Carry a state through a piece."""
        model, integrator = self.r.model, self.r.integrator
        model.setGlobalParameterValues(self.u, piece.inflows[self.fed])
        model.setTime(piece.begin)
        model.setFloatingSpeciesAmounts(state[self.order])
        integrator.restart(piece.begin)
        t = piece.begin
        for slot, moment in zip(piece.slots, piece.times, strict=True):
            if moment > t:
                self._to(t, moment)
                t = moment
            out[slot, self.order] = model.getFloatingSpeciesAmounts()
        if piece.end > t:
            self._to(t, piece.end)
        last = np.empty_like(state)
        last[self.order] = model.getFloatingSpeciesAmounts()
        return last

    def _to(self, t: float, end: float) -> None:
        while t < end:  # stops early at an event
            t = self.r.integrator.integrate(t, end - t)


class Diffsol(Peer):
    """pydiffsol: DiffSL compiled by LLVM, triggers as stop and reset."""

    def __init__(self, cohort, starts, all_numbers, method="bdf", matrix="nalgebra_dense") -> None:
        import pydiffsol

        super().__init__(cohort, starts)
        names = name_all(cohort.model, all_numbers)
        self.fed = list(infused(cohort.model))
        self.varied = list(names.varied)
        self.ode = pydiffsol.Ode(
            to_diffsl(cohort.model, names, self.fed),
            matrix_type=getattr(pydiffsol, matrix), scalar_type=pydiffsol.f64,
            ode_solver=getattr(pydiffsol, method), jit_backend=pydiffsol.llvm,
            linear_solver=pydiffsol.lu,
        )  # fmt: skip
        self.first = len(self.varied)
        self.inputs = np.empty(self.first + len(self.fed) + starts.shape[1])

    def set(self, rtol: float) -> None:
        """Choose the tolerance."""
        self.ode.rtol, self.ode.atol = rtol, 1e-3 * rtol
        self.ode.h0 = 1e-4

    def patient(self, k: int) -> None:
        """Set the numbers of a patient."""
        self.inputs[: self.first] = self.cohort.numbers[k, self.varied]

    def go(self, piece: Segment, state: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Carry a state through a piece; no rate depends on time, so each begins at 0."""
        middle = self.first + len(self.fed)
        self.inputs[self.first : middle] = piece.inflows[self.fed]
        self.inputs[middle:] = state
        at_begin = len(piece.times) and piece.times[0] == piece.begin
        if at_begin:
            out[piece.slots[0]] = state
        slots, times = piece.slots[int(at_begin) :], piece.times[int(at_begin) :]
        ends = len(times) and times[-1] == piece.end
        asked = times - piece.begin if ends else np.append(times, piece.end) - piece.begin
        found = self.ode.solve_dense(self.inputs, asked).ys
        out[slots] = found[:, : len(slots)].T
        return np.array(found[:, -1])


class SciPy(Peer):
    """scipy.integrate.solve_ivp on rates and Jacobian compiled by this project's own emitter."""

    def __init__(self, cohort: Cohort, starts: np.ndarray, method: str) -> None:
        super().__init__(cohort, starts)
        self.method, self.code = method, Scalar(cohort.model)
        self.python = compile_python(cohort.model)
        self.tolerance = 1e-6
        self.triggers = [self._watch(k) for k in range(len(cohort.model.triggers))]

    def set(self, rtol: float) -> None:
        """Choose the tolerance."""
        self.tolerance = rtol

    def patient(self, k: int) -> None:
        """Set the numbers of a patient."""
        self.p = self.cohort.numbers[k].tolist()
        self.code.patient(self.cohort.numbers[k])

    def _watch(self, k: int):
        guards = compile_python(self.cohort.model).guards

        def difference(t, y):
            return guards(t, y, self.p, (), ())[k]

        difference.terminal, difference.direction = True, 1.0
        return difference

    def go(self, piece: Segment, state: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Carry a state through a piece, restarting after a trigger."""
        from scipy.integrate import solve_ivp

        place = {row.name: j for j, row in enumerate(self.cohort.model.species)}
        self.code.feed(piece.inflows)
        now, left = piece.begin, np.ones(len(piece.times), bool)
        while now < piece.end:
            found = solve_ivp(
                self.code.rates, (now, piece.end), state, method=self.method,
                rtol=max(self.tolerance, 3e-14), atol=1e-3 * self.tolerance, jac=self.code.slopes,
                dense_output=bool(left.any()), events=self.triggers or None,
                first_step=min(1e-4, (piece.end - now) / 2),
            )  # fmt: skip
            if found.status < 0:
                raise RuntimeError(found.message)
            reached, state = float(found.t[-1]), found.y[:, -1].copy()
            inside = left & (piece.times <= reached)
            if inside.any():
                out[piece.slots[inside]] = found.sol(piece.times[inside]).T
                left &= ~inside
            if found.status == 1:
                for k, when in enumerate(found.t_events):
                    for name, _ in self.cohort.model.triggers[k].then if len(when) else ():
                        state[place[name]] = 0.0
            now = reached if found.status == 1 else piece.end
        return state


class Scalar:
    """Rates and dense Jacobian of one patient as machine code, called through ctypes."""

    def __init__(self, model) -> None:
        system = build(model, (model.species[0].name,), infused(model))
        text, layout = machine_text(system, 1)
        for name in ("prologue", "rates", "slopes"):
            text = text.replace(f"define internal void @{name}(", f"define void @{name}(")
        self.engine = load(to_object(text)[0])
        pointer, real = ctypes.c_void_p, ctypes.c_double

        def function(name, *kinds):
            return ctypes.CFUNCTYPE(None, *kinds)(self.engine.get_function_address(name))

        self._prologue = function("prologue", pointer)
        self._rates = function("rates", pointer, pointer, real)
        self._slopes = function("slopes", pointer, pointer, real)
        block = np.zeros(layout.size + 8)
        offset = (-block.ctypes.data % 64) // 8
        self.work, self.layout, self.n = block[offset:], layout, len(model.species)
        self.address = self.work.ctypes.data
        first = layout["J"]
        self.places = tuple(np.array(list(system.jacobian)).T)
        self.slope_values = self.work[first : first + len(system.jacobian)]
        self.rate_values = self.work[layout["F"] : layout["F"] + self.n]

    def patient(self, numbers: np.ndarray) -> None:
        """Set the parameters."""
        first = self.layout["RAW"]
        self.work[first : first + len(numbers)] = numbers
        self._prologue(self.address)

    def feed(self, inflows: np.ndarray) -> None:
        """Set the inflows."""
        first = self.layout["INFLOW"]
        self.work[first : first + self.n] = inflows

    def rates(self, t: float, y: np.ndarray) -> np.ndarray:
        """dy/dt."""
        y = np.ascontiguousarray(y)
        self._rates(self.address, y.ctypes.data, t)
        return self.rate_values.copy()

    def slopes(self, t: float, y: np.ndarray) -> np.ndarray:
        """The Jacobian, dense."""
        y = np.ascontiguousarray(y)
        self._slopes(self.address, y.ctypes.data, t)
        dense = np.zeros((self.n, self.n))
        dense[self.places] = self.slope_values
        return dense
