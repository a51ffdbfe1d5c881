"""What leaves the program: exit codes, and JSON documents."""

import json
import math
from collections.abc import Mapping
from typing import Any

DONE, CHECK_FAILED, BAD_INPUT, PATIENTS_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def dump(document: Mapping[str, Any]) -> None:
    """Print one JSON document; NaN and infinity become null."""
    print(json.dumps(_plain(document), ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
