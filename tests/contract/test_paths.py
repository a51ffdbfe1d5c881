"""Every path that the guides for contributors name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ("CONTRIBUTING.md", "SCIENCE.md")


def paths_named_in(text):
    """Yield what stands in backticks or in a link and looks like a path of this project.

    A part in angle brackets stands for a name to choose: the path is cut before it.
    """
    quoted = re.findall(r"`([^`\s]+)`", text)
    linked = re.findall(r"\]\(([^)#\s]+)\)", text)
    for name in quoted + linked:
        if "://" in name or name.startswith(("-", "<", ".venv", "[")):
            continue
        if "/" in name or re.search(r"[\w-]\.(md|toml|cff|bib|py|yaml|yml)$", name):
            fixed = name.split("<")[0]
            yield fixed if fixed == name else fixed.rpartition("/")[0]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_named_exists(guide):
    named = sorted(set(paths_named_in((ROOT / guide).read_text(encoding="utf-8"))))
    assert len(named) >= 5, f"{guide} names too few paths for this test to see them: {named}"
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_paths_are_seen():
    text = "`tests/unit`, [why](docs/x.md), `README.md`, `pip`, `.toml`, `src/il21/library/pk/<drug>.toml`"
    named = set(paths_named_in(text))
    assert named == {"tests/unit", "docs/x.md", "README.md", "src/il21/library/pk"}
