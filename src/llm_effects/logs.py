"""The log of the SDKs and of their transport, without prompts and keys.

Law: this library logs no prompt and no key. Others may: at DEBUG Anthropic's SDK writes down the whole request, and the
transport all headers of an answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from typing_extensions import override

from llm_effects.headers import is_kept_of_answers
from llm_pure.errors import KEYS

__all__ = ["hide_prompts"]

_LOGGERS: Final = (
    "anthropic._base_client",
    "anthropic._legacy_response",
    "anthropic._response",
    "openai._base_client",
    "openai._legacy_response",
    "openai._response",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
"""A filter of a logger does not see what its children log, so each is named."""


class _Hidden(logging.Filter):
    """Rewrites a record: values with an inside are not shown, texts without what has the shape of a key."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        given = record.args
        values: tuple[object, ...] = (given,) if isinstance(given, Mapping) else given or ()
        record.args = tuple(_shown(value) for value in values)
        if record.name.startswith("httpcore2."):  # what it does is its first word; the others quote headers
            record.msg = str(record.msg).partition(" ")[0]
        record.msg = _shown(record.msg)
        record.exc_info = record.exc_text = None  # what was raised may quote a header
        return True


def _shown(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping) and type(value).__name__ == "Headers":
        value = str({name: value[name] for name in value if is_kept_of_answers(name)})
    text = str(value) if isinstance(value, str) or type(value).__name__ == "URL" else "[hidden]"
    return KEYS.sub("[masked]", text)


_HIDDEN: Final = _Hidden()


def hide_prompts() -> None:
    """From now on neither SDKs nor their transport log prompts or keys, at any level. A second time does nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_HIDDEN)
