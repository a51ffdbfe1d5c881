"""Whom we treat: the distributions that virtual patients are drawn from.

What differs between patients stands in the evidence of the modules (variability).  A patient is
brought to the start with a frozen tumour until the immune system is at rest under it; intrinsic
growth is then set so that the untreated tumour grows at the drawn observed rate.
"""

from il21.declare import Covariate, Population, RunIn

_AT_REST = RunIn(
    duration="120 d",
    hold={"tumour.live": "0"},
    then={
        "tumour.g": "tumour.g_obs + tumour.h_s * (1 - tumour.f_r) + tumour.h_r * tumour.f_r",
    },
)

_WEIGHT = Covariate(
    name="weight",
    value="70 kg_bw",
    source="il21_system, starting value",
    how="assumed",
    log_sd=0.0,
    note="amounts of cells and volumes are those of 70 kg; doses per kg are given to 70 kg",
)

METASTATIC_MELANOMA = Population(
    name="metastatic_melanoma",
    about="adults with metastatic melanoma",
    source="il21_system",
    assembly="human",
    sets={"tumour": ("melanoma",), "lesions": ("melanoma",)},
    covariates=(_WEIGHT,),
    run_in=_AT_REST,
)

METASTATIC_RCC = Population(
    name="metastatic_rcc",
    about="adults with metastatic renal cell carcinoma",
    source="il21_system",
    assembly="human",
    sets={"tumour": ("rcc",), "lesions": ("rcc",)},
    covariates=(_WEIGHT,),
    run_in=_AT_REST,
)
