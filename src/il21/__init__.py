"""il21: a simulator of interleukin-21 cancer immunotherapy.

The public names are loaded when they are first used, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "load": "il21.app",
    "names": "il21.app",
    "cite": "il21.app",
    "run_trial": "il21.app",
    "open_result": "il21.app",
    "LoadedModel": "il21.app",
    "TrialReport": "il21.app",
    "IL21Error": "il21.errors",
}

__all__ = [
    "IL21Error",
    "LoadedModel",
    "TrialReport",
    "__version__",
    "cite",
    "load",
    "names",
    "open_result",
    "run_trial",
]

if TYPE_CHECKING:
    from il21.app import LoadedModel as LoadedModel
    from il21.app import TrialReport as TrialReport
    from il21.app import cite as cite
    from il21.app import load as load
    from il21.app import names as names
    from il21.app import open_result as open_result
    from il21.app import run_trial as run_trial
    from il21.errors import IL21Error as IL21Error


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'il21' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
