"""IL-21 alone in metastatic melanoma: three times a week, or five days on and nine off.

Davis et al. 2007, Clin Cancer Res 13:3630 (abstract read); stable disease, progression and not
evaluable after the seed note.  The one partial response became complete three months later, so
the two are counted as one category.
"""

from il21.declare import Arm, Levels, Regimen, Reported, ResponseRule, Trial

DAVIS_2007 = Trial(
    name="davis2007",
    title="Phase I, IL-21 alone, metastatic melanoma",
    source="Davis2007",
    population="metastatic_melanoma",
    arms=(
        Arm(
            name="3 a week",
            regimens=(Regimen("{dose} IL-21 iv bolus, days 1, 3, 5 of 7, 6 cycles"),),
            share=0.5,
        ),
        Arm(
            name="5+9",
            regimens=(Regimen("{dose} IL-21 iv bolus, days 1-5 of 14, 3 cycles"),),
            share=0.5,
        ),
    ),
    levels=Levels(
        doses=("1 ug/kg", "3 ug/kg", "10 ug/kg", "30 ug/kg", "100 ug/kg"),
        shares=(0.13, 0.17, 0.20, 0.35, 0.15),
        assumed="levels and regimens are reported, how many patients had each is not",
    ),
    size=29,
    visits=("42 d", "84 d", "170 d"),
    response=ResponseRule(
        criteria="RECIST 1.0",
        minimum_stable="35 d",
        assumed="neither the criteria nor the times of reading stand in the abstract; "
        "'2 x 6 weeks' implies weeks 6 and 12",
    ),
    toxicity_grading="CTCAE 3.0 (assumed)",
    not_evaluable=4 / 29,
    reported=Reported(
        treated=29,
        evaluable=25,
        counts=(("CR or PR", 1), ("SD", 9), ("PD", 15)),
        groups=(("CR or PR", ("CR", "PR")), ("SD", ("SD",)), ("PD", ("PD",))),
        source="Davis2007; stable disease, progression and not evaluable from the seed note",
        note="4 not evaluable; a partial response that became complete",
    ),
)
