"""When the data close for each patient, counted from the patient's own first dose."""

import numpy as np

from il21.errors import InputError
from il21.study.conduct.calendar import conduct_of, length_of
from il21.study.conduct.records import Floats, Treated
from il21.study.plan import Plan


def cut_days(plan: Plan, group: Treated, entry: Floats) -> Floats:
    """Return the day (n,) after each patient's first dose on which the data close, infinity if never.

    Raises
    ------
    InputError
        If a patient enters on that day or later: there is nothing to be seen.
    """
    text = conduct_of(plan.trial).cut_off
    if not text:
        return np.full(len(group), np.inf)
    where = f"trial {plan.trial.name}: conduct.cut_off"
    closes = length_of(text, where, np.inf)
    late = np.flatnonzero(entry >= closes)
    if len(late):
        k = int(late[0])
        raise InputError(
            f"{where}: the data close on day {closes:g}, but patient {group.who.ids[k]} of replicate "
            f"{group.who.replicate[k]} enters on day {entry[k]:.0f}: censored before entry; close later"
        )
    return closes - entry
