"""The stub itself: one thread with an event loop, which reads requests, records them and carries out plans.

Law: what is answered is decided elsewhere, without I/O (`plan`, `rules`, the script). A stub that was stopped has
left neither a thread nor a socket behind. A mistake in the script is raised by `stop`, that is, at the end of `with`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from returns.result import Failure, Success

from llm_effects.stub.connection import Connection
from llm_effects.stub.echo import Echo
from llm_effects.stub.http1 import Incoming, Pairs
from llm_effects.stub.plan import Asked, Plan, plain, planned
from llm_effects.stub.rules import refusal
from llm_effects.stub.script import Step
from llm_effects.stub.wires import WIRES
from llm_pure.errors import BadRequest
from llm_pure.json import JsonError, PlainJson, parse_json
from llm_pure.target import wire_of

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.errors import LlmError
    from llm_pure.outcome import Outcome
    from llm_pure.target import WireFormat

__all__ = ["Received", "Script", "Stub"]

Script: TypeAlias = Iterable[Step] | Callable[["Completion"], Step]
"""Steps, one per request in the order in which they come; or a function of the completion, which must not block."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in. Header names are in lower case. Neither body nor headers are shown in its repr."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    payload: PlainJson = field(repr=False)
    """The body as JSON; None if it is none."""
    wire: WireFormat | None
    """Which provider was meant; None: a path that nobody answers."""
    completion: Outcome[Completion] | None = field(repr=False)
    """The payload, decoded; None if there was nothing to decode."""
    connection: int
    """The number of the connection, from 0: equal numbers mean that it was kept alive."""

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return isinstance(self.payload, dict) and self.payload.get("stream") is True


class Stub:
    """A provider on 127.0.0.1, used as a context manager or by `start` and `stop`.

    `script` says what is answered (`Script`); None: `Echo`. When a list is used up, further requests are refused with a
    400. `strict` refuses what the real provider refuses (`rules`); such requests use up no step. `gzip` compresses for
    those who accept it. `headers` are added to every answer, as a fixed `date`. `on_request` is told of every request
    and the step that answers it, None for those that are refused. `keep` bounds how many requests are recorded.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        port: int = 0,
        strict: bool = True,
        gzip: bool = False,
        headers: Pairs = (),
        on_request: Callable[[Received, Step | None], None] | None = None,
        keep: int | None = None,
    ) -> None:
        self._answer: Callable[[Completion], Step] | None = None
        self._steps: deque[Step] = deque()
        if script is None or callable(script):
            self._answer = script if script is not None else Echo()
        else:
            self._steps.extend(script)
        self._wanted_port: Final = port
        self._strict: Final = strict
        self._gzip: Final = gzip
        self._headers: Final = headers
        self._on_request: Final = on_request
        self._changed = threading.Condition()
        self._requests: deque[Received] = deque(maxlen=keep)
        self._bodies: Counter[bytes] = Counter()
        self._mistakes: list[Exception] = []
        self._open: set[Connection] = set()
        self._accepted = 0
        self._abandoned = 0
        self._stopping = False
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    # ------------------------------------------------------------ where it is

    @property
    def port(self) -> int:
        """The port; known once it has started."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL as the SDK of Anthropic wants it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def openai_url(self) -> str:
        """The base URL as the SDK of OpenAI wants it."""
        return f"{self.url}/v1"

    # ------------------------------------------------------------ what happened

    @property
    def requests(self) -> tuple[Received, ...]:
        """What came in, in the order in which it was whole."""
        with self._changed:
            return tuple(self._requests)

    @property
    def left(self) -> int:
        """How many steps are not used yet."""
        return len(self._steps)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    @property
    def accepted(self) -> int:
        """How many connections there have been."""
        return self._accepted

    @property
    def abandoned(self) -> int:
        """How many answers the client left before they were over."""
        return self._abandoned

    def add(self, *steps: Step) -> None:
        """Append to the script."""
        self._steps.extend(steps)

    def wait_until(self, condition: Callable[[Stub], bool], timeout: float = 5.0) -> bool:
        """Wait until `condition` holds, at most `timeout` seconds; whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout)

    # ------------------------------------------------------------ from start to end

    def start(self) -> Self:
        """Listen. Raises `OSError` if the port is taken."""
        listening = socket.create_server(("127.0.0.1", self._wanted_port), backlog=2048)
        self._port = int(listening.getsockname()[1])
        ready = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(
            target=self._run, args=(listening, ready), name="llm-stub", daemon=True
        )
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """Close everything. Raises what a function that is the script raised, or a `ScriptError`."""
        thread, loop, end = self._thread, self._loop, self._end
        if thread is None or loop is None or end is None:
            return
        self._thread = None
        loop.call_soon_threadsafe(end.set)
        thread.join()
        if self._mistakes:
            raise self._mistakes[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.stop()
        except Exception:
            if kind is None:
                raise

    def _run(self, listening: socket.socket, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve(listening, ready))

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(lambda: Connection(self), sock=listening, backlog=2048)
        ready.set()
        await self._end.wait()
        self._stopping = True
        # What was accepted a moment ago becomes a connection in the loop's next rounds, if its server is still open.
        self._loop.remove_reader(listening)
        for _ in range(3):
            await asyncio.sleep(0)
        server.close()
        while self._open:
            for connection in list(self._open):
                connection.abort()
            await asyncio.sleep(0)

    # ------------------------------------------------------------ called by connections, on the loop

    def entered(self, connection: Connection) -> int:
        with self._changed:
            self._open.add(connection)
            self._accepted += 1
            self._changed.notify_all()
        return self._accepted - 1

    def gone(self, connection: Connection, *, answering: bool) -> None:
        with self._changed:
            self._open.discard(connection)
            self._abandoned += answering and not self._stopping
            self._changed.notify_all()

    def plan(self, incoming: Incoming, connection: int) -> Plan:
        """What to do about a request; it is recorded."""
        try:
            return self._planned(incoming, connection)
        except Exception as mistake:  # noqa: BLE001  # whatever it is, whoever wrote the script shall hear of it
            self._mistakes.append(mistake)
            return plain(500, f"mistake in the script: {type(mistake).__name__}: {mistake}")

    def _planned(self, incoming: Incoming, connection: int) -> Plan:
        path = incoming.target.partition("?")[0]
        spoken = wire_of(path)
        wire = None if spoken is None else WIRES[spoken]
        payload = _json(incoming.body)
        received = Received(
            method=incoming.method,
            path=incoming.target,
            headers=incoming.headers,
            body=incoming.body,
            payload=payload,
            wire=spoken,
            completion=wire.codec.decode_request(payload)
            if wire is not None and isinstance(payload, dict)
            else None,
            connection=connection,
        )
        with self._changed:
            self._requests.append(received)
            self._changed.notify_all()
        if wire is None or incoming.method != "POST":
            self._tell(received, None)
            return plain(404 if wire is None else 405, f"nothing answers {incoming.method} {path}")
        asked = Asked(
            wire,
            payload if isinstance(payload, dict) else {},
            incoming.body,
            occurrence=self._bodies[incoming.body],
            accepts_gzip="gzip" in incoming.headers.get("accept-encoding", ""),
            keep_alive=incoming.keep_alive,
        )
        self._bodies[incoming.body] += 1
        refused = self._refused(received)
        step = refused if refused is not None else self._next(received)
        self._tell(received, step if refused is None else None)
        return planned(step, asked, gzip=self._gzip, headers=self._headers)

    def _refused(self, received: Received) -> LlmError | None:
        if not isinstance(received.payload, dict):
            return _bad("the body is no JSON object")
        if isinstance(received.completion, Failure) and (self._strict or self._answer is not None):
            wrong = received.completion.failure()
            return _bad(f"{wrong.path or '$'}: {wrong.message}")
        if self._strict and received.wire is not None:
            return refusal(received.wire, received.payload, received.headers)
        return None

    def _next(self, received: Received) -> Step:
        if self._steps:
            return self._steps.popleft()
        if self._answer is not None and isinstance(received.completion, Success):
            return self._answer(received.completion.unwrap())
        return _bad("the script is over")

    def _tell(self, received: Received, step: Step | None) -> None:
        if self._on_request is not None:
            self._on_request(received, step)


def _bad(message: str) -> BadRequest:
    return BadRequest(message=message, status=400, type="invalid_request_error")


def _json(body: bytes) -> PlainJson:
    try:
        return parse_json(body)
    except JsonError:
        return None
