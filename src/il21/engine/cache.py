"""Object code on disk, named by what made it; a damaged or misplaced file is found out and made again."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_MAGIC = b"il21 object 2\n"
_DIGEST = 32


def folder() -> Path:
    """Return the cache folder: IL21_CACHE, else il21 in XDG_CACHE_HOME, else ~/.cache/il21."""
    own = os.environ.get("IL21_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(shared) if shared else Path.home() / ".cache") / "il21"
    except RuntimeError:  # no home is known, as in some containers: do without a cache
        return Path(os.devnull) / "il21"


def key_of(*parts: str) -> str:
    """Return the name under which something made of these texts is kept.

    >>> key_of("a", "b") == key_of("a", "b"), key_of("a", "b") == key_of("ab", "")
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()


def _mark(key: str, body: bytes) -> bytes:
    """What stands before the body: a digest of it and of the name, so that neither can be another's."""
    return _MAGIC + hashlib.blake2b(key.encode() + b"\n" + body, digest_size=_DIGEST).digest()


def read(key: str) -> bytes | None:
    """Return what is kept under a key; None if there is nothing or it is damaged."""
    try:
        data = (folder() / f"{key}.o").read_bytes()
    except OSError:
        return None
    body = data[len(_MAGIC) + _DIGEST :]
    return body if body and data.startswith(_mark(key, body)) else None


def write(key: str, body: bytes) -> bool:
    """Keep something under a key, whole or not at all; False where the folder cannot be written."""
    place = folder()
    temporary = ""
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(_mark(key, body) + body)
        os.replace(temporary, place / f"{key}.o")
    except OSError:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
        return False
    return True
