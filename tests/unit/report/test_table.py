"""The comparison table in its four forms says the same, and says what is missing."""

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from il21.errors import InputError
from il21.report.rows import coverage, failures, rows_of, verdict_of
from il21.report.stamp import provenance_of, stamp
from il21.report.table import (
    HEADERS,
    report_cells,
    report_csv,
    report_document,
    report_footer,
    report_markdown,
    report_renderable,
)


def text_of(report, width=80):
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(report_renderable(report))
    return out.getvalue()


def test_rows_carry_what_was_compared(report):
    headers, lines = report_cells(report)
    assert headers == HEADERS
    assert all(len(line) == len(headers) for line in lines)
    assert [line[0] for line in lines if line[0]] == ["first2001", "second2002", "pool"]
    first = report.results[0].comparison
    assert len(lines) == 9
    for line, row in zip(lines[:3], first.rows, strict=True):
        assert line[1] == row.category
        assert line[2] == f"{row.reported}/{first.evaluable}"
        assert line[3] == f"{row.median:g}"
        assert line[4] == f"{row.low:g}–{row.high:g}"
    assert f"{first.joint_p:.2f}" in lines[0][5]
    assert lines[1][5] == lines[1][7] == ""


def test_what_lies_outside_is_named_and_starred(report):
    off = report.results[1].comparison
    assert set(off.outside) >= {"CR or PR", "joint p"}
    assert verdict_of(report.results[1]).startswith("outside: CR or PR")
    shown = text_of(report)
    assert shown.count("*") > 2
    assert "reported count outside its 90 % interval" in shown
    inside = replace(report, results=report.results[:1])
    assert "*" not in text_of(inside)


def test_a_trial_that_is_not_counted_is_shown_only(report):
    assert verdict_of(report.results[2]).startswith("shown (")
    rows = [row for result in report.results[:2] for row in result.comparison.rows]
    found = coverage(report)
    assert found.rows == len(rows) == 6
    assert found.inside == sum(row.inside for row in rows) < 6
    assert f"{found.inside} of 6 rows inside their 90 % interval" in report_footer(report)[0]


def test_the_foot_says_who_failed_and_what_made_it(report):
    foot = "\n".join(report_footer(report))
    assert "264 patients run, 2 failed" in foot
    assert "2 × step too small" in foot
    for part in ("seed 5", "12 replicates", "uncertainty on", "variability on", "0123456789ab"):
        assert part in foot
    assert "0123456789abc" not in foot
    assert "the pool repeats the two above" in foot
    assert "INTERRUPTED" not in foot
    assert "INTERRUPTED" in report_footer(replace(report, complete=False))[0]


def test_many_reasons_are_shortened(result, make):
    table = result.patients
    for number in range(5):
        table = make["fail"](table, [40 + number], f"reason {number}")
    report = make["report"](make["result"](result.trial, table))
    foot = "\n".join(report_footer(report))
    assert "7 failed" in foot
    assert "3 for other reasons" in foot
    assert failures(table)[0] == ("step too small", 2)


def test_the_table_fits_a_narrow_screen(report):
    shown = text_of(report, width=80)
    assert max(len(line) for line in shown.splitlines()) <= 80
    for word in ("first2001", "second2002", "CR or PR", "predicted", "Monte-Carlo", "shown"):
        assert word in shown


def test_text_that_looks_like_markup_is_printed_as_it_is(report):
    odd = replace(report, title="[bold]a|b", note="[red]odd")
    assert "[bold]a|b" in text_of(odd)
    assert "[red]odd" in text_of(odd)
    assert report_markdown(odd).startswith("# [bold]a\\|b\n")


def test_markdown_has_a_line_a_row(report):
    lines = [line for line in report_markdown(report).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 9
    assert {line.count("|") for line in lines} == {len(HEADERS) + 1}


def test_csv_holds_numbers(report):
    rows = list(csv.DictReader(io.StringIO(report_csv(report))))
    assert len(rows) == 9
    compared = report.results[1].comparison
    row, known = rows[3], compared.rows[0]
    assert row["trial"] == "second2002"
    assert int(row["reported"]) == known.reported == 9
    assert [float(row[key]) for key in ("low", "median", "high")] == [
        known.low, known.median, known.high,
    ]  # fmt: skip
    assert float(row["median_mc_error"]) == pytest.approx(known.median_error, rel=1e-5)
    assert row["inside"] == "no"
    assert float(row["joint_p"]) == pytest.approx(compared.joint_p, rel=1e-5)
    assert [r["counted"] for r in rows] == ["yes"] * 6 + ["no"] * 3


def test_document_has_its_schema_and_no_number_that_json_lacks(report):
    document = json.loads(json.dumps(report_document(report), allow_nan=False))
    assert (document["schema"], document["version"]) == ("il21.trial-report", 1)
    assert set(document) == {
        "schema", "version", "name", "title", "note", "complete", "provenance", "settings",
        "patients", "failed", "coverage", "trials",
    }  # fmt: skip
    assert document["provenance"]["il21"]
    assert document["provenance"]["model_hash"] == "0123456789abcdef0123"
    assert document["settings"] == {
        "seed": 5, "replicates": 12, "uncertainty": True, "variability": True,
    }  # fmt: skip
    first, second, pool = document["trials"]
    assert set(first) == {
        "name", "title", "source", "counted", "pooled", "size", "replicates", "patients",
        "evaluable", "evaluable_predicted", "shares", "categories", "joint_p", "joint_p_error",
        "verdict", "outside", "failed", "failures",
    }  # fmt: skip
    assert first["failures"] == [{
        "reason": "step too small", "patients": 2,
        "first": [
            {"replicate": k, "patient": n, "arm": "daily", "dose": first["failures"][0]["first"][i]["dose"]}
            for i, (k, n) in enumerate([(0, 5), (2, 6)])
        ],
    }]  # fmt: skip
    assert first["categories"][0]["responses"] == ["CR", "PR"]
    assert sum(first["shares"].values()) == pytest.approx(1.0)
    assert second["verdict"] == "outside"
    assert not pool["counted"]
    assert pool["pooled"] == ["first2001", "second2002"]


def test_one_replicate_has_no_error_of_joint_p(make):
    trial = make["trial"]("single", 6, (1, 3, 2))
    table = make["patients"](trial, replicates=1)
    report = make["report"](make["result"](trial, table))
    assert report_document(report)["trials"][0]["joint_p_error"] is None
    assert "±" not in report_cells(report)[1][0][5]
    assert next(csv.DictReader(io.StringIO(report_csv(report))))["joint_p_mc_error"] == ""


def test_a_trial_without_reported_counts_is_predicted(unreported, make):
    rows = rows_of(unreported)
    assert [row.category for row in rows] == ["CR", "PR", "SD", "PD", "NE"]
    table = unreported.patients
    stable = (table.best == "SD") & table.evaluable
    each = [int(stable[table.replicate == number].sum()) for number in range(12)]
    assert rows[2].median == sorted(each)[5]
    assert rows[2].low <= rows[2].median <= rows[2].high
    assert all(row.inside is None and row.reported is None for row in rows)
    assert rows[2].median_error > 0
    report = make["report"](unreported)
    assert [line[7] for line in report_cells(report)[1]] == ["none reported", "", "", "", ""]
    assert "rows inside" not in "".join(report_footer(report))
    assert report_document(report)["trials"][0]["verdict"] is None


def test_a_report_without_trials_is_refused(report):
    for form in (report_cells, report_csv, report_document, report_renderable):
        with pytest.raises(InputError, match="no trial was finished"):
            form(replace(report, results=()))


def test_the_stamp_leaves_out_what_is_not_known(report):
    assert stamp({}).startswith("il21 ")
    assert "1 replicate ·" in stamp({"replicates": "1"})
    off = replace(report, settings=replace(report.settings, variability=False), provenance={})
    assert provenance_of(off)["variability"] == "off"
