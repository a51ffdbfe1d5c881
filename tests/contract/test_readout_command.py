"""The command ``il21 readout``: a table for people, one JSON document, one line for bad input."""

import json
import sys

import pytest

from il21.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    argv, sys.argv = sys.argv, ["il21", "readout", *words]
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        sys.argv = argv
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def test_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--patients", "300", "--visits", "42 d, 84 d")
    assert (code, err) == (0, "")
    assert "RECIST 1.1: 300 patients whose tumours never change" in out
    rows = {line[:24].strip(): line[24:].split() for line in out.splitlines()[1:]}
    assert rows[""] == ["day", "42", "day", "84", "best"]
    assert len(rows["SD"]) == 9  # three shares with their errors
    assert float(rows["SD"][0]) > 90
    assert {"PD", "PR", "CR", "progression so far"} <= set(rows)


def test_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--criteria", "iRECIST", "--patients", "400", "--readers", "9", "--json"]
    code, out, _ = run(capsys, *words, "--seed", "4")
    document = json.loads(out)
    assert code == 0
    assert (document["schema"], document["version"]) == ("il21.readout", 1)
    assert document["days"] == [42, 84, 126, 168]
    assert sum(cell["share"] for cell in document["best"].values()) == pytest.approx(1)
    share = document["by_visit"]["iSD"][0]
    assert share["error"] == pytest.approx((share["share"] * (1 - share["share"]) / 400) ** 0.5)
    assert run(capsys, *words, "--seed", "4")[1] == out
    assert run(capsys, *words, "--seed", "5")[1] != out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--criteria", "RECIST1.1"], "did you mean 'RECIST 1.1'"),
        (["--criteria", "NCI-WG 1996"], "blood counts"),
        (["--visits", "42"], "42"),
        (["--visits", "84 d, 42 d"], "rising"),
        (["--visits", " , "], "at least one time"),
        (["--patients", "0"], "patients = 0"),
        (["--patients", "many"], "'--patients'"),
        (["--seed", "-1"], "seed"),
        (["--readers", "-2"], "readers = -2"),
        (["--error", "big"], "there is no error 'big'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_words_are_one_line_and_exit_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert says in err
