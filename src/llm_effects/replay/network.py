"""No way out, while a recording is played.

Law: a test that is played reaches nothing but this machine. Whatever would connect, send, or resolve a name elsewhere
raises `NetworkBlocked`, whichever library it belongs to, in every thread. Loopback and sockets of files stay open: the
servers and databases that tests bring along live there, and an SDK's own requests never get that far.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self

__all__ = ["Hosts", "NetworkBlocked", "NoNetwork"]


class NetworkBlocked(OSError):
    """Something tried to reach another machine. An `OSError`, as of a machine without a network."""


Hosts = Callable[[str, int | None], bool]
"""Whether a host, and a port if one is known, may be reached."""


class _Guard:
    """One audit hook a process: it cannot be taken away, and does nothing while nobody is inside."""

    def __init__(self) -> None:
        self.allowed: Hosts | None = None
        self._installed = False
        self._addresses: dict[str, str] = {}
        """Of the hosts that are allowed by name: whoever has resolved one connects to its address."""
        self._resolving = threading.local()

    def install(self) -> None:
        if not self._installed:
            sys.addaudithook(self._hear)
            self._installed = True

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        allowed = self.allowed  # asked once: whoever is inside may leave at any moment
        if allowed is None or not event.startswith("socket.") or getattr(self._resolving, "now", False):
            return
        target = _target(event, arguments)
        if target is None or is_here(target[0]):
            return
        host, port = target
        resolving = event in _RESOLVING  # mostly without a port, before it is connected to
        asked = [
            (host, port),
            (self._addresses.get(host, host), port),
            *([(host, None)] if resolving else []),
        ]
        if not any(allowed(*it) for it in asked):
            raise NetworkBlocked(f"the network is blocked while a cassette is played: {host}:{port or '?'}")
        if resolving:
            self._remember(host)

    def _remember(self, host: str) -> None:
        self._resolving.now = True
        try:
            for found in socket.getaddrinfo(host, None):
                self._addresses[str(found[4][0])] = host
        except OSError:
            pass  # whoever has asked is told so, too
        finally:
            self._resolving.now = False


_GUARD: Final = _Guard()
_RESOLVING: Final = frozenset(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"))
_SENDING: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getnameinfo": 0}
"""Calls with an address, and which argument that is. The last asks another machine what an address is called."""


def _target(event: str, arguments: tuple[object, ...]) -> tuple[str, int | None] | None:
    """Where a call goes; None: nowhere else."""
    if event in _RESOLVING and arguments:
        host, port = arguments[0], arguments[1] if len(arguments) > 1 else None
    elif event in _SENDING and len(arguments) > _SENDING[event]:
        address = arguments[_SENDING[event]]
        if not isinstance(address, tuple) or len(address) < 2:
            return None  # a socket of a file, or one that is connected already
        host, port = address[0], address[1]
    else:
        return None
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return None  # None: this machine
    return host, port if isinstance(port, int) else None


_HERE: Final = frozenset(("", "localhost", "ip6-localhost", "0.0.0.0", "::"))  # noqa: S104 - nobody listens here


def is_here(host: str) -> bool:
    """Whether a name or address is this machine."""
    if host in _HERE or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (address if mapped is None else mapped).is_loopback


class NoNetwork:
    """Nothing but this machine and the `allowed` hosts can be reached while this is open."""

    def __init__(self, allowed: Hosts) -> None:
        self._allowed: Final = allowed
        self._before: Hosts | None = None

    def __enter__(self) -> Self:
        _GUARD.install()
        self._before, _GUARD.allowed = _GUARD.allowed, self._allowed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _GUARD.allowed = self._before
