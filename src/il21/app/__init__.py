"""The verbs a person uses: names in, records out.  Command line, web and notebooks call these.

A verb's file is imported when the verb is first used, so that listing names does not load a solver.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from il21.app.library import cite as cite
    from il21.app.library import find as find
    from il21.app.library import names as names
    from il21.app.models import LoadedModel as LoadedModel
    from il21.app.models import load as load
    from il21.app.models import open_result as open_result
    from il21.app.trials import run_trial as run_trial
    from il21.study.outcome import TrialReport as TrialReport

_HOME = {
    "LoadedModel": "il21.app.models",
    "TrialReport": "il21.study.outcome",
    "cite": "il21.app.library",
    "find": "il21.app.library",
    "load": "il21.app.models",
    "names": "il21.app.library",
    "open_result": "il21.app.models",
    "run_trial": "il21.app.trials",
}

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


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'il21.app' has no attribute '{name}'")
