"""Object code on disk: found again, never trusted when damaged, not needed."""

import numpy as np
import pytest

from il21.engine import cache, width
from il21.engine import compile as compile_module
from il21.engine.batch import solve_batch
from il21.engine.compile import compile_system, host_width
from il21.engine.schedule import events_of
from il21.engine.system import build
from il21.errors import SolverError
from tests.unit.engine import small_models


@pytest.fixture
def objects(tmp_path, monkeypatch):
    monkeypatch.setenv("IL21_CACHE", str(tmp_path / "objects"))
    return tmp_path / "objects"


def compiled():
    model = small_models.refill()
    return compile_system(build(model, [row.name for row in model.species], ()), 2)


def test_found_again(objects):
    assert not compiled().from_cache
    assert compiled().from_cache
    assert len(list(objects.iterdir())) == 1


@pytest.mark.parametrize(
    "spoil",
    [lambda b: b[:100], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b"", lambda b: b[::-1]],
)
def test_a_damaged_file_is_made_again(objects, spoil):
    compiled()
    (file,) = objects.iterdir()
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    assert not compiled().from_cache
    assert file.read_bytes()[:60] == whole[:60]
    assert compiled().from_cache


def test_a_folder_that_cannot_be_written_is_done_without(objects):
    objects.write_text("a file where the folder should be")
    assert not compiled().from_cache
    assert cache.write("x", b"1") is False


def test_a_file_of_another_name_is_not_loaded(objects):
    """A stale file under this name: whole, but the code of other equations."""
    compiled()
    (own,) = objects.iterdir()
    model = small_models.decay()
    compile_system(build(model, ["drug.central"], ()), 2)
    (other,) = [file for file in objects.iterdir() if file != own]
    own.write_bytes(other.read_bytes())
    assert not compiled().from_cache
    assert compiled().from_cache


@pytest.mark.parametrize("name", ["mkstemp", "replace"])
def test_a_read_only_folder_is_done_without(objects, monkeypatch, name):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(cache.tempfile if name == "mkstemp" else cache.os, name, refuse)
    assert not compiled().from_cache
    assert not compiled().from_cache
    assert list(objects.iterdir()) == []
    monkeypatch.setattr(width, "fastest", refuse)
    width.best_width.cache_clear()
    assert width.best_width() == host_width()
    model = small_models.refill()
    row = np.array([[p.value for p in model.parameters]])
    assert solve_batch(model, row, [events_of(model, (), {}, 0.0, 1.0)], [1.0]).status[0] == 0


@pytest.fixture(autouse=True)
def forget():
    yield
    width.best_width.cache_clear()


def test_the_width_is_measured_once_and_kept(objects, monkeypatch):
    asked = []
    monkeypatch.setattr(width, "fastest", lambda widths: asked.append(widths) or 2)
    for _ in range(3):
        width.best_width.cache_clear()
        assert width.best_width() == 2
    assert asked == [width.candidates(host_width())]


@pytest.mark.parametrize("kept", [b"3", b"eight", b"-4", b"88"])
def test_a_width_that_cannot_be_is_measured_anew(objects, monkeypatch, kept):
    from il21.engine.compile import target_name

    monkeypatch.setattr(width, "fastest", lambda widths: widths[-1])
    cache.write(cache.key_of("width of vectors 1", target_name()), kept)
    width.best_width.cache_clear()
    assert width.best_width() == width.candidates(host_width())[-1]


def test_the_faster_width_is_chosen(monkeypatch):
    monkeypatch.setattr(width, "_seconds", {8: 1.0, 4: 0.9, 2: 0.99}.get)
    assert width.fastest((8, 4)) == 4
    assert width.fastest((8, 2)) == 8
    assert width.fastest((4, 8)) == 4


def test_widths_are_timed_on_a_model_that_runs():
    assert width.fastest(width.candidates(host_width())) in width.candidates(host_width())
    model = width.trial_model()
    row = np.array([[p.value for p in model.parameters]])
    found = solve_batch(model, row, [events_of(model, (), {}, 0.0, 5.0)], [5.0])
    assert found.status[0] == 0
    assert found.final.min() > 0.0


def test_an_unsupported_processor_is_one_clear_line(monkeypatch):
    import llvmlite.binding as llvm

    def refuse():
        raise RuntimeError("no target for this processor")

    compile_module._target.cache_clear()
    monkeypatch.setattr(llvm, "initialize_native_target", refuse)
    try:
        with pytest.raises(SolverError, match="cannot compile for this processor") as caught:
            host_width()
        assert "use the reference solver" in str(caught.value)
        assert "\n" not in str(caught.value)
    finally:
        compile_module._target.cache_clear()


def test_other_equations_are_other_code(objects):
    compiled()
    model = small_models.decay()
    assert not compile_system(build(model, ["drug.central"], ()), 2).from_cache
    assert len(list(objects.iterdir())) == 2


def test_round_trip(objects):
    body = np.random.default_rng(0).bytes(1000)
    assert cache.write("k", body)
    assert cache.read("k") == body
    assert cache.read("other") is None


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("IL21_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "il21"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / ".cache" / "il21"
