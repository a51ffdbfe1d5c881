"""A trial from a stranger's file: what is read, and every way in which it may be wrong."""

import json

import pytest

from il21.declare import Regimen, Trial
from il21.errors import EvidenceError, IL21Error, InputError, RegimenError, UnknownNameError
from il21.study.from_file import EXAMPLE, read_study

GOOD = {
    "trial": {
        "name": "mine",
        "population": "own",
        "size": 40,
        "visits": ["56 d", "112 d"],
        "arms": [
            {"name": "high", "regimens": ["{dose} IL-21 iv bolus, days 1-5 of 14, 3 cycles"]},
            {"name": "none", "share": 2},
        ],
        "levels": {"doses": ["3 ug/kg", "30 ug/kg"], "shares": [0.5, 0.5]},
        "response": {"criteria": "RECIST 1.0", "confirm": True},
        "sets": {"tumour": ["rcc"]},
    },
    "population": {"own": {"assembly": "human", "sets": {"tumour": "melanoma"}}},
}


def read(tmp_path, data, name="trial.json"):
    path = tmp_path / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_study(path, {"metastatic_melanoma": None}, ["lesions"])


def changed(*path, to):
    """The good file with one entry changed, or taken away if ``to`` is None."""
    data = json.loads(json.dumps(GOOD))
    place = data
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return data


def test_json(tmp_path):
    study = read(tmp_path, GOOD)
    trial = study.trial
    assert isinstance(trial, Trial)
    assert trial.title == "mine"
    assert trial.source == "user"
    assert trial.arms[0].regimens[0] == Regimen(GOOD["trial"]["arms"][0]["regimens"][0])
    assert trial.arms[1].share == 2.0
    assert trial.arms[1].regimens == ()
    assert trial.levels.shares == (0.5, 0.5)
    assert trial.response.confirm is True
    assert trial.visits == ("56 d", "112 d")
    assert study.populations["own"].sets == {"tumour": ("melanoma",)}
    assert study.populations["own"].name == "own"


def test_toml_example_of_the_errors(tmp_path):
    trial = read(tmp_path, EXAMPLE, "trial.toml").trial
    assert trial.size == 40
    assert trial.response.criteria == "RECIST 1.1"
    assert [round(t.day) for t in trial.arms[0].regimens[0].times][-1] == 32


def test_both_formats_give_one_record(tmp_path):
    data = {"trial": {"name": "mine", "population": "metastatic_melanoma", "size": 40,
                      "visits": ["56 d", "112 d"],
                      "arms": [{"name": "5+9", "regimens":
                                ["30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles"]}]}}  # fmt: skip
    assert read(tmp_path, data).trial == read(tmp_path, EXAMPLE, "trial.toml").trial


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (("trials",), {}, "unknown table [trials]; did you mean 'trial'?"),
        (("trial",), None, "no [trial] table"),
        (("trial",), [1], "no [trial] table"),
        (("trial",), "x", "no [trial] table"),
        (("population",), "own", "population must be tables"),
        (("population",), ["own"], "population must be tables"),
        (("population", "own"), "human", "[population.own] must be a table"),
        (("population", "own", "assembly"), None, "population.own: no 'assembly'"),
        (("population", "own", "weight"), 70, "population.own: unknown key 'weight'"),
        (("trial", "size"), None, "trial: no 'size'; expected a whole number"),
        (("trial", "arms"), None, "trial: no 'arms'; expected a list"),
        (("trial", "visits"), None, "trial: no 'visits'"),
        (("trial", "population"), None, "trial: no 'population'; expected text in quotes"),
        (("trial", "sizze"), 3, "trial: unknown key 'sizze'; did you mean 'size'"),
        (("trial", "size"), "40", "trial.size: '40' must be a whole number"),
        (("trial", "size"), 40.5, "trial.size: 40.5 must be a whole number"),
        (("trial", "size"), True, "trial.size: True must be a whole number"),
        (("trial", "counted"), 1, "trial.counted: 1 must be true or false"),
        (("trial", "name"), 3, "trial.name: 3 must be text in quotes"),
        (("trial", "visits"), [56], "trial.visits[0]: 56 must be text in quotes"),
        (("trial", "visits"), 56, "trial.visits: 56 must be a list"),
        (("trial", "arms"), [3], "trial.arms[0]: 3 must be a table"),
        (("trial", "arms"), {"name": "a"}, "must be a list"),
        (("trial", "arms", 0, "name"), None, "trial.arms[0]: no 'name'"),
        (("trial", "arms", 0, "dose"), "x", "trial.arms[0]: unknown key 'dose'"),
        (("trial", "arms", 1, "share"), "half", "trial.arms[1].share: 'half' must be a number"),
        (("trial", "arms", 1, "share"), 10**400, "must be finite"),
        (("trial", "arms", 1, "share"), float("inf"), "must be finite"),
        (("trial", "arms", 1, "share"), float("nan"), "must be finite"),
        (("trial", "levels", "shares"), None, "trial.levels: no 'shares'"),
        (("trial", "response", "criterion"), "x", "unknown key 'criterion'; did you mean 'criteria'"),
        (("trial", "sets"), ["rcc"], "trial.sets: ['rcc'] must be a table"),
        (("trial", "sets", "tumour"), 3, "trial.sets.tumour: 3 must be a list"),
        (("trial", "pooled"), ["davis2007"], "only trials of the library can be pooled"),
    ],
)  # fmt: skip
def test_wrong_entries(tmp_path, path, to, words):
    with pytest.raises(InputError) as caught:
        read(tmp_path, changed(*path, to=to))
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "trial.json"))


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (("trial", "population"), "metastatic_melanom", "did you mean 'metastatic_melanoma'"),
        (
            ("trial", "readout"),
            "lesion",
            "trial.readout: there is no 'lesion'; did you mean 'lesions'",
        ),
    ],
)
def test_unknown_names(tmp_path, path, to, words):
    with pytest.raises(UnknownNameError) as caught:
        read(tmp_path, changed(*path, to=to))
    assert words in str(caught.value)


def test_a_bad_prescription_has_its_place(tmp_path):
    with pytest.raises(RegimenError) as caught:
        read(tmp_path, changed("trial", "arms", 0, "regimens", to=["50ug IL21"]))
    assert "trial.arms[0].regimens[0]: cannot read regimen '50ug IL21'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.toml", "[trial\n", "t.toml, line 1: not valid TOML"),
        ("t.toml", 'a = 1\nb = "x\n', "t.toml, line 2: not valid TOML"),
        ("t.toml", "a = " + "9" * 5000, "digits"),
        ("t.json", "{\n\n,}", "t.json, line 3: not valid JSON"),
        ("t.json", "[]", "must be an object with a 'trial'"),
        ("t.json", '{"trial": ' + "9" * 5000 + "}", "is not a JSON text"),
        ("t.json", "[" * 100_000, "is not a JSON text"),
        ("t.json", "", "line 1: not valid JSON"),
    ],
)
def test_text_that_is_no_toml_or_json(tmp_path, name, text, words):
    with pytest.raises((InputError, EvidenceError)) as caught:
        read(tmp_path, text, name)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["t.toml", "t.json"])
def test_files_that_cannot_be_read(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(IL21Error, match="cannot be read"):
        read_study(path, {}, [])
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IL21Error, match=r"UTF-8|is not a JSON text"):
        read_study(path, {}, [])
    path.write_text("#" * 2_000_001)
    with pytest.raises(IL21Error, match=r"larger than 0[.]2 MB"):
        read_study(path, {}, [])
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IL21Error, match="cannot be read"):
        read_study(folder / "..", {}, [])
