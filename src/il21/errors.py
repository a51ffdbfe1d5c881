"""The project's errors: one family, each message says where, what was expected, what came, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class IL21Error(Exception):
    """Something that the user can mend; the command line prints it as one line and exits with 2."""


class DeclarationError(IL21Error):
    """A module, process, wire or name is declared wrongly."""


class UnitError(IL21Error):
    """A unit is missing, unreadable or of another dimension than wanted."""


class EvidenceError(IL21Error):
    """A number lacks its source, its unit or another part of its record."""


class RegimenError(IL21Error):
    """A prescription, dose or schedule cannot be read or is impossible."""


class UnknownNameError(IL21Error):
    """A name is not in the catalogue; the message offers the nearest ones."""


class InputError(IL21Error):
    """A value, file or option given by the user cannot be used."""


class SolverError(IL21Error):
    """One run could not be integrated; in a population this is recorded, never raised."""


def suggest(name: str, known: Iterable[str], most: int = 3) -> str:
    """Return "; did you mean ...?" with the nearest known names, or a short list of what there is.

    >>> suggest("cpa", ["cap", "K_rest"])
    "; did you mean 'cap'?"
    >>> suggest("zzz", [])
    ''
    """
    names = sorted({str(item) for item in known})
    near = get_close_matches(name, names, n=most, cutoff=0.6)
    if not near:
        lower = {item.lower(): item for item in names}
        near = [lower[item] for item in get_close_matches(name.lower(), lower, n=most, cutoff=0.6)]
    if near:
        return "; did you mean " + " or ".join(f"'{item}'" for item in near) + "?"
    if names and len(names) <= 12:
        return "; there is " + ", ".join(names)
    return ""
