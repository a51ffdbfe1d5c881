"""IL-21 alone in metastatic melanoma, two courses of five days.

Thompson et al. 2008, J Clin Oncol 26:2034, NCT00095108 (abstract read), the 24 patients with
melanoma.
"""

from il21.declare import Arm, Levels, Regimen, Reported, ResponseRule, Trial

THOMPSON_2008_MELANOMA = Trial(
    name="thompson2008_melanoma",
    title="Phase I, IL-21 alone, metastatic melanoma",
    source="Thompson2008",
    population="metastatic_melanoma",
    arms=(
        Arm(
            name="5+9",
            regimens=(Regimen("{dose} IL-21 iv bolus, days 1-5, 15-19 of 56, 2 cycles"),),
        ),
    ),
    levels=Levels(
        doses=("3 ug/kg", "10 ug/kg", "30 ug/kg", "100 ug/kg"),
        shares=(0.07, 0.07, 0.79, 0.07),
        assumed="34 of 43 had 30 ug/kg (company release, both cancers), the rest shared evenly; "
        "who repeated the course is not reported: here everybody from day 56",
    ),
    size=24,
    visits=("42 d", "84 d", "126 d"),
    response=ResponseRule(
        criteria="RECIST 1.0",
        minimum_stable="35 d",
        assumed="neither the criteria nor the times of reading stand in the abstract",
    ),
    toxicity_grading="CTCAE 3.0 (assumed)",
    reported=Reported(
        treated=24,
        evaluable=24,
        counts=(("CR", 1), ("PR", 0), ("SD", 11), ("other", 12)),
        groups=(("CR", ("CR",)), ("PR", ("PR",)), ("SD", ("SD",)), ("other", ("PD", "NE"))),
        source="Thompson2008",
        note="other by subtraction: progression or not evaluable, the abstract does not say",
    ),
)
