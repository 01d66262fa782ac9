"""The official clients take the stub for their provider: sync, async and streaming."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anthropic
import openai
import pytest
from returns.result import Success

from llm_effects.stub import Sent, Step, Stub
from llm_pure.errors import Overloaded, RateLimited
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Text, ToolCall
from llm_pure.response import Response, Usage
from tests.effects.stub.asking import QUESTION

CALL = Response(
    AssistantMessage((Text("Let me look."), ToolCall("call_1", "weather", JsonObject({"city": "Rome"})))),
    usage=Usage(7, 3),
    stop_reason="tool_call",
    id="msg_1",
    model="m",
)
OLD, NEW = "claude-haiku-4-5", "claude-opus-5"
QUESTIONS: list[anthropic.types.MessageParam] = [{"role": "user", "content": QUESTION}]
CHAT: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]


@contextmanager
def anthropic_client(stub: Stub, retries: int = 0) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="-", base_url=stub.url, max_retries=retries, timeout=5) as client:
        yield client


@asynccontextmanager
async def async_anthropic_client(stub: Stub) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(api_key="-", base_url=stub.url, max_retries=0, timeout=5) as client:
        yield client


@contextmanager
def openai_client(stub: Stub, retries: int = 0) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="-", base_url=stub.openai_url, max_retries=retries, timeout=5) as client:
        yield client


@asynccontextmanager
async def async_openai_client(stub: Stub) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="-", base_url=stub.openai_url, max_retries=0, timeout=5) as client:
        yield client


# ---------------------------------------------------------------- Anthropic


def test_anthropic_create() -> None:
    with Stub([CALL]) as stub, anthropic_client(stub) as client:
        message = client.messages.create(model=OLD, max_tokens=100, messages=QUESTIONS)
    assert (message.id, message.model, message.stop_reason) == ("msg_1", "m", "tool_use")
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert message.content[1].to_dict()["input"] == {"city": "Rome"}
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 3)
    [received] = stub.requests
    assert isinstance(received.completion, Success)
    assert received.completion.unwrap().max_tokens == 100
    assert received.completion.unwrap().last_text == QUESTION


def test_anthropic_stream() -> None:
    with (
        Stub([CALL]) as stub,
        anthropic_client(stub) as client,
        client.messages.stream(model=OLD, max_tokens=100, messages=QUESTIONS) as stream,
    ):
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text == "Let me look."
    assert message.content[1].to_dict()["input"] == {"city": "Rome"}
    assert message.stop_reason == "tool_use"
    assert stub.requests[0].stream


async def test_anthropic_async() -> None:
    with Stub() as stub:
        async with async_anthropic_client(stub) as client:
            message = await client.messages.create(model=OLD, max_tokens=5, messages=QUESTIONS)
            async with client.messages.stream(model=OLD, max_tokens=5, messages=QUESTIONS) as stream:
                text = "".join([piece async for piece in stream.text_stream])
    assert message.content[0].to_dict()["text"] == text == "You said: Tell me something"
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)


def test_anthropic_retries_by_the_stubs_word() -> None:
    script: list[Step] = [RateLimited(retry_after=0.01), Overloaded(retry_after=0.01), "at last"]
    with Stub(script) as stub, anthropic_client(stub, retries=2) as client:
        message = client.messages.create(model=OLD, max_tokens=100, messages=QUESTIONS)
    assert message.content[0].to_dict()["text"] == "at last"
    assert len(stub.requests) == 3


def test_anthropic_prefill() -> None:
    begun: list[anthropic.types.MessageParam] = [*QUESTIONS, {"role": "assistant", "content": "You said:"}]
    with Stub() as stub, anthropic_client(stub) as client:
        message = client.messages.create(model=OLD, max_tokens=3, messages=begun)
        assert message.content[0].to_dict()["text"] == " Tell me something"
        with pytest.raises(anthropic.BadRequestError, match="does not support assistant message prefill"):
            client.messages.create(model=NEW, max_tokens=3, messages=begun)


def test_anthropic_errors_in_a_stream() -> None:
    step = Sent(CALL, cut_events=3, then=Overloaded(message="no room"))
    with (
        Stub([step]) as stub,
        anthropic_client(stub) as client,
        client.messages.stream(model=OLD, max_tokens=100, messages=QUESTIONS) as stream,
        pytest.raises(anthropic.APIStatusError, match="no room"),
    ):
        stream.until_done()


# ---------------------------------------------------------------- OpenAI


def test_openai_create() -> None:
    with Stub([CALL]) as stub, openai_client(stub) as client:
        chat = client.chat.completions.create(model="gpt-4o-mini", messages=CHAT, max_completion_tokens=100)
    [choice] = chat.choices
    assert (chat.id, choice.finish_reason, choice.message.content) == ("msg_1", "tool_calls", "Let me look.")
    assert choice.message.tool_calls
    assert choice.message.tool_calls[0].to_dict()["function"] == {
        "name": "weather",
        "arguments": '{"city":"Rome"}',
    }
    assert chat.usage
    assert (chat.usage.prompt_tokens, chat.usage.completion_tokens) == (7, 3)
    [received] = stub.requests
    assert isinstance(received.completion, Success)
    assert received.completion.unwrap().max_tokens == 100


def test_openai_stream() -> None:
    with Stub([CALL]) as stub, openai_client(stub) as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini", messages=CHAT, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Let me look."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == 3


async def test_openai_async() -> None:
    with Stub() as stub:
        async with async_openai_client(stub) as client:
            chat, stream = await asyncio.gather(
                client.chat.completions.create(model="gpt-4o-mini", messages=CHAT, max_tokens=5),
                client.chat.completions.create(model="gpt-4o-mini", messages=CHAT, max_tokens=5, stream=True),
            )
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert chat.choices[0].message.content == "".join(pieces) == "You said: Tell me something"
    assert chat.choices[0].finish_reason == "length"


def test_openai_retries_by_the_stubs_word() -> None:
    with Stub([RateLimited(retry_after=0.01), "at last"]) as stub, openai_client(stub, retries=1) as client:
        chat = client.chat.completions.create(model="gpt-4o-mini", messages=CHAT)
    assert chat.choices[0].message.content == "at last"


def test_openai_errors() -> None:
    with Stub([Overloaded(message="no room")]) as stub, openai_client(stub) as client:
        with pytest.raises(openai.InternalServerError, match="no room"):
            client.chat.completions.create(model="gpt-4o-mini", messages=CHAT)
        with pytest.raises(openai.BadRequestError, match="max_completion_tokens"):
            client.chat.completions.create(model="o3", messages=CHAT, max_tokens=5)


# ---------------------------------------------------------------- OpenAI Responses


def test_responses_create() -> None:
    with Stub([CALL]) as stub, openai_client(stub) as client:
        answer = client.responses.create(model="gpt-4o-mini", input=QUESTION, max_output_tokens=100)
    assert (answer.id, answer.status, answer.output_text) == ("msg_1", "completed", "Let me look.")
    message, call = answer.output
    assert message.type == "message"
    assert call.type == "function_call"
    assert (call.call_id, call.name, call.arguments) == ("call_1", "weather", '{"city":"Rome"}')
    assert answer.usage
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (7, 3)
    [received] = stub.requests
    assert isinstance(received.completion, Success)
    assert received.completion.unwrap().max_tokens == 100
    assert received.completion.unwrap().last_text == QUESTION


def test_responses_stream() -> None:
    with (
        Stub([CALL]) as stub,
        openai_client(stub) as client,
        client.responses.stream(model="gpt-4o-mini", input=QUESTION) as stream,
    ):
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        answer = stream.get_final_response()
    assert text == answer.output_text == "Let me look."
    assert [item.type for item in answer.output] == ["message", "function_call"]


async def test_responses_async() -> None:
    with Stub() as stub:
        async with async_openai_client(stub) as client:
            answer = await client.responses.create(model="gpt-4o-mini", input=QUESTION, max_output_tokens=5)
    assert (answer.status, answer.output_text) == ("incomplete", "You said: Tell me something")
    assert answer.incomplete_details
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_responses_errors() -> None:
    step = Sent(CALL, cut_events=3, then=Overloaded(message="no room"))
    with Stub([step]) as stub, openai_client(stub) as client:
        stream = client.responses.create(model="gpt-4o-mini", input=QUESTION, stream=True)
        with pytest.raises(openai.APIError, match="no room"):
            list(stream)
        with pytest.raises(openai.BadRequestError, match="No tool call found"):
            client.responses.create(
                model="gpt-4o-mini",
                input=[{"type": "function_call_output", "call_id": "call_1", "output": "ok"}],
            )


# ---------------------------------------------------------------- many


async def test_many_at_once() -> None:
    with Stub(lambda completion: Sent(completion.last_text, delay=0.01)) as stub:
        async with async_anthropic_client(stub) as client:
            answers = await asyncio.gather(
                *(
                    client.messages.create(
                        model=OLD, max_tokens=100, messages=[{"role": "user", "content": f"question {n}"}]
                    )
                    for n in range(100)
                )
            )
    assert [answer.content[0].to_dict()["text"] for answer in answers] == [
        f"question {n}" for n in range(100)
    ]
