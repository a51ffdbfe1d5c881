"""Dose-limiting toxicity from exposure, whatever the tumour.

Two causes: the time spent at levels that count (liver, blood) and the peak (reactions of the infusion
type).  A patient has an exponential threshold; a toxicity of grade k or worse begins when scale_k
times the index reaches it.  So P(grade >= k) is 1 - exp(-scale_k index): the odds on the
complementary log-log scale are proportional, and grade 3 is the dose-limiting one.  An event is noted
when the worst grade so far rises; it is not noted that it abates.
"""

from il21.declare import Parameter, ReadOut

DLT = ReadOut(
    name="dlt",
    about="toxicity by grade from the level in plasma",
    source="il21_system",
    rule="exposure",
    daily={"level": "il21.plasma"},
    parameters=(
        Parameter("K_t",     "ng/mL", "level that counts by half"),
        Parameter("K_L",     "d",     "exposure that gives the index 1"),
        Parameter("n_L",     "1",     "steepness of exposure"),
        Parameter("K_C",     "ng/mL", "peak that gives the index 1"),
        Parameter("n_C",     "1",     "steepness of the peak"),
        Parameter("scale_1", "1",     "index of grade 1 or worse, relative to that of grade 3"),
        Parameter("scale_2", "1",     "index of grade 2 or worse, relative to that of grade 3"),
        Parameter("scale_3", "1",     "index of grade 3 or worse: dose-limiting"),
        Parameter("scale_4", "1",     "index of grade 4 or worse, relative to that of grade 3"),
        Parameter("scale_5", "1",     "index of death from toxicity, relative to that of grade 3"),
    ),
    formulas={
        "load": "hill(level, K_t, 1)",
        "liver and blood": "(DL / K_L)^n_L",
        "infusion type": "(Cmax / K_C)^n_C",
    },
)
