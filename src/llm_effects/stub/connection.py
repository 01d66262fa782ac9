"""One connection of the stub: requests come in, plans are carried out one after the other.

Law: what a plan says is done, and nothing else; a client that leaves ends it at once. What was written has left for the
client before anything follows, so that a reset takes none of it back.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import Final, Protocol, cast

from typing_extensions import override

from llm_effects.stub.http1 import BadHttp, Incoming, Reader, reader
from llm_effects.stub.plan import Plan

__all__ = ["Connection", "Host"]


class Host(Protocol):
    """Whom a connection asks and tells, always on the loop."""

    def entered(self, connection: Connection) -> int:
        """It is open; its number."""
        ...

    def gone(self, connection: Connection, *, answering: bool) -> None:
        """It is closed; whether that was in the midst of an answer."""

    def plan(self, incoming: Incoming, connection: int) -> Plan:
        """What to do about a request."""
        ...


_NO_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """One connection: requests come in, plans are carried out one after the other."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader: Reader = reader()
        self._inbox: deque[Incoming] = deque()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._answering = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # A write that was waited for has left, so that no reset takes it back, and as a packet of its own.
        self._transport.set_write_buffer_limits(high=0)
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = self._host.entered(self)
        next(self._reader)
        self._task = asyncio.get_running_loop().create_task(self._converse())

    @override
    def data_received(self, data: bytes) -> None:
        try:
            found = self._reader.send(data)
            while isinstance(found, Incoming):
                self._inbox.append(found)
                found = self._reader.send(b"")
            if found.go_on:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except (BadHttp, StopIteration):
            self._transport.write(_NO_REQUEST)
            self._transport.close()
        self._news.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._host.gone(self, answering=self._answering)
        self._task.cancel()

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        self._transport.abort()

    def _socket(self) -> socket.socket:
        return cast("socket.socket", self._transport.get_extra_info("socket"))

    async def _converse(self) -> None:
        while True:
            while not self._inbox:
                self._news.clear()
                await self._news.wait()
            incoming = self._inbox.popleft()
            self._answering = True
            ending = await self._carry_out(self._host.plan(incoming, self._number))
            self._answering = False
            if ending == "reset":
                with suppress(OSError):  # the client was quicker
                    self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self._transport.abort()
                return
            if ending == "close" or not incoming.keep_alive:
                self._transport.close()
                return

    async def _carry_out(self, plan: Plan) -> str:
        await asyncio.sleep(plan.delay)
        for number, data in enumerate(plan.writes):
            if number and plan.pause:
                await asyncio.sleep(plan.pause)
            await self._write(data)
        while plan.filler:
            await asyncio.sleep(plan.pause)
            await self._write(plan.filler)
        if plan.ending == "stall":
            await asyncio.Event().wait()
        return plan.ending

    async def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            await asyncio.sleep(0)  # the client has left: the loop says so now, and that ends this
        self._transport.write(data)
        await self._writable.wait()
