"""The command line: exit codes, one clear line for bad input, one JSON document on stdout."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from il21.cli.main import main

TRIAL = """
[trial]
name = "mine"
population = "metastatic_melanoma"
size = 3
visits = ["42 d"]
arms = [{ name = "a", regimens = ["30 ug/kg IL-21 iv bolus, days 1-5"] }]
"""


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command in this process; return exit code, stdout, stderr."""
    argv, sys.argv = sys.argv, ["il21", *words]
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        sys.argv = argv
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


BAD_WORDS = [
    (["show", "nkk"], "did you mean 'nk'"),
    (["show", "Davis2007"], "did you mean 'davis2007'"),
    (["simulate", "capucio2006"], "did you mean 'cappuccio2006'"),
    (["simulate", "nk"], "is a module, not a model"),
    (["simulate", "davis2007"], "il21 trial"),
    (["trial", "davis2008"], "did you mean 'davis2007'"),
    (["trial", "nothing.toml"], "nothing.toml"),
    (["cite", "davis207"], "did you mean 'davis2007'"),
    (["list", "modles"], "did you mean 'modules' or 'models'"),
    (["simulate", "cappuccio2006", "--set", "r11=0.1/d"], "did you mean"),
    (["simulate", "cappuccio2006", "--set", "r1=0.1"], "must be in 1/d"),
    (["simulate", "cappuccio2006", "--set", "r1=0.1/dya"], "did you mean 'day'"),
    (["simulate", "cappuccio2006", "--set", "r1=-0.1/d"], "is negative"),
    (["simulate", "cappuccio2006", "--set", "r1=nan/d"], "r1"),
    (["simulate", "cappuccio2006", "--set", "r1"], "--set 'r1'"),
    (["simulate", "cappuccio2006", "--scan", "r1="], "--scan"),
    (["simulate", "cappuccio2006", "--span", "40"], "cannot be given in d"),
    (["simulate", "cappuccio2006", "--span", "-1 d"], "span"),
    (["simulate", "cappuccio2006", "--points", "1"], "points"),
    (["simulate", "cappuccio2006", "--dose", "50 ug IL-21 ip"], "takes no 'IL-21'"),
    (["simulate", "il21_mouse_pk", "--dose", "50ug IL21"], "cannot read regimen"),
    (["simulate", "il21_mouse_pk", "--dose", "50 ug IL-22 ip"], "takes no 'IL-22'"),
    (["simulate", "il21_mouse_pk", "--dose", "50 ug IL-21 po"], "has no route 'po'"),
    (["simulate", "il21_mouse_pk", "--dose", "50 mL IL-21 ip"], "cannot be given"),
    (["simulate", "il21_mouse_pk", "--dose", "-5 ug IL-21 ip"], "not negative"),
    (["simulate", "il21_mouse_pk", "--dose", "nan ug IL-21 ip"], "cannot read"),
    (["simulate", "human", "--sets", "tumour=melanom"], "did you mean 'melanoma'"),
    (["simulate", "human", "--dose", "3 ug/kg IL-21 iv", "--weight", "0 kg"], "weight"),
    (["simulate", "human", "--dose", "3 ug/kg IL-21 iv", "--weight", "70 L"], "kg_bw"),
    (["simulate", "il21_mouse_pk", "--out", "/nowhere/x.nc"], "/nowhere"),
    (["trial", "table1", "--replicates", "0"], "replicates"),
    (["trial", "table1", "--seed", "-1"], "seed"),
    (["trial", "table1", "--set", "imn=1"], "did you mean"),
    (["frobnicate"], "frobnicate"),
    (["simulate"], "Missing"),
]


@pytest.mark.parametrize(("words", "says"), BAD_WORDS, ids=lambda value: " ".join(value)[:50])
def test_bad_words_are_one_line_and_exit_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if words[0] == "trial":
        words = [*words, "--out", str(tmp_path / "out")]
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert says.lower() in err.lower()


BAD_FILES = [
    ("[trial\n", "line 1"),
    ("", "no [trial] table"),
    (TRIAL + "colour = 'red'\n", "unknown key 'colour'"),
    (TRIAL.replace("melanoma", "melanom"), "did you mean 'metastatic_melanoma'"),
    (TRIAL.replace("30 ug/kg", "30 ug/pound"), "pound"),
    (TRIAL.replace("30 ug/kg", "-30 ug/kg"), "not negative"),
    (TRIAL.replace("days 1-5", "on Tuesdays"), "on Tuesdays"),
    (TRIAL.replace("size = 3", "size = 0"), "size = 0"),
    (TRIAL.replace("size = 3", "size = 'three'"), "whole number"),
    (TRIAL.replace('["42 d"]', '["42"]'), "42"),
    (TRIAL.replace('["42 d"]', "[]"), "visit"),
    (TRIAL.replace('["42 d"]', '["84 d", "42 d"]'), "rising"),
    (TRIAL.replace('["42 d"]', '["42 d", "-7 d"]'), "rising"),
    (TRIAL.replace("30 ug/kg IL-21", "{dose} IL-21"), "no levels"),
    (TRIAL + 'response = { criteria = "RECIST 9" }\n', "RECIST 9"),
    (TRIAL + "not_evaluable = 2.0\n", "not_evaluable"),
    (TRIAL + 'readout = "lesion"\n', "did you mean 'lesions'"),
    (TRIAL.replace("arms = [", "arms = []\nx = ["), "unknown key 'x'"),
    (TRIAL + 'levels = { doses = ["1 ug/kg"], shares = [] }\n', "share"),
    ("[population.mine]\nassembly = 3\n" + TRIAL, "text in quotes"),
]


@pytest.mark.parametrize(("text", "says"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_bad_trial_files_are_one_line_and_exit_2(
    text: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(capsys, "trial", write(tmp_path, text), "--out", str(tmp_path / "out"))
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert says.lower() in err.lower()


def test_a_trial_of_ones_own_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out_folder = tmp_path / "out"
    code, out, _ = run(
        capsys,
        "trial",
        write(tmp_path, TRIAL),
        "--replicates",
        "2",
        "--json",
        "--out",
        str(out_folder),
    )
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "il21.trial-report"
    assert document["version"] == 1
    assert (out_folder / "patients_mine.csv").read_text(encoding="utf-8").count("\n") == 1 + 2 * 3


def test_unwritable_folder_is_refused_before_the_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    began = time.monotonic()
    code, _, err = run(capsys, "trial", "table1", "--out", str(tmp_path / "file" / "below"))
    assert code == 2
    assert "file" in err
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "models"],
        ["show", "human"],
        ["show", "nk"],
        ["show", "davis2007"],
        ["show", "human", "--acts-on", "nk.N_m"],
        ["simulate", "il21_mouse_pk", "--points", "10"],
        ["simulate", "cappuccio2006", "--scan", "r1=0.05/d, 0.1/d", "--points", "5"],
        ["cite", "table1"],
    ],
    ids=" ".join,
)
def test_json_is_one_document_with_schema_and_version(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, *words, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["schema"].startswith("il21.")
    assert document["version"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list"], "cappuccio2006"),
        (["show", "cappuccio2006"], "d Z/dt"),
        (["show", "cappuccio2006", "--latex"], r"\frac{d"),
        (["show", "davis2007"], "doses on days 1, 3, 5, 8"),
        (["cite", "davis2007", "--bibtex"], "@"),
        (["--version"], "0."),
        (["--help"], "simulate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_words_for_people(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert says in out


def test_help_is_quick() -> None:
    """No heavy package is loaded for --help; the time itself is printed by benchmarks/startup.py."""
    script = (
        "import sys; sys.argv=['il21','--help']\n"
        "from il21.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy={'numpy','scipy','pint','xarray','llvmlite','matplotlib','sympy','pandas'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_interrupt_saves_what_was_finished(tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit code 130, the finished replicates are in the folder."""
    out = tmp_path / "out"
    words = [
        sys.executable,
        "-m",
        "il21",
        "trial",
        "table1",
        "--replicates",
        "20000",
        "--out",
        str(out),
    ]
    child = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ)
    time.sleep(12)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert b"interrupted" in err
    assert (out / "table.csv").exists()
