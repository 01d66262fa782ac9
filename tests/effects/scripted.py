"""A door that answers from a script, in both colours, and every interpreter behind one signature.

One suite, every colour: a test asks for `colour` and runs the same assertions in all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from returns.result import Failure

from llm_effects import Runner, arun, astream, run, simulate, stream
from llm_effects.notes import Note
from llm_effects.operations import HttpRequest
from llm_effects.providers.leaf import Leaf
from llm_pure import AssistantMessage, Completion, LlmError, Outcome, Response, StreamEvent, Text, Usage, user
from llm_pure.json import dump_json
from llm_pure.response import StopReason
from llm_pure.target import Target, WireFormat, codec_of

RAW: Mapping[WireFormat, Mapping[str, str]] = {
    "anthropic_messages": {
        "end": "end_turn",
        "max_tokens": "max_tokens",
        "tool_call": "tool_use",
        "stop_sequence": "stop_sequence",
        "refusal": "refusal",
        "pause": "pause_turn",
    },
    "openai_chat": {
        "end": "stop",
        "max_tokens": "length",
        "tool_call": "tool_calls",
        "refusal": "content_filter",
    },
    "openai_responses": {
        "end": "completed",
        "max_tokens": "max_output_tokens",
        "refusal": "content_filter",
    },
}


def answer(
    text: str = "Hello",
    stop: StopReason = "end",
    *,
    wire: WireFormat = "anthropic_messages",
    usage: Usage | None = None,
) -> Response:
    """An answer as a provider gives it."""
    return Response(
        AssistantMessage((Text(text),)),
        usage or Usage(3, 2),
        stop,
        RAW[wire][stop],
        id="m1",
        model="model-x",
        provider=codec_of(wire).PROVIDER,
    )


QUESTION = Completion([user("Say hello")], model="claude-haiku-4-5", max_tokens=100)


@dataclass
class _Sync:
    status: int
    headers: Mapping[str, str]
    chunks: list[bytes | LlmError]
    closed: list[str]

    def read(self, limit: float | None) -> bytes | LlmError | None:
        return self.chunks.pop(0) if self.chunks else None

    def finish(self) -> None:
        self.closed.append("finished")

    def close(self) -> None:
        self.closed.append("closed")


@dataclass
class _Async:
    inner: _Sync

    @property
    def status(self) -> int:
        return self.inner.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.inner.headers

    async def read(self) -> bytes | LlmError | None:
        await asyncio.sleep(0)
        return self.inner.read(None)

    async def finish(self) -> None:
        self.inner.finish()

    async def close(self) -> None:
        self.inner.close()


@dataclass(eq=False)
class ScriptedDoor:
    """Answers one after another; an `LlmError` without a status happens on the way."""

    script: Iterable[Response | LlmError]
    wire: WireFormat = "anthropic_messages"
    requests: list[HttpRequest] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = iter(self.script)

    def connect(self, request: HttpRequest, limit: float | None) -> _Sync | LlmError:
        self.requests.append(request)
        codec, answer = codec_of(self.wire), next(self.left)
        if not isinstance(answer, Response):
            if answer.status is None:
                return answer
            told = codec.encode_error(answer)
            return _Sync(told.status, told.headers, [told.body], self.closed)
        if request.stream:
            chunks = codec.encode_stream(answer).unwrap()
            return _Sync(200, {"content-type": "text/event-stream"}, [*chunks], self.closed)
        body = dump_json(codec.encode_response(answer).unwrap())
        return _Sync(200, {"content-type": "application/json"}, [body], self.closed)

    async def aconnect(self, request: HttpRequest, limit: float | None) -> _Async | LlmError:
        await asyncio.sleep(0)
        connection = self.connect(request, limit)
        return _Async(connection) if isinstance(connection, _Sync) else connection


def leaf(*script: Response | LlmError, wire: WireFormat = "anthropic_messages") -> Leaf:
    """A leaf that answers from a script."""
    provider = "anthropic" if wire == "anthropic_messages" else "openai"
    return Leaf(ScriptedDoor(script, wire), Target(provider, wire, None, "claude-haiku-4-5"))


@dataclass(frozen=True)
class Told:
    """What a run in any colour gave."""

    outcome: Outcome[Response]
    events: tuple[StreamEvent, ...]
    notes: tuple[Note, ...]


def in_run(runner: Runner, asked: Completion) -> Told:
    notes: list[Note] = []
    return Told(run(runner, asked, on_note=notes.append), (), tuple(notes))


def in_arun(runner: Runner, asked: Completion) -> Told:
    notes: list[Note] = []
    return Told(asyncio.run(arun(runner, asked, on_note=notes.append)), (), tuple(notes))


def in_stream(runner: Runner, asked: Completion) -> Told:
    notes: list[Note] = []
    with stream(runner, asked, on_note=notes.append) as events:
        seen = tuple(events)
    return Told(events.result, seen, tuple(notes))


def in_astream(runner: Runner, asked: Completion) -> Told:
    async def main() -> Told:
        notes: list[Note] = []
        async with astream(runner, asked, on_note=notes.append) as events:
            seen = [event async for event in events]
        return Told(events.result, tuple(seen), tuple(notes))

    return asyncio.run(main())


Colour = Callable[[Runner, Completion], Told]
COLOURS: Mapping[str, Colour] = {"run": in_run, "arun": in_arun, "stream": in_stream, "astream": in_astream}

Wrap = Callable[[Runner], Runner]
Flow = Callable[[Wrap, Completion, Iterable[Response | LlmError]], Told]
"""A question to a wrapped leaf that answers from a script."""


def _scripted(colour: Colour) -> Flow:
    return lambda wrap, asked, script: colour(wrap(leaf(*script)), asked)


def in_simulation(wrap: Wrap, asked: Completion, script: Iterable[Response | LlmError]) -> Told:
    told = simulate(wrap(leaf()), asked, script)
    return Told(told.outcome, told.events, told.notes)


FLOWS: Mapping[str, Flow] = {
    **{name: _scripted(colour) for name, colour in COLOURS.items()},
    "simulate": in_simulation,
}


def failed(outcome: Outcome[Response]) -> LlmError:
    """The error of an outcome that must have failed."""
    assert isinstance(outcome, Failure), outcome
    return outcome.failure()
