"""Where a client goes, how long it may wait, and which certificates it believes.

Law: an address is read once, when a runner is made; what is shown of it, and what goes into a key, has no login.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

__all__ = ["address_of", "bounded", "endpoint_of", "named", "ssl_context", "without_login"]


def bounded(
    timeout: httpx2.Timeout | float | None, limit: float | None, silence: float | None
) -> httpx2.Timeout:
    """No wait longer than `limit` seconds, none for bytes longer than `silence`, nor any than the client allows."""
    of = timeout if isinstance(timeout, _waits()) else _waits()(timeout)
    return _bounded(of.connect, of.read, of.write, of.pool, limit, silence)


@lru_cache(maxsize=32)
def _bounded(
    connect: float | None,
    read: float | None,
    write: float | None,
    pool: float | None,
    limit: float | None,
    silence: float | None,
) -> httpx2.Timeout:
    """One for many calls: most have no limit of their own."""
    connect, read, write, pool = [_shorter(wait, limit) for wait in (connect, read, write, pool)]
    return _waits()(connect=connect, read=_shorter(read, silence), write=write, pool=pool)


@cache
def _waits() -> type[httpx2.Timeout]:
    from httpx2 import Timeout

    return Timeout


def _shorter(wait: float | None, limit: float | None) -> float | None:
    return limit if wait is None else wait if limit is None else min(wait, limit)


class _Addressed(Protocol):
    @property
    def base_url(self) -> object: ...


def address_of(client: _Addressed | None, variable: str) -> str | None:
    """Where a client goes, as it stands in its settings. The SDKs read `variable` where no client is given."""
    return (os.environ.get(variable) or None) if client is None else str(client.base_url)


def endpoint_of(address: str | None, own: str) -> str | None:
    """The same without what is secret; None: the provider itself."""
    if not address or address.rstrip("/") == own:
        return None
    scheme, there, rest = address.rstrip("/").partition("://")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = "[masked]@" + authority.rpartition("@")[2]
    return f"{scheme}{there}{authority}{slash}{path}"


def named(address: str | None, variable: str, own: str) -> str | None:
    """The base URL for a client of our own making: what the variable said once, and not what it says by now.

    None, where it says nothing either, leaves the SDK its other settings (a profile's base URL). The login that a
    pickle leaves out is the variable's, as long as that still leads to the same place.
    """
    said = os.environ.get(variable)
    if said and address and address == without_login(said):
        return said
    return address or (own if said else None)


def without_login(address: str | None) -> str | None:
    scheme, there, rest = (address or "").partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{there}{authority.rpartition('@')[2]}{slash}{path}" or None


@cache
def ssl_context() -> SSLContext:
    """One for the process: to load the certificates takes twenty times as long as all else about a client."""
    from httpx2 import create_ssl_context

    return create_ssl_context()
