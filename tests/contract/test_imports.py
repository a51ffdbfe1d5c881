"""`import il21` is light: what a command does not need, it does not load."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "pint", "sympy", "xarray", "llvmlite", "matplotlib", "pandas")


def loaded_after(statement):
    code = f"import sys; {statement}; print(*(n for n in {HEAVY!r} if n in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("statement", ["import il21", "import il21.declare"])
def test_nothing_heavy_is_loaded(statement):
    assert loaded_after(statement) == []


def test_the_probe_sees_a_heavy_package():
    assert "numpy" in loaded_after("import numpy")
