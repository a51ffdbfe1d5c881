"""Names to records: what is found, what is offered instead, and what two of a name do."""

import pytest

from il21 import catalog
from il21.declare import Assembly, Module, Population, Trial
from il21.errors import DeclarationError, UnknownNameError
from tests.making import drug


def test_records_come_by_name_in_order():
    names = list(catalog.entries(Module))
    assert names == sorted(names)
    assert catalog.find(Module, "nk").name == "nk"
    assert catalog.entries(Module)["nk"].path.name == "nk.py"
    assert catalog.evidence("nk").find("pool", "human") is not None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: catalog.find(Module, "nkk"), "there is no module 'nkk'; did you mean 'nk'"),
        (lambda: catalog.find(Trial, "davis2008"), "did you mean 'davis2007'"),
        (
            lambda: catalog.find(Population, "melanoma"),
            "there is metastatic_melanoma, metastatic_rcc",
        ),
        (lambda: catalog.model("humn"), "there is no assembly 'humn'; did you mean 'human'"),
        (lambda: catalog.evidence("nkk"), "there is no module 'nkk'"),
        (
            lambda: catalog.model("human", {"tumor": ("rcc",)}),
            "human has no module 'tumor'; did you mean 'tumour'",
        ),
        (
            lambda: catalog.model("human", {"tumour": ("rc",)}),
            "has no parameter set 'rc'; did you mean 'rcc'",
        ),
    ],
)
def test_unknown_names(call, words):
    with pytest.raises(UnknownNameError) as caught:
        call()
    assert words in str(caught.value)


def test_a_set_changes_numbers_and_not_equations():
    melanoma = catalog.model("human", {"tumour": ("melanoma",)})
    rcc = catalog.model("human", {"tumour": ("rcc",)})
    assert melanoma.digest == rcc.digest
    assert melanoma.numbers_digest != rcc.numbers_digest


def test_two_records_of_one_name_are_refused(monkeypatch):
    from types import SimpleNamespace

    files = [SimpleNamespace(__file__=f"{n}.py", RECORD=drug(about=n)) for n in ("first", "second")]
    monkeypatch.setattr(catalog, "_files", lambda: iter(files))
    with pytest.raises(
        DeclarationError, match=r"second\.py: module 'drug' stands in first\.py too"
    ):
        catalog.entries.__wrapped__(Module)


def test_one_record_imported_twice_is_one(monkeypatch):
    from types import SimpleNamespace

    same = drug()
    files = [SimpleNamespace(__file__=f"{n}.py", RECORD=same) for n in ("first", "second")]
    monkeypatch.setattr(catalog, "_files", lambda: iter(files))
    assert list(catalog.entries.__wrapped__(Module)) == ["drug"]
    assert list(catalog.entries.__wrapped__(Assembly)) == []
