"""What is wrong about how a trial is to be conducted, said in one line before anything runs."""

from il21.errors import InputError, UnknownNameError, suggest
from il21.study.conduct.calendar import calendar_of, check_enrolment, conduct_of, length_of
from il21.study.conduct.escalate import check_escalation
from il21.study.conduct.leaving import death_formula, drop_hazards
from il21.study.conduct.rules import bound_of, check_rule
from il21.study.conduct.screening import check_eligibility
from il21.study.conduct.toxicity import check_toxicity
from il21.study.plan import Plan


def check_conduct(plan: Plan) -> None:
    """Refuse a conduct that cannot be run.

    Raises
    ------
    InputError, UnknownNameError, UnitError
        Overlapping visits, contradictory eligibility, a dose above every level and the like.
    """
    trial, conduct = plan.trial, conduct_of(plan.trial)
    where = f"trial {trial.name}"
    calendar_of(trial)
    check_enrolment(trial)
    check_eligibility(plan)
    drop_hazards(conduct.drop_out, where)
    length_of(conduct.cut_off, f"{where}: conduct.cut_off", 0.0)
    for name in filter(None, (conduct.toxicity, conduct.death and conduct.death.readout)):
        if name not in plan.layers:
            raise UnknownNameError(
                f"{where}: conduct: there is no read-out '{name}'{suggest(name, plan.layers)}"
            )
    if conduct.toxicity:
        check_toxicity(plan.layers[conduct.toxicity], plan.model)
    if conduct.death:
        death_formula(plan)
    for k, rule in enumerate(conduct.rules):
        place = f"{where}: conduct.rules[{k}]"
        check_rule(rule, plan.model, conduct.toxicity, place)
        for word, text in (("above", rule.above), ("below", rule.below)):
            if rule.of and text:
                bound_of(plan.model, rule.of, text, f"{place}.{word}")
    if conduct.escalation is not None:
        if not conduct.toxicity:
            raise InputError(
                f'{where}: conduct.escalation needs toxicity; name a read-out, e.g. toxicity = "dlt"'
            )
        check_escalation(plan)
