"""IL-21 gene therapy of an immunogenic mouse tumour: NK cells fall, CD8 cells rise.

Cappuccio, Elishmereni & Agur 2006, read from the deposit BIOMD0000000761 (the journal text could
not be read).  Names are those of the deposit.  Three readings make the units close: h in
nmol/(mm^3 mL d), p2 in nmol/mL, and the stray 1e-6 as 1/d.  The deposit writes the second growth
term z^(-1/2) z^(3/2) 1e-6, which is 1e-6 z.  Its unused r3, K and d are left out.
U reaches 1e4 nmol/mL, which no protein does: an effective local scale.
"""

from il21.declare import Definition, Module, Observable, Parameter, Process, Species

CAPPUCCIO_2006 = Module(
    name="cappuccio2006",
    about="tumour, NK cells, CD8 cells, memory and cytotoxic protein under secreted IL-21",
    source="Cappuccio2006",
    parameters=(
        Parameter("mu1",    "1/d",              "clearance of IL-21"),
        Parameter("h",      "nmol/(mm^3*mL*d)", "IL-21 made per tumour area to the power 3/2"),
        Parameter("r1",     "1/d",              "regrowth of NK cells"),
        Parameter("p1",     "1",                "NK capacity under saturating IL-21"),
        Parameter("p2",     "nmol/mL",          "NK capacity times q1 without IL-21"),
        Parameter("q1",     "nmol/mL",          "IL-21 for half of the fall of NK capacity"),
        Parameter("r2",     "1/d",              "growth of CD8 cells"),
        Parameter("h2zero", "1",                "CD8 capacity without memory"),
        Parameter("sigma",  "1",                "CD8 capacity gained per memory: immunogenicity"),
        Parameter("D",      "1",                "memory that saturates the gain"),
        Parameter("a",      "mL/(nmol*d)",      "memory formed per IL-21"),
        Parameter("mu2",    "1/d",              "loss of memory"),
        Parameter("b1",     "nmol/(mL*d)",      "largest secretion of cytotoxic protein"),
        Parameter("b2",     "nmol/mL",          "IL-21 for half of it"),
        Parameter("mu3",    "1/d",              "loss of cytotoxic protein"),
        Parameter("k1",     "mL/(nmol*d)",      "killing by NK cells"),
        Parameter("k2",     "mL/(nmol*d)",      "killing by CD8 cells"),
        Parameter("c",      "mm^2/d",           "constant growth of the area"),
        Parameter("g_exp",  "1/d",              "exponential growth of the area, without effect"),
        Parameter("z0",     "mm^2",             "area at the start"),
    ),
    species=(
        Species("U", "nmol/mL", "IL-21"),
        Species("X", "1",       "NK cells of the spleen, relative", start="p2 / q1"),
        Species("Y", "1",       "anti-tumour CD8 cells of the node, relative", start="h2zero"),
        Species("M", "1",       "memory, which raises CD8 capacity"),
        Species("P", "nmol/mL", "cytotoxic protein"),
        Species("Z", "mm^2",    "tumour area", start="z0"),
    ),
    definitions=(
        Definition("h1", "1", "(p1 * U + p2) / (U + q1)", "NK capacity, falls with IL-21"),
        Definition("h2", "1", "h2zero + sigma * M / (1 + M / D)", "CD8 capacity"),
    ),
    processes=(
        Process("secretion",     "0 -> U", "h * Z^1.5"),
        Process("clearance",     "U -> 0", "mu1 * U"),
        Process("nk_regrowth",   "0 -> X", "r1 * X"),
        Process("nk_crowding",   "X -> 0", "r1 * X^2 / h1"),
        Process("cd8_growth",    "0 -> Y", "r2 * Y"),
        Process("cd8_crowding",  "Y -> 0", "r2 * Y^2 / h2"),
        Process("memory",        "0 -> M", "a * U"),
        Process("memory_loss",   "M -> 0", "mu2 * M"),
        Process("protein",       "0 -> P", "b1 * U / (b2 + U)"),
        Process("protein_loss",  "P -> 0", "mu3 * P"),
        Process("growth",        "0 -> Z", "c"),
        Process("growth_exp",    "0 -> Z", "g_exp * Z"),
        Process("nk_kill",       "Z -> 0", "k1 * P * X * Z"),
        Process("cd8_kill",      "Z -> 0", "k2 * P * Y * Z"),
    ),
    observables=(
        Observable("area", "mm^2", "Z", "tumour area"),
    ),
)
