"""Files that appear whole or not at all, and files of a stranger read within bounds."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from il21.errors import InputError

LARGEST_TEXT = 2_000_000  # bytes of a file that a person wrote


def write_whole(target: Path, write: Callable[[Path], None], hint: str) -> Path:
    """Let ``write`` make a file beside the target, then move it over.

    A link is followed; what exists and is not a plain file (a device, a folder) is never replaced.

    Raises
    ------
    InputError
        With the reason, and ``hint`` for what to do.
    """
    try:
        place = target.resolve()
        if place.exists() and not place.is_file():
            raise InputError(f"{target}: is not a plain file; {hint}")
        partial = place.with_name(place.name + ".part")
        try:
            write(partial)
            partial.replace(place)
        finally:
            with suppress(OSError):  # gone already, or the folder is closed: the first error counts
                partial.unlink()
    except (OSError, ValueError) as error:
        raise InputError(refusal(target, error, hint)) from error
    return target


def refusal(path: Path, error: Exception, hint: str) -> str:
    """Return the one line that says why a path cannot be written."""
    why = (getattr(error, "strerror", None) or str(error)).lower()
    return f"{path}: cannot be written ({why}); {hint}"


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Return the text of a plain file of bounded size.

    Raises
    ------
    InputError
        If it is missing, is no plain file, is too large or is not UTF-8.
    """
    try:
        if not path.is_file():
            what = "not a plain file" if path.exists() else "no such file"
            raise InputError(f"{path}: cannot be read ({what})")
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read ({why})") from error
    if len(data) > largest:
        raise InputError(f"{path}: larger than {largest / 1e6:g} MB; split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text") from error
