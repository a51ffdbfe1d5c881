"""The verbs a person uses: names in, records out.  Command line, web and notebooks call these."""

from il21.app.models import LoadedModel, cite, find, load, names, open_result
from il21.app.trials import TrialReport, run_trial

__all__ = [
    "LoadedModel",
    "TrialReport",
    "cite",
    "find",
    "load",
    "names",
    "open_result",
    "run_trial",
]
