"""Object code on disk: found again, never trusted when damaged, not needed."""

import numpy as np
import pytest

from il21.engine import cache
from il21.engine.compile import compile_system
from il21.engine.system import build
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
