"""Servers that imitate Chat Completions tell the same in many ways; whichever way it is told, it is read alike.

Each way is one that some server was seen to go, or a small step from it. They are applied to generated answers and
streams, several at once. What must stay is what was said: text, reasoning, calls, the stop reason.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from llm_pure import Incomplete, Outcome, Reasoning, Response, openai_chat
from llm_pure.strategies import chat_answers, chunkings
from llm_pure.strategies.streams import chat_chunks
from tests.many import many

Plain = dict[str, Any]
Drawn = tuple[Plain, list[Plain]]
Told = list[Plain | str]
"""The data of a stream's lines: chunks, and what is no JSON."""


def said(outcome: Outcome[Response]) -> object:
    """What was said; of a failure its kind."""
    if isinstance(outcome, Failure):
        return type(outcome.failure())
    response = outcome.unwrap()
    return (
        response.text,
        [part.text for part in response.message.content if isinstance(part, Reasoning)],
        [(call.name, call.arguments) for call in response.tool_calls],
        [(call.name, call.text) for call in response.broken_tool_calls],
        response.raw_stop_reason,
        response.stop_reason,
    )


# ---------------------------------------------------------------- streams


def chunks_of(told: Told) -> Iterator[Plain]:
    return (chunk for chunk in told if isinstance(chunk, dict))


def choices_of(told: Told) -> Iterator[Plain]:
    return (choice for chunk in chunks_of(told) for choice in chunk.get("choices") or ())


def deltas_of(told: Told) -> Iterator[Plain]:
    return (choice["delta"] for choice in choices_of(told) if isinstance(choice.get("delta"), dict))


def calls_in(message: Plain) -> list[Plain]:
    calls = message.get("tool_calls") or []
    return [calls] if isinstance(calls, dict) else calls


def calls_of(told: Told) -> Iterator[Plain]:
    return (call for delta in deltas_of(told) for call in calls_in(delta))


def each(of: Callable[[Told], Iterator[Plain]], change: Callable[[Plain], object]) -> Callable[[Told], None]:
    def apply(told: Told) -> None:
        for item in of(told):
            change(item)

    return apply


def unsaid(name: str, value: object) -> Callable[[Plain], object]:
    """A field that says nothing, where there was none."""
    return lambda item: item.setdefault(name, value)


def float_index(choice: Plain) -> None:
    choice["index"] = float(choice["index"])


def empty_ends(choice: Plain) -> None:
    if choice.get("finish_reason") and not choice["delta"]:
        choice["delta"] = None


def unended(choice: Plain) -> None:
    if choice.get("finish_reason") is None:
        choice["finish_reason"] = ""


def empty_later(call: Plain) -> None:
    """A call's later pieces name it again, with nothing."""
    if isinstance(function := call.get("function"), dict) and "name" not in function:
        call["id"], function["name"] = "", ""


def own_id(call: Plain) -> None:
    """A call's later pieces have an id each."""
    if isinstance(function := call.get("function"), dict) and "name" not in function:
        call["id"] = json.dumps(call)


def alone(message: Plain) -> None:
    """The only call, where a list of calls should be."""
    if len(calls := calls_in(message)) == 1:
        message["tool_calls"] = calls[0]


def numbered(message: Plain) -> None:
    """A word that is a number, as one."""
    if re.fullmatch("0|-?[1-9][0-9]{0,9}", str(message.get("content"))):
        message["content"] = int(message["content"])


def held(message: Plain) -> None:
    """Reasoning in an object that holds it."""
    for name in ("reasoning_content", "reasoning", "reasoning_text"):
        if isinstance(text := message.get(name), str):
            message[name] = {"text": text}


def listed(delta: Plain) -> None:
    if isinstance(delta.get("content"), str):
        delta["content"] = [{"type": "text", "text": delta["content"]}]


WAYS: dict[str, Callable[[Told], object]] = {
    "an object that is no chunk comes first": lambda told: told.insert(
        0, {"id": "x", "object": "", "created": 0}
    ),
    "pings come as data": lambda told: told.insert(0, {"type": "ping"}),
    "the last chunk has no choices": lambda told: told.append({"id": "", "choices": None, "usage": None}),
    "what was spent comes last": lambda told: told.append({"object": "chat.completion.cost", "cost": 1}),
    "choices are null": each(chunks_of, lambda chunk: chunk.get("choices") or chunk.update(choices=None)),
    "errors are null": each(chunks_of, unsaid("error", None)),
    "errors are empty": each(chunks_of, lambda chunk: chunk.get("choices") and chunk.setdefault("error", {})),
    "usage is null": each(chunks_of, unsaid("usage", None)),
    "usage is empty": each(chunks_of, unsaid("usage", {})),
    "ids are missing": each(chunks_of, lambda chunk: chunk.pop("id", None)),
    "models are null": each(chunks_of, lambda chunk: chunk.update(model=None)),
    "places are floats": each(choices_of, float_index),
    "the last delta is null": each(choices_of, empty_ends),
    "the last delta is an empty array": each(
        choices_of,
        lambda choice: choice.get("finish_reason") and not choice["delta"] and choice.update(delta=[]),
    ),
    "calls stand alone": each(deltas_of, alone),
    "calls are an empty object": each(deltas_of, unsaid("tool_calls", {})),
    "words that are numbers are numbers": each(deltas_of, numbered),
    "reasoning is an object": each(deltas_of, held),
    "refusals are false": each(deltas_of, unsaid("refusal", False)),
    "every reason but the last is empty": each(choices_of, unended),
    "log probabilities are null": each(choices_of, unsaid("logprobs", None)),
    "every delta has a role": each(deltas_of, lambda delta: delta.update(role="assistant")),
    "roles are null": each(deltas_of, lambda delta: delta.update(role=None)),
    "roles are empty": each(deltas_of, lambda delta: delta.update(role="")),
    "content is null": each(deltas_of, unsaid("content", None)),
    "calls are null": each(deltas_of, unsaid("tool_calls", None)),
    "calls are none": each(deltas_of, unsaid("tool_calls", [])),
    "reasoning is null": each(deltas_of, unsaid("reasoning_content", None)),
    "reasoning is empty": each(deltas_of, unsaid("reasoning", "")),
    "refusals are null": each(deltas_of, unsaid("refusal", None)),
    "types are null": each(calls_of, lambda call: call.get("type") == "function" and call.update(type=None)),
    "names are empty later": each(calls_of, empty_later),
    "ids are other ones later": each(calls_of, own_id),
    "places of calls are texts": each(
        calls_of, lambda call: "index" in call and call.update(index=str(call["index"]))
    ),
    "content comes in lists": each(deltas_of, listed),
    "content comes in lists of words": each(
        deltas_of,
        lambda delta: isinstance(delta.get("content"), str) and delta.update(content=[delta["content"]]),
    ),
}


def sse(told: Told, line: str, comment: str, *, done: bool) -> bytes:
    lines = [data if isinstance(data, str) else json.dumps(data) for data in told]
    events = "".join(
        f"{comment}data:{' ' if at % 2 else ''}{data}{line}{line}" for at, data in enumerate(lines)
    )
    return (events + (f"data: [DONE]{line}{line}" if done else "")).encode()


@many
@given(chat_chunks(), st.sets(st.sampled_from(sorted(WAYS)), max_size=4), st.data())
def test_a_stream_says_the_same_in_every_way_to_tell_it(
    drawn: Drawn, ways: set[str], data: st.DataObject
) -> None:
    whole = said(openai_chat.decode_stream([sse([*drawn[1]], "\n", "", done=True)]))
    told: Told = copy.deepcopy([*drawn[1]])
    for way in sorted(ways):
        WAYS[way](told)
    line = data.draw(st.sampled_from(["\n", "\r\n"]))
    comment = data.draw(
        st.sampled_from(
            ["", ": OPENROUTER PROCESSING\n\n", "data: : BUSY\n\n", ":\n\n", "event: message\n", "id: 1\n"]
        )
    )
    stream = sse(told, line, comment, done=data.draw(st.booleans()))
    found = openai_chat.decode_stream(data.draw(chunkings(stream)))
    assert said(found) == whole, (ways, stream)


# ---------------------------------------------------------------- whole answers


def messages_of(told: Told) -> Iterator[Plain]:
    return (choice["message"] for choice in choices_of(told))


def whole_calls_of(told: Told) -> Iterator[Plain]:
    return (call for message in messages_of(told) for call in calls_in(message))


def as_object(call: Plain) -> None:
    """Arguments as the object that they are, where they are one."""
    function = call.get("function")
    try:
        value = json.loads(function["arguments"]) if isinstance(function, dict) else None
    except ValueError:
        return
    if isinstance(function, dict) and isinstance(value, dict):
        function["arguments"] = value


BODIES: dict[str, Callable[[Told], object]] = {
    "errors are null": WAYS["errors are null"],
    "errors are empty": WAYS["errors are empty"],
    "usage is null": each(chunks_of, lambda body: body.update(usage=None)),
    "ids are missing": WAYS["ids are missing"],
    "models are null": WAYS["models are null"],
    "places are missing": each(choices_of, lambda choice: choice.pop("index", None)),
    "places are null": each(choices_of, lambda choice: choice.update(index=None)),
    "roles are null": each(messages_of, lambda message: message.update(role=None)),
    "roles are missing": each(messages_of, lambda message: message.pop("role", None)),
    "calls are null": each(messages_of, unsaid("tool_calls", None)),
    "calls are none": each(messages_of, unsaid("tool_calls", [])),
    "calls are an empty object": each(messages_of, unsaid("tool_calls", {})),
    "calls stand alone": each(messages_of, alone),
    "words that are numbers are numbers": each(messages_of, numbered),
    "reasoning is an object": each(messages_of, held),
    "refusals are false": each(messages_of, unsaid("refusal", False)),
    "reasoning is null": each(messages_of, unsaid("reasoning_content", None)),
    "reasoning is empty": each(messages_of, unsaid("reasoning", "")),
    "refusals are null": each(messages_of, unsaid("refusal", None)),
    "annotations are null": each(messages_of, unsaid("annotations", None)),
    "ids of calls are missing": each(whole_calls_of, lambda call: call.pop("id", None)),
    "ids of calls are null": each(whole_calls_of, lambda call: call.update(id=None)),
    "calls have places": each(whole_calls_of, unsaid("index", 0)),
    "types are missing": each(
        whole_calls_of, lambda call: call.get("type") == "function" and call.pop("type")
    ),
    "arguments are objects": each(whole_calls_of, as_object),
    "content comes in lists": each(messages_of, listed),
    "content comes in lists of words": each(
        messages_of,
        lambda message: (
            isinstance(message.get("content"), str) and message.update(content=[message["content"]])
        ),
    ),
}


@many
@given(chat_answers(), st.sets(st.sampled_from(sorted(BODIES)), max_size=4))
def test_an_answer_says_the_same_in_every_way_to_tell_it(body: Plain, ways: set[str]) -> None:
    whole = said(openai_chat.decode_response(body))
    told: Told = [copy.deepcopy(body)]
    for way in sorted(ways):
        BODIES[way](told)
    found = openai_chat.decode_response(next(chunks_of(told)))
    assert said(found) == whole, (ways, told)
    if isinstance(found, Success):
        again = openai_chat.encode_response(found.unwrap()).unwrap()
        assert openai_chat.decode_response(again) == found


# ---------------------------------------------------------------- ends


@given(chat_chunks(), st.data())
def test_without_an_end_mark_no_way_of_telling_is_an_answer(
    drawn: tuple[Plain, list[Plain]], data: st.DataObject
) -> None:
    told: Told = copy.deepcopy([*drawn[1]])
    for choice in choices_of(told):
        choice.pop("finish_reason", None)
    for way in sorted(data.draw(st.sets(st.sampled_from(sorted(WAYS)), max_size=3))):
        WAYS[way](told)
    found = openai_chat.decode_stream([sse(told, "\n", "", done=False)])
    assert isinstance(found.failure(), Incomplete)
