"""Subject-level tables as files: CSV always, Parquet beside it where pyarrow is installed."""

import csv
import math
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from il21.study.tables import SubjectTable


def has_parquet() -> bool:
    """Whether Parquet can be written: the extra ``parquet`` is installed."""
    return find_spec("pyarrow") is not None


def csv_lines(table: SubjectTable) -> Iterable[list[str]]:
    """Yield the header and the lines of a table; what is not there is empty.

    >>> import numpy as np
    >>> table = SubjectTable("ADSL", "subjects", {"USUBJID": np.array(["a"]), "DTHDY": np.array([np.nan])})
    >>> list(csv_lines(table))
    [['USUBJID', 'DTHDY'], ['a', '']]
    """
    yield list(table.columns)
    for row in zip(*(values.tolist() for values in table.columns.values()), strict=True):
        yield [_text(value) for value in row]


def write_csv(table: SubjectTable, path: Path) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(csv_lines(table))


def write_parquet(table: SubjectTable, path: Path) -> None:
    """Write a table as Parquet; needs pyarrow.  A number that is not there is null."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    columns = {
        name: arrow.array(values.tolist() if values.dtype.kind == "U" else values, from_pandas=True)
        for name, values in table.columns.items()
    }
    parquet.write_table(arrow.table(columns), path)


def _text(value: Any) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return f"{value:.10g}"
    return str(value)
