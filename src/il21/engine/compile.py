"""A model becomes machine code in this process, by LLVM; no compiler is needed on the machine."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from il21.compose.model import Model
from il21.engine import cache
from il21.engine.emit_control import Control
from il21.engine.emit_kernels import Kernels, patient_slots
from il21.engine.emit_step import Stepper
from il21.engine.ir import ATTRIBUTES, head
from il21.engine.ir_math import math_functions
from il21.engine.layout import Layout, lay_out
from il21.engine.reductions import Plan
from il21.engine.system import System, build
from il21.errors import SolverError

WIDTHS = (1, 2, 4, 8, 16)
LARGE = 30_000  # lines of IR above which fewer passes keep compiling short


@dataclass(frozen=True)
class Machine:
    """Machine code of a model: ``run`` takes the address of a context (layout.CONTEXT)."""

    system: System
    layout: Layout
    run: Any
    engine: Any
    from_cache: bool


def machine_text(system: System, width: int) -> tuple[str, Layout]:
    """Return the whole IR of a system and where its arrays stand."""
    slots = patient_slots(system)
    layout = lay_out(system, max(1, len(slots)), width)
    kernels = Kernels(system, layout, slots, width)
    stepper = Stepper(kernels)
    parts = (
        head(width),
        "declare double @llvm.fabs.f64(double)",
        math_functions(width),
        kernels.all(),
        stepper.all(),
        Control(stepper).all(),
        ATTRIBUTES,
    )
    return "\n\n".join(parts) + "\n", layout


@lru_cache(maxsize=1)
def _target() -> tuple[Any, str]:
    """The machine that LLVM compiles for, and a text that names it with the version of LLVM."""
    import llvmlite
    import llvmlite.binding as llvm

    try:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
        target = llvm.Target.from_default_triple()
        # Level 1 of the code generator: as fast to run as 2 here, and half the time to compile.
        machine = target.create_target_machine(cpu=cpu, features=features, opt=1, jit=True)
    except RuntimeError as error:
        raise SolverError(
            f"LLVM cannot compile for this processor ({error}); use the reference solver"
        ) from error
    name = f"{llvm.get_default_triple()} {cpu} {features} {llvmlite.__version__} {llvm.llvm_version_info}"
    return machine, name


def target_name() -> str:
    """Return a text that names this kind of machine: processor, its features, version of LLVM."""
    return _target()[1]


def host_width() -> int:
    """Return how many patients go side by side on this processor: 8 with AVX-512, 4 with AVX, else 2."""
    _, name = _target()
    if "+avx512f" in name:
        return 8
    return 4 if "+avx" in name else 2


def to_object(text: str) -> tuple[bytes, bool]:
    """Return the object code of IR text and whether it came from the cache."""
    machine, name = _target()
    key = cache.key_of(text, name)
    found = cache.read(key)
    if found is not None:
        return found, True
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(1 if text.count("\n") > LARGE else 2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    body = bytes(machine.emit_object(module))
    cache.write(key, body)
    return body, False


def load(body: bytes) -> Any:
    """Return an engine that holds object code; it must live as long as its functions are called."""
    import llvmlite.binding as llvm

    empty = llvm.parse_assembly("")
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(empty, machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(body))
    engine.finalize_object()
    return engine


def compile_system(system: System, width: int) -> Machine:
    """Return the machine code of a system for vectors of ``width`` patients."""
    text, layout = machine_text(system, width)
    body, cached = to_object(text)
    engine = load(body)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("run"))
    return Machine(system, layout, run, engine, cached)


_machines: dict[tuple[str, tuple[str, ...], tuple[int, ...], int, Plan | None], Machine] = {}
MOST_MACHINES = 32


def machine_of(
    model: Model,
    outputs: Sequence[str],
    inflows: Sequence[int],
    width: int | None = None,
    plan: Plan | None = None,
) -> Machine:
    """Return the machine code of a model, compiled once in a process.

    Parameters
    ----------
    outputs
        Full names, in the order in which they are written.
    inflows
        Indices of the species that may take infusions.
    width
        Patients in a vector; what the registers hold by default (width.py measures a better one).
    plan
        Reductions; none by default.
    """
    lanes = width or host_width()
    key = (model.digest, tuple(outputs), tuple(inflows), lanes, plan)
    if key not in _machines:
        while len(_machines) >= MOST_MACHINES:
            del _machines[next(iter(_machines))]
        _machines[key] = compile_system(build(model, outputs, inflows, plan), lanes)
    return _machines[key]
