"""The door to a provider through its official SDK.

Law: the SDK gives the connection, the authentication and the headers, and nothing else. Bytes go in and bytes come
out; its retries are off and its models are never built. Whatever it raises is a value here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Generic, final

from llm_effects.operations import HttpRequest
from llm_effects.providers.clients import C, Clients, D
from llm_effects.providers.connections import AsyncConnection, Connection
from llm_effects.providers.faults import fault_of, of_a_closed_loop
from llm_effects.providers.masking import without_frames
from llm_effects.providers.reach import HEARING, REACHING
from llm_effects.providers.watch import Patience, in_time
from llm_pure import LlmError, Misconfigured, Timeout

if TYPE_CHECKING:
    import httpx2

__all__ = ["SdkDoor"]


@final
@dataclass(frozen=True, slots=True)
class SdkDoor(Generic[C, D]):
    """Both colours of one provider."""

    clients: Clients[C, D]

    def connect(self, request: HttpRequest, limit: float | None) -> Connection | LlmError:
        """Send, and wait for the headers, on this thread: no longer than the answer may be silent."""
        handled = sys.exception()
        try:
            client = self.clients.blocking()
            if isinstance(client, Misconfigured):
                return client
            if limit is not None:
                return self._connect_in_time(client, request, limit)
            before, reaching, silence = HEARING.get(), REACHING.get(), request.max_silence
            HEARING.set(True)
            REACHING.set(None if silence is None else Patience(silence))
            try:
                return Connection(self._posted(client, request, None), client, None)
            finally:
                HEARING.set(before)
                REACHING.set(reaching)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same

    def _connect_in_time(self, client: C, request: HttpRequest, limit: float) -> Connection | Timeout:
        began, silence = monotonic(), request.max_silence
        patience = limit if silence is None else min(limit, silence)
        answer = in_time(lambda: self._posted(client, request, limit), patience)
        if answer is None:
            return Timeout(message="no answer in time")
        return Connection(answer, client, max(0.0, limit - (monotonic() - began)))

    def _posted(self, client: C, request: HttpRequest, limit: float | None) -> httpx2.Response:
        try:
            return self.clients.sdk.post(client, request, limit)
        except Exception as error:
            answer = self.clients.sdk.answer_in(error)
            if answer is None:
                raise
            return answer

    async def aconnect(self, request: HttpRequest, limit: float | None) -> AsyncConnection | LlmError:
        """Send, and wait for the headers, on this event loop: no longer than the answer may be silent.

        A client that was given may hold connections of an earlier event loop. Such a one cannot be written to, so that
        nothing has gone out on it, and its pool drops it for that: each is met once at most.
        """
        from asyncio import timeout

        handled = sys.exception()
        before = HEARING.get()
        HEARING.set(True)
        left: int | None = None
        try:
            client = await self.clients.on_loop()
            if isinstance(client, Misconfigured):
                return client
            async with timeout(request.max_silence):
                while True:
                    try:
                        return AsyncConnection(await self.clients.sdk.apost(client, request, limit))
                    except Exception as error:
                        answer = self.clients.sdk.answer_in(error)
                        if answer is not None:
                            return AsyncConnection(answer)
                        left = _held(client) if left is None else left - 1
                        if left < 0 or not of_a_closed_loop(error, handled):
                            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a value from here on
            return fault_of(error, handled=handled)
        except BaseException as error:  # noqa: BLE001 - cancelled, interrupted
            raise without_frames(error)  # noqa: B904 - it is the very same
        finally:
            HEARING.set(before)


def _held(client: object) -> int:
    from llm_effects.providers.room import held

    return held(client)
