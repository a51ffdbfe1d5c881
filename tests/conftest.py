"""What every test may use: a marker from its folder, and third-party files to compare with."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
KINDS = ("unit", "science", "contract")


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        kind = item.path.relative_to(TESTS).parts[0]
        if kind in KINDS:
            item.add_marker(kind)


@pytest.fixture(scope="session")
def oracles():
    """Folder of third-party models and reference curves, which are not part of the project."""
    folder = os.environ.get("IL21_ORACLES")
    if not folder:
        pytest.skip("IL21_ORACLES names no folder of reference files")
    path = Path(folder)
    assert path.is_dir(), f"IL21_ORACLES={folder} is not a folder"
    return path
