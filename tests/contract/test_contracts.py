"""Each import contract holds, and catches what it forbids when it is broken on purpose."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter is not installed")

ROOT = Path(__file__).parents[2]
FLOORS, DECLARED, NO_DISEASE, INDEPENDENT, NO_CIRCLE = CONTRACTS = (
    "Floors",
    "Science is only declared",
    "Machinery knows no disease",
    "Modules of science do not know each other",
    "No rooms in a circle",
)


@pytest.fixture
def house(tmp_path):
    """Copy of the package alone, with the project's configuration beside it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "src" / "il21", tmp_path / "il21", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def verdicts(house):
    """Run import-linter on the copy; return the first words of each contract and its verdict."""
    code = "from importlinter.cli import lint_imports_command as run; run()"
    environment = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "300", "NO_COLOR": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=house, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = dict(re.findall(r"^(.+?)(?:[:;].*)? (KEPT|BROKEN)", run.stdout, flags=re.MULTILINE))
    assert set(found) == set(CONTRACTS), run.stdout + run.stderr
    assert (run.returncode == 0) == ("BROKEN" not in found.values())
    return found


def broken(house):
    return {name for name, verdict in verdicts(house).items() if verdict == "BROKEN"}


def append(path, line):
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def module_name(house, path):
    parts = path.relative_to(house).with_suffix("").parts
    return ".".join(parts)


def science(house):
    """Return one module of science from each folder of the library."""
    found = {}
    for path in sorted((house / "il21" / "library").glob("*/[!_]*.py")):
        found.setdefault(path.parent, path)
    assert len(found) >= 2, "the library needs modules in two folders for this test"
    return list(found.values())


def import_upwards(house):
    append(house / "il21" / "lang" / "__init__.py", "import il21.catalog")


def build_unplaced_room(house):
    room = house / "il21" / "broom_cupboard"
    room.mkdir()
    (room / "__init__.py").touch()


def compute_in_the_library(house):
    append(science(house)[0], "import numpy")


def use_machinery_in_the_library(house):
    append(science(house)[0], "import il21.lang")


def name_a_disease_in_the_machinery(house):
    name = module_name(house, science(house)[0])
    append(house / "il21" / "engine" / "__init__.py", f"import {name}")


def join_modules_of_science(house):
    first, second = science(house)[:2]
    append(first, f"import {module_name(house, second)}")


def build_a_circle(house):
    room = house / "il21" / "engine"
    (room / "hen.py").write_text("import il21.engine.egg\n")
    (room / "egg.py").write_text("import il21.engine.hen\n")


def test_the_house_as_it_stands_keeps_every_contract(house):
    assert broken(house) == set()


@pytest.mark.parametrize(
    ("breach", "contract"),
    [
        (build_unplaced_room, FLOORS),
        (compute_in_the_library, DECLARED),
        (use_machinery_in_the_library, DECLARED),
        (name_a_disease_in_the_machinery, NO_DISEASE),
        (join_modules_of_science, INDEPENDENT),
        (build_a_circle, NO_CIRCLE),
    ],
)
def test_a_breach_breaks_its_contract_and_no_other(house, breach, contract):
    breach(house)
    assert broken(house) == {contract}


def test_an_import_from_a_floor_above_is_caught(house):
    import_upwards(house)
    assert FLOORS in broken(house)
