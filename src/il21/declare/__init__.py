"""The vocabulary: frozen records with which the science is declared.  Nothing here computes."""

from il21.declare.conduct import (
    Conduct,
    Death,
    DoseRule,
    DropOut,
    Eligibility,
    Enrolment,
    Escalation,
    VisitWindow,
)
from il21.declare.dosing import Regimen
from il21.declare.endpoint import ReadOut, Reported, ResponseRule
from il21.declare.evidence import HOW, READ, Evidence, Spread
from il21.declare.model import (
    Assembly,
    Definition,
    Effect,
    Input,
    Module,
    Observable,
    Parameter,
    Port,
    Process,
    Species,
    Switch,
    Trigger,
    Use,
)
from il21.declare.population import Covariate, Population, RunIn
from il21.declare.study import Arm, Levels, Report, Trial

__all__ = [
    "HOW",
    "READ",
    "Arm",
    "Assembly",
    "Conduct",
    "Covariate",
    "Death",
    "Definition",
    "DoseRule",
    "DropOut",
    "Effect",
    "Eligibility",
    "Enrolment",
    "Escalation",
    "Evidence",
    "Input",
    "Levels",
    "Module",
    "Observable",
    "Parameter",
    "Population",
    "Port",
    "Process",
    "ReadOut",
    "Regimen",
    "Report",
    "Reported",
    "ResponseRule",
    "RunIn",
    "Species",
    "Spread",
    "Switch",
    "Trial",
    "Trigger",
    "Use",
    "VisitWindow",
]
