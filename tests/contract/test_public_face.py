"""The public face is one list: what the package offers is what the reference says, and it is told."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import il21

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference.md"


def listed(text):
    """The names that stand in the first column of the reference's table, with their sentences."""
    return dict(re.findall(r"^\| `il21\.(\w+)` \| (.+?) \|$", text, flags=re.MULTILINE))


def test_the_reference_lists_every_public_name_and_no_other():
    assert sorted(listed(REFERENCE.read_text(encoding="utf-8"))) == sorted(il21.__all__)


def test_each_name_has_a_sentence():
    for name, sentence in listed(REFERENCE.read_text(encoding="utf-8")).items():
        assert re.match(r"[A-Z].+[.:`]$|.+\.$", sentence), name


def test_a_forgotten_name_is_seen():
    text = REFERENCE.read_text(encoding="utf-8")
    shorter = "\n".join(line for line in text.splitlines() if "`il21.cite`" not in line)
    assert sorted(listed(shorter)) != sorted(il21.__all__)


def test_the_list_is_sorted_and_each_name_is_there():
    assert sorted(set(il21.__all__)) == sorted(il21.__all__)
    assert dir(il21) == sorted(il21.__all__)
    for name in il21.__all__:
        assert getattr(il21, name) is not None


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'il21' has no attribute 'simulat'"):
        _ = il21.simulat


@pytest.mark.parametrize("name", [name for name in il21.__all__ if name != "__version__"])
def test_what_is_public_tells_what_it_is(name):
    thing = getattr(il21, name)
    assert inspect.getdoc(thing), name
    assert thing.__name__ == name
    if inspect.isclass(thing):
        members = [
            m for m in vars(thing).values() if inspect.isfunction(m) or isinstance(m, property)
        ]
        members = [m for m in members if not getattr(m, "__name__", m).__str__().startswith("_")]
    else:
        members = [thing]
    for member in members:
        function = member.fget if isinstance(member, property) else member
        if function.__name__.startswith("_"):
            continue
        assert function.__doc__, f"{name}.{function.__name__}"
        hints = function.__annotations__
        wanted = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
        assert {*wanted, "return"} <= set(hints), f"{name}.{function.__name__}"


def test_no_public_name_is_hidden_by_a_file_of_its_name():
    """A submodule becomes an attribute of the package as soon as anything imports it."""
    files = {path.stem for path in (ROOT / "src" / "il21").iterdir()}
    assert files & set(il21.__all__) == set()


@pytest.mark.parametrize("room", ["declare", "lang", "compose", "app"])
def test_a_room_offers_what_it_lists(room):
    module = importlib.import_module(f"il21.{room}")
    assert module.__doc__
    assert module.__all__ == sorted(module.__all__, key=_as_ruff)
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), f"il21.{room}.{name}"


def _as_ruff(name):
    """Constants, then classes, then functions, each by name."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def test_every_public_function_of_the_package_is_told():
    silent = []
    for path in sorted((ROOT / "src" / "il21").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        if path.name == "__main__.py" or ".library." in name:
            continue
        module = importlib.import_module(name.removesuffix(".__init__"))
        if not module.__doc__:
            silent.append(name)
        for label, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == module.__name__
            told = inspect.isclass(thing) or inspect.isfunction(thing)
            if own and told and not label.startswith("_") and not thing.__doc__:
                silent.append(f"{name}.{label}")
    assert silent == []


def test_the_type_marker_travels():
    assert (Path(il21.__file__).parent / "py.typed").exists()


def test_the_version_is_that_of_the_project():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^version = "(.+)"$', text, flags=re.MULTILINE)[1] == il21.__version__


def test_a_star_import_brings_the_list_and_nothing_else():
    code = (
        "before = set(dir()) | {'before'}\nfrom il21 import *\n"
        "print(*sorted(set(dir()) - before - {'__version__'}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == sorted(set(il21.__all__) - {"__version__"})
