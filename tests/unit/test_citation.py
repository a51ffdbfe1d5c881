"""Reading a bibliography."""

import pytest

from il21.citation import key_of, read_bibliography
from il21.errors import EvidenceError

GOOD = """% a comment
@article{Test2026,
  author  = {A. Reader and B. {van den} Writer},
  title   = "A title",
  journal = {J Test},
  volume  = 3,
  pages   = {1--9},
  year    = {2026},
  doi     = {10.1/x},
}
@misc{Other, title = {Another}}
"""


def read(tmp_path, text):
    path = tmp_path / "references.bib"
    path.write_text(text)
    return read_bibliography(path)


def test_entries_and_fields(tmp_path):
    found = read(tmp_path, GOOD)
    assert list(found) == ["Test2026", "Other"]
    entry = found["Test2026"]
    assert entry.kind == "article"
    assert entry.field("author") == "A. Reader and B. {van den} Writer"
    assert entry.field("volume") == "3"
    assert entry.field("nothing") == ""
    assert entry.text == (
        "A. Reader and B. {van den} Writer. 2026. A title. J Test 3:1--9. doi:10.1/x"
    )


def test_what_is_printed_reads_the_same(tmp_path):
    found = read(tmp_path, GOOD)
    again = read(tmp_path, "\n".join(entry.bibtex for entry in found.values()))
    assert again == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + GOOD, "reference 'Test2026' stands twice"),
        ("@article{Key\n title = {x}}", "line 1: '@article{Key' needs a key and a comma"),
        ("\n@article{, title = {x}}", "line 2"),
        ("@article{K, title = {a}", "K: the entry does not end"),
        ("@article{K, title = {a", "K: a field's value must stand in braces"),
        ("@article{K, title = abc}", "K: a field's value must stand in braces"),
        ('@article{K, title = "abc}', "K: a field's value must stand in braces"),
    ],
)
def test_entries_that_cannot_be_read(tmp_path, text, words):
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "source", ["Test2026", "Test2026, Table 1", "Test2026: p. 3", "Test2026; seed", " Test2026 p3"]
)
def test_the_key_stands_in_front(source):
    assert key_of(source) == "Test2026"
