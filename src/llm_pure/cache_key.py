"""The key under which an answer may be kept.

Law: two keys are equal exactly when target, headers and canonical payload are. The payload is what goes out, so
whatever changes an answer changes the key; whether the answer is streamed does not change it, and is left out.

    key = sha256 hex of canonical JSON (UTF-8, compact, keys sorted) of
        {"version": 1,
         "target": {"provider": ..., "wire": ..., "endpoint": ..., "model": ...,
                    "dialect": {...}},              its name and what it changes; left out where there is none
         "headers": {lower-case name: value},       those that the codec asks for, as `anthropic-version`
         "payload": the request without `stream` and `stream_options`}

`docs/cache-key-vectors.json` has requests with their keys. A change of this form, or of a codec's payload for the same
request, is a new version or a changed vector, and a cache that starts empty; never a wrong hit.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from returns.result import Failure, Success

from llm_pure.errors import BadRequest
from llm_pure.json import JsonError, PlainJson, canonical_json
from llm_pure.prepared import prepared

if TYPE_CHECKING:
    from _hashlib import HASH

    from llm_pure.completion import Completion
    from llm_pure.outcome import Outcome
    from llm_pure.target import Target
    from llm_pure.wire import Encoded

__all__ = ["CACHE_KEY_VERSION", "cache_key"]

CACHE_KEY_VERSION: Final = 1

_NOT_THE_QUESTION: Final = frozenset(("stream", "stream_options"))


def cache_key(completion: Completion, target: Target) -> Outcome[str]:
    """The key of a completion that is sent to `target`. A Failure says what cannot be encoded."""
    encoded = prepared(target.filled(completion), target.wire)
    if not isinstance(encoded, Success):
        return encoded
    return key_of(encoded.unwrap(), target)


def key_of(encoded: Encoded, target: Target) -> Outcome[str]:
    """The key of a request that is encoded already."""
    try:
        before, after = _around(target, tuple(encoded.headers.items()))
        hashed = _blank().copy()
        hashed.update(b'%b,"payload":%b,%b' % (before, encoded.canonical(_NOT_THE_QUESTION), after))
        return Success(hashed.hexdigest())
    except JsonError as error:
        return Failure(BadRequest(message=error.reason, path=error.path))


@lru_cache(maxsize=64)
def _around(target: Target, headers: tuple[tuple[str, str], ...]) -> tuple[bytes, bytes]:
    """What stands before the payload and after it: the same for all that one runner asks."""
    where: dict[str, PlainJson] = {
        "provider": target.provider,
        "wire": target.wire,
        "endpoint": target.endpoint,
        "model": target.model,
        **({} if target.dialect is None else {"dialect": target.dialect.changes()}),
    }
    after = canonical_json({"target": where, "version": CACHE_KEY_VERSION})
    before = canonical_json({"headers": {name.lower(): value for name, value in headers}})
    return before[:-1], after[1:]


@cache
def _blank() -> HASH:
    """What every hash begins as. A new one costs a search among OpenSSL's providers, ten times as much as a copy where
    no hash was made for a while; and OpenSSL is not light to import."""
    from hashlib import sha256

    return sha256()
