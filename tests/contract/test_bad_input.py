"""Bad input found by trying to break the program: one clear line, nothing lost, nothing destroyed."""

import os
from pathlib import Path

import pytest

import il21
from il21.errors import IL21Error, InputError
from il21.files import read_text, write_whole
from tests.contract.test_cli import TRIAL, run, write

OWN = """
[population.mine]
assembly = "human"
sets = { tumour = ["melanoma"], lesions = ["melanoma"] }
covariates = [COVARIATES]
run_in = { duration = "120 d", hold = HOLD, then = { "tumour.g" = "tumour.g_obs" } }
"""
WEIGHT = '{ name = "weight", value = "75 kg_bw", source = "me", how = "assumed" }'
HOLD = '{ "tumour.live" = "0" }'


def own(covariates: str = WEIGHT, hold: str = HOLD, duration: str = "120 d") -> str:
    text = OWN.replace("COVARIATES", covariates).replace("HOLD", hold).replace("120 d", duration)
    return TRIAL.replace('"metastatic_melanoma"', '"mine"') + text


BAD = {
    "weight_unit": (own(WEIGHT.replace("kg_bw", "IU")), "kg_bw"),
    "weight_bare": (own(WEIGHT.replace(" kg_bw", "")), "kg_bw"),
    "weight_zero": (own(WEIGHT.replace("75", "0")), "weight"),
    "weight_negative": (own(WEIGHT.replace("75", "-75")), "weight"),
    "weight_twice": (own(f"{WEIGHT}, {WEIGHT}"), "twice"),
    "weight_how": (own(WEIGHT.replace("assumed", "guess")), "guess"),
    "hold_unit": (own(hold='{ "tumour.doubling" = "50 mL" }'), "must be in d"),
    "hold_negative": (own(hold='{ "tumour.imm" = "-1" }'), "negative"),
    "hold_unknown": (own(hold='{ "tumour.inm" = "1" }'), "did you mean"),
    "run_in_back": (own(duration="-100 d"), "run-in"),
    "name_path": (TRIAL.replace('"mine"', '"../../x"'), "names files"),
    "name_nul": (TRIAL.replace('"mine"', '"a\\u0000b"'), "cannot be printed"),
    "escape": (TRIAL + 'title = "\\u001b[31mred"\n', "cannot be printed"),
    "long": (TRIAL + f'title = "{"x" * 600}"\n', "600 characters"),
    "late": (TRIAL.replace("days 1-5", "days 300-305"), "after the last visit"),
    "kg_kg": (TRIAL.replace("ug/kg", "ug/kg/kg"), "cannot"),
    "huge": (TRIAL.replace("size = 3", "size = 100000").replace("42 d", "20000 d"), "memory"),
    "criteria": (TRIAL + 'response = { criteria = "RECIST 9" }\n', "RECIST 9"),
    "sum": (
        TRIAL + 'reported = { treated = 3, evaluable = 3, source = "me", counts = [["CR", 1]],'
        ' groups = [["CR", ["CR"]]] }\n',
        "add up to 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_trial_files(case: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text, says = BAD[case]
    code, out, err = run(capsys, "trial", write(tmp_path, text), "--out", str(tmp_path / "out"))
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert says.lower() in err.lower()


def test_own_population_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for text in (own(), own(WEIGHT.replace("kg_bw", "kg"))):
        path = write(tmp_path, text)
        code, _, _ = run(capsys, "trial", path, "--replicates", "1", "--out", str(tmp_path / "o"))
        assert code == 0


def test_a_dollar_in_a_title_is_no_formula(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = TRIAL + 'title = "costs $\\\\frac{ $"\n'
    path, out = write(tmp_path, text), tmp_path / "o"
    code, _, _ = run(capsys, "trial", path, "--replicates", "1", "--out", str(out))
    assert code == 0
    assert (out / "table.png").exists()


@pytest.mark.parametrize(
    "change", ["tumour.doubling=1e-9 d", "tumour.doubling=0 d", "V_start=0 Mcell"]
)
def test_patients_that_fail_are_recorded(
    change: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "o"
    code, table, _ = run(
        capsys, "trial", "davis2007", "--replicates", "1", "--set", change, "--out", str(out)
    )
    assert code == 3
    assert "failed" in table
    assert (out / "patients_davis2007.csv").read_text(encoding="utf-8").count("\n") == 30


@pytest.mark.parametrize(
    "words",
    [
        ["trial", "davis2007", "--set", "tumour.g=1/d"],
        ["trial", "davis2007", "--threads", "0"],
        ["simulate", "il21_mouse_pk", "--dose", "1 ug/kg/kg IL-21 iv"],
        ["simulate", "il21_mouse_pk", "--dose", "1e308 g IL-21 iv"],
        ["simulate", "il21_mouse_pk", "--plot", "x.jpg"],
        ["simulate", "il21_mouse_pk", "--sets", "tumor=x"],
    ],
    ids=" ".join,
)
def test_more_bad_words(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if words[0] == "trial":
        words = [*words, "--out", str(tmp_path / "o")]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


def test_only_plain_files_are_replaced(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for place in (pipe, folder):
        with pytest.raises(InputError, match="not a plain file"):
            write_whole(place, lambda partial: None, "name another")
    assert pipe.is_fifo()


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)

    def new(partial: Path) -> None:
        partial.write_text("new", encoding="utf-8")

    write_whole(link, new, "")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "t.txt"
    target.write_text("old", encoding="utf-8")

    def full(partial: Path) -> None:
        partial.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="no space left"):
        write_whole(target, full, "")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_endless_files_are_not_read(tmp_path: Path) -> None:
    pipe, endless = tmp_path / "x.toml", tmp_path / "zero.toml"
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    for path in (pipe, endless):
        with pytest.raises(InputError, match="not a plain file"):
            read_text(path)


SLIPS = [
    lambda: il21.load(None),
    lambda: il21.load("il21_mouse_pk").simulate(set={"CL": 5}),
    lambda: il21.load("il21_mouse_pk").simulate(span=40),
    lambda: il21.load("il21_mouse_pk").simulate(span=0),
    lambda: il21.load("il21_mouse_pk").simulate(weight=70),
    lambda: il21.load("il21_mouse_pk").simulate(points="300"),
    lambda: il21.load("il21_mouse_pk").simulate(doses=5),
    lambda: il21.load("il21_mouse_pk").scan("CL", [1, 2]),
    lambda: il21.run_trial("davis2007", replicates="2"),
    lambda: il21.run_trial("davis2007", seed=None),
    lambda: il21.run_trial("davis2007", changes={"imm": 3}),
]


@pytest.mark.parametrize("slip", SLIPS, ids=range(len(SLIPS)))
def test_slips_in_python_are_explained(slip) -> None:
    with pytest.raises(IL21Error):
        slip()


def test_a_lone_text_counts_as_one() -> None:
    mouse = il21.load("il21_mouse_pk")
    run = mouse.simulate(doses="50 ug IL-21 sc, day 1", outputs="plasma", span="1 d", points=10)
    assert list(run) == ["il21_mouse_pk.plasma"]
    assert il21.load("human", {"tumour": "rcc"}).model.values["tumour.doubling"] == 110.0
