"""Death of a patient with a tumour: a hazard that rises with the burden and levels off."""

from il21.declare import Parameter, ReadOut

DEATH = ReadOut(
    name="death",
    about="hazard of death by tumour burden",
    source="il21_system",
    rule="hazard",
    daily={"burden": "tumour.TV"},
    parameters=(
        Parameter("h_0", "1/d",   "hazard of death without a tumour"),
        Parameter("h_V", "1/d",   "hazard that a very large tumour adds"),
        Parameter("V_D", "Mcell", "tumour cells that add half of it"),
    ),
    formulas={"hazard": "h_0 + h_V * hill(burden, V_D, 1)"},
)
