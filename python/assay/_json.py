"""Values of Python as JSON text. Logging never fails for the type of a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def _plain(value: Any) -> Any:
    """What stands for a value that JSON does not know: numpy's scalars and arrays as numbers and
    lists, a mapping as an object, a set as a list, all else as its text."""
    if isinstance(value, Mapping):
        return {_key(key): item for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return list(value)
    for method in ("item", "tolist"):
        convert = getattr(value, method, None)
        if callable(convert):
            try:
                return convert()
            except (TypeError, ValueError):
                continue
    return str(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_text_keys(item) for item in value]
    return value


def dumps(value: Any) -> str:
    """JSON text of `value`."""
    try:
        return json.dumps(value, default=_plain)
    except TypeError:  # a key that is no text
        return json.dumps(_with_text_keys(value), default=_plain)


def text(value: Any) -> str:
    """`value` as text that UTF-8 can hold: half of a surrogate pair becomes `?`."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def text_or(otherwise: str, value: Any) -> str:
    """The same, and `otherwise` for None, which says nothing."""
    return otherwise if value is None else text(value)


def optional_text(value: Any) -> str | None:
    return None if value is None else text(value)
