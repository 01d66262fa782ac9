"""The runner of Responses through the real SDK, against the stub: whole, streamed, in both colours, over turns."""

from openai import AsyncOpenAI, OpenAI
from returns.result import Success

from llm_effects import arun, compose, openai_responses_runner, run, simulate, stream, with_continuation
from llm_effects.stub import Echo, Stub
from llm_pure import (
    AssistantMessage,
    Completion,
    ContinuationPolicy,
    Misconfigured,
    Reasoning,
    Response,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
    user,
)
from llm_pure.events import Done, TextDelta
from llm_pure.json import JsonObject

ASKED = Completion(
    [user("Will it rain in Rome?")],
    model="gpt-5.1",
    provider_options={"openai": {"store": False, "include": ["reasoning.encrypted_content"]}},
)
THOUGHT = Reasoning("Let me think.", encrypted="gAAAA")
LOOK = Response(
    AssistantMessage((THOUGHT, ToolCall("call_1", "weather", JsonObject({"city": "Rome"})))),
    Usage(7, 3),
    "tool_call",
)
RAIN = Response(AssistantMessage((Text("It will."),)), Usage(9, 2), "end")


def test_a_conversation_without_storing() -> None:
    with Stub([LOOK, RAIN]) as stub, OpenAI(api_key="-", base_url=stub.openai_url) as client:
        runner = openai_responses_runner(client)
        first = run(runner, ASKED).unwrap()
        asked = ASKED.with_response(first).add_messages(UserMessage((ToolResult("call_1", (Text("wet"),)),)))
        second = run(runner, asked).unwrap()
    assert first.stop_reason == "tool_call"
    assert (second.text, second.usage) == ("It will.", Usage(9, 2, 0, 0, 0))  # the wire has no unknown counts
    received = stub.requests[1].completion
    assert isinstance(received, Success)
    assert received.unwrap().messages == asked.messages
    reasoning = received.unwrap().messages[1].content[0]
    assert isinstance(reasoning, Reasoning)
    assert reasoning.encrypted == "gAAAA"


def test_streamed() -> None:
    with Stub([RAIN]) as stub, OpenAI(api_key="-", base_url=stub.openai_url) as client:
        with stream(openai_responses_runner(client), ASKED) as events:
            seen = list(events)
        assert events.result.unwrap().text == "It will."
    assert "".join(event.text for event in seen if isinstance(event, TextDelta)) == "It will."
    assert isinstance(seen[-1], Done)


async def test_async_and_continued() -> None:
    with Stub(Echo(words=30)) as stub:
        async with AsyncOpenAI(api_key="-", base_url=stub.openai_url) as client:
            runner = openai_responses_runner(async_client=client)
            whole = (await arun(runner, ASKED)).unwrap()
            going_on = compose(runner, with_continuation(ContinuationPolicy(max_rounds=9)))
            joined = (await arun(going_on, ASKED.replace(max_tokens=10))).unwrap()
    assert (joined.text, joined.stop_reason) == (whole.text, "end")
    assert len(stub.requests) > 2


def test_the_wrong_colour_and_no_network() -> None:
    client = OpenAI(api_key="-", base_url="http://127.0.0.1:9")
    runner = openai_responses_runner(client, model="gpt-5.1")
    assert (runner.target.wire, runner.target.model) == ("openai_responses", "gpt-5.1")
    assert simulate(runner, ASKED, [RAIN]).outcome.unwrap().text == "It will."

    async def wrong() -> object:
        return (await arun(runner, ASKED)).failure()

    import asyncio

    assert isinstance(asyncio.run(wrong()), Misconfigured)
