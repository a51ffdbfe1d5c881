"""A report on disk: every file whole, patients to the last one, one clear line where it fails."""

import csv
import json
import os
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from il21.errors import InputError
from il21.report.files import check_folder, save_figure, save_patients, save_report
from il21.report.table import report_csv, report_document, report_markdown

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def saved(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "new" / "table1"
    return folder, save_report(report, folder)


def test_every_file_is_written_and_nothing_else(saved):
    folder, paths = saved
    trials = ("first2001", "second2002")  # the pool only repeats their patients
    expected = {"table.csv", "table.md", "table.png", "report.json"}
    expected |= {f"patients_{trial}.csv" for trial in trials}
    expected |= {f"{kind}_{trial}.png" for kind in ("waterfall", "spider") for trial in trials}
    assert {path.name for path in paths} == expected
    assert {path.name for path in folder.iterdir()} == expected
    for path in paths:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(PNG)


def test_tables_are_those_of_the_report(saved, report):
    folder, _ = saved
    assert (folder / "table.csv").read_text(encoding="utf-8") == report_csv(report)
    assert (folder / "table.md").read_text(encoding="utf-8") == report_markdown(report)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == report_document(
        report
    )


def test_every_patient_is_written(saved, result):
    folder, _ = saved
    with (folder / "patients_first2001.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = result.patients
    assert len(rows) == len(table) == 144
    assert list(rows[0])[-4:] == [
        "baseline_sum_mm", "sum_day_42_mm", "sum_day_84_mm", "sum_day_126_mm",
    ]  # fmt: skip
    for k in (0, 17, 143):
        assert int(rows[k]["replicate"]) == table.replicate[k]
        assert int(rows[k]["patient"]) == table.patient[k]
        assert rows[k]["best_response"] == table.best[k]
        assert rows[k]["dose"] == table.dose[k]
        assert float(rows[k]["baseline_sum_mm"]) == pytest.approx(table.sums[k, 0], abs=6e-4)
    assert rows[1]["sum_day_84_mm"] == ""  # a missed visit
    assert rows[2]["evaluable"] == "no"
    assert (rows[5]["failed"], rows[5]["reason"]) == ("yes", "step too small")
    assert rows[5]["baseline_sum_mm"] == ""
    never = int((table.new_lesion_day == float("inf")).argmax())
    assert rows[never]["new_lesion_day"] == ""


def test_saving_again_gives_the_same_files(saved, report, tmp_path):
    paths = saved[1]
    again = save_report(report, tmp_path)
    for one, two in zip(paths, again, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_a_partial_report_is_saved_and_says_so(report, tmp_path):
    save_report(replace(report, complete=False), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["complete"] is False
    assert "INTERRUPTED" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_a_folder_is_made_and_left_empty(tmp_path):
    folder = check_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_a_file_in_the_way_is_one_clear_line(tmp_path, report):
    (tmp_path / "taken").write_text("mine")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        for act in (check_folder, lambda path: save_report(report, path)):
            with pytest.raises(InputError) as caught:
                act(folder)
            assert str(folder) in str(caught.value)
            assert "--out" in str(caught.value)
            assert "\n" not in str(caught.value)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("il21.report.files.tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(InputError, match="permission denied"):
        check_folder(tmp_path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="who is root may write everywhere"
)
def test_a_folder_without_the_right_to_write(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot be written"):
            check_folder(tmp_path)
    finally:
        tmp_path.chmod(0o700)


class Broken(Figure):
    """A figure whose file system fills up half-way."""

    def savefig(self, path, **_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    old = tmp_path / "figure.png"
    old.write_bytes(b"the old one")
    with pytest.raises(InputError, match="no space left"):
        save_figure(Broken(), old)
    assert old.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.skipif(os.name == "nt", reason="there an open file cannot be replaced")
def test_who_reads_the_old_file_is_not_disturbed(tmp_path):
    old = tmp_path / "figure.png"
    old.write_bytes(b"the old one")
    with old.open("rb") as reader:
        save_figure(Figure(), old)
        assert reader.read() == b"the old one"
    assert old.read_bytes().startswith(PNG)


def test_an_interruption_leaves_no_half_file(tmp_path, result, monkeypatch):
    def stop(_):
        yield ["trial"]
        raise KeyboardInterrupt

    monkeypatch.setattr("il21.report.files._patient_lines", stop)
    with pytest.raises(KeyboardInterrupt):
        save_patients(result, tmp_path / "patients.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "start"), [(".png", PNG), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", PNG)]
)
def test_figures_are_saved_by_their_ending(tmp_path, ending, start):
    assert save_figure(Figure(), tmp_path / f"figure{ending}").read_bytes().startswith(start)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"ends in \.png, \.pdf or \.svg"):
        save_figure(Figure(), tmp_path / "figure.gif")
    with pytest.raises(InputError, match="ends in"):
        save_figure(Figure(), tmp_path / "figure")
