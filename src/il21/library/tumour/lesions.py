"""How a burden is read as lesions on scans.

One to `most_lesions` target lesions (uniform) share `target_share` of the burden in Dirichlet
proportions, each growing a little faster or slower than the whole; diameters are read with error.
New lesions come at a hazard in proportion to growth and to the burden relative to its start.
Spread of growth between lesions after Mehrara et al. 2013.
"""

from il21.declare import Parameter, ReadOut

LESIONS = ReadOut(
    name="lesions",
    about="target lesions, their diameters and new lesions",
    source="il21_system",
    rule="lesions",
    daily={"burden": "tumour.burden", "living": "tumour.TV"},
    fixed={"growth": "tumour.g_obs"},
    parameters=(
        Parameter("most_lesions",      "1",  "largest number of target lesions"),
        Parameter("dirichlet",         "1",  "evenness of the shares of target lesions"),
        Parameter("target_share",      "1",  "share of the burden in target lesions"),
        Parameter("growth_sd",         "1",  "spread of growth among lesions, share of growth"),
        Parameter("error_sd",          "1",  "spread of the logarithm of a measured diameter"),
        Parameter("smallest",          "mm", "smaller than this counts as absent"),
        Parameter("new_lesion_factor", "1",  "hazard of a new lesion, in units of growth"),
        Parameter("new_lesion_cap",    "1",  "largest burden relative to the start that counts"),
    ),
)
