"""Golden tables of the response criteria: one file a rule, read into structured readings.

A target lesion is written ``40`` (longest diameter in mm) or ``40x20``, with ``n`` before a node,
``-`` not read, ``<`` too small to measure; new lesions as ``no``, ``?`` (nobody looked) or how many
have been seen, ``2:14`` with the sum of their diameters, ``2 grown`` or ``2 gone``.
"""

import csv
from itertools import groupby
from pathlib import Path

import numpy as np

from il21.study.criteria.catalogue import CRITERIA, find_criterion
from il21.study.criteria.door import findings
from il21.study.criteria.recist import select_targets
from il21.study.criteria.records import Blood, Marrow, NewLesions, NonTarget

RULES = Path(__file__).parents[3] / "golden" / "rules"
STATUS = {
    "": NonTarget.NONE, "absent": NonTarget.ABSENT, "present": NonTarget.PRESENT,
    "grown": NonTarget.GROWN, "PD": NonTarget.PROGRESSED, "not evaluated": NonTarget.NOT_EVALUATED,
}  # fmt: skip
MARROW = {
    "": Marrow.NOT_EXAMINED, "clear": Marrow.CLEAR, "indeterminate": Marrow.INDETERMINATE,
    "involved": Marrow.INVOLVED,
}  # fmt: skip
CHANGE = {"": NewLesions.SAME, "grown": NewLesions.GROWN, "gone": NewLesions.GONE}
COUNTS = ("lymphocytes", "neutrophils", "platelets", "haemoglobin", "marrow_lymphocytes")


def file_of(name):
    for sign in ". -":
        name = name.replace(sign, "_")
    return RULES / f"{name.lower()}.csv"


def patients(name):
    """Return (patient, rows) of a rule's table."""
    with file_of(name).open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return [(who, list(group)) for who, group in groupby(rows, key=lambda row: row["patient"])]


def all_patients():
    return [(name, who, rows) for name in CRITERIA for who, rows in patients(name)]


def lesion(text):
    """Return (long, short, node, too small) of one lesion."""
    node, size = text.startswith("n"), text.removeprefix("n")
    if size in ("-", "<"):
        return np.nan, np.nan, node, size == "<"
    long, _, short = size.partition("x")
    return float(long), float(short or long), node, False


def new_of(text):
    """Return (count, sum, change) of new lesions."""
    if text in ("", "no", "?"):
        return (-1 if text == "?" else 0), np.nan, NewLesions.SAME
    first, _, change = text.partition(" ")
    count, _, size = first.partition(":")
    return int(count), (float(size) if size else np.nan), CHANGE[change]


def readings(rows, selected=None):
    """Return the findings of one patient; ``selected`` names a rule that chooses its targets."""
    parts = [[lesion(item.strip()) for item in row["targets"].split(";")] for row in rows]
    sizes = np.array([[item[:2] for item in row] for row in parts], float)  # (t, l, 2)
    new = [new_of(row["new"]) for row in rows[1:]]
    found = findings(
        sizes[:, :, 0].T[None],
        [float(row["day"]) for row in rows[1:]],
        short=sizes[:, :, 1].T[None],
        node=[[any(row[k][2] for row in parts) for k in range(len(parts[0]))]],
        too_small=np.array([[item[3] for item in row] for row in parts]).T[None],
        non_target=[[STATUS[row["non_target"]] for row in rows]],
        new=[[item[0] for item in new]],
        new_sum=[[item[1] for item in new]],
        new_change=[[item[2] for item in new]],
        symptom_driven=[[row.get("symptoms") == "yes" for row in rows[1:]]],
        marrow=[[marrow(row) for row in rows]],
        spleen=[[organ(row.get("spleen", "")) for row in rows]],
        liver=[[organ(row.get("liver", "")) for row in rows]],
        blood=blood(rows) if "lymphocytes" in rows[0] else None,
        death=[float(rows[0].get("death") or "inf")],
    )
    rule = find_criterion(selected).diameters if selected else None
    return select_targets(found, rule) if rule else found


def marrow(row):
    return Marrow.NODULAR if row.get("nodules") == "yes" else MARROW[row.get("marrow", "")]


def organ(text):
    return np.nan if text == "-" else float(text or 0)


def blood(rows):
    counts = {name: np.array([[float(row[name] or "nan") for row in rows]]) for name in COUNTS}
    flags = {
        name: np.array([[row[name] == "yes" for row in rows]])
        for name in ("symptoms", "transformed")
    }
    return Blood(**counts, **flags)
