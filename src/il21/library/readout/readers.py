"""How well readers measure a tumour that does not change.

Limits of agreement of two readings of one diameter, by two readers and by one (Yoon et al. 2016,
pooled), and the scatter of a lung lesion scanned twice within minutes (Oxnard et al. 2011); with
them a cohort of constant tumours to read.
"""

from il21.declare import Parameter, ReadOut

READERS = ReadOut(
    name="readers",
    about="how well readers measure, and constant tumours to measure",
    source="Yoon2016",
    rule="readers",
    parameters=(
        Parameter("between_low",  "1",  "two readers, one lesion: lower 95 % limit of agreement"),
        Parameter("between_high", "1",  "two readers, one lesion: upper 95 % limit of agreement"),
        Parameter("within_low",   "1",  "one reader twice, one lesion: lower 95 % limit of agreement"),
        Parameter("within_high",  "1",  "one reader twice, one lesion: upper 95 % limit of agreement"),
        Parameter("repeat_sd",    "mm", "spread of the difference of two scans of one lung lesion"),
        Parameter("most_lesions", "1",  "largest number of target lesions, all numbers equally likely"),
        Parameter("diameter",     "mm", "median longest diameter of a target lesion"),
        Parameter("diameter_sd",  "1",  "spread of the logarithm of diameters"),
        Parameter("measurable",   "mm", "no lesion is smaller"),
        Parameter("across",       "1",  "diameter across, as a part of the longest"),
    ),
)
