"""Reports that gather trials into one table."""

from il21.declare import Report

TABLE_1 = Report(
    name="table1",
    title="The finished trials of IL-21 alone",
    source="il21_system",
    trials=(
        "davis2007",
        "thompson2008_melanoma",
        "thompson2008_rcc",
        "thompson2008_pooled",
    ),
    claims=("C-47", "C-48", "C-49", "C-50"),
    note="the pooled row repeats the two above it and is not counted",
)
