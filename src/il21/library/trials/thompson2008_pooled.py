"""IL-21 alone in metastatic melanoma and renal cell carcinoma, both together.

The row that the seed note prints for Thompson et al. 2008: 24 and 19 patients, 43 in all.  It only
repeats the two trials that it pools, so it is shown and not counted.
"""

from il21.declare import Reported, ResponseRule, Trial

THOMPSON_2008_POOLED = Trial(
    name="thompson2008_pooled",
    title="Phase I, IL-21 alone, melanoma and renal cell carcinoma pooled",
    source="Thompson2008",
    population="",
    arms=(),
    size=43,
    visits=(),
    response=ResponseRule(
        criteria="RECIST 1.0",
        minimum_stable="35 d",
        assumed="as the two trials that it pools",
    ),
    toxicity_grading="CTCAE 3.0 (assumed)",
    reported=Reported(
        treated=43,
        evaluable=43,
        counts=(("CR", 1), ("PR", 4), ("SD", 24), ("other", 14)),
        groups=(("CR", ("CR",)), ("PR", ("PR",)), ("SD", ("SD",)), ("other", ("PD", "NE"))),
        source="Thompson2008; the seed note",
        note="the note calls the 14 progressions; they follow by subtraction",
    ),
    counted=False,
    pooled=("thompson2008_melanoma", "thompson2008_rcc"),
)
