"""A runner in a server's dialect, through the real SDK, against the stub."""

import re

import pytest
from openai import OpenAI

from llm_effects import MemoryStore, openai_chat_runner, run, stream, with_cache
from llm_effects.stub import Stub
from llm_pure import (
    AssistantMessage,
    Completion,
    PlainJson,
    Response,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
    openai_chat,
    user,
)
from llm_pure.dialects import MISTRAL, OPENAI, Dialect

ANSWER = Response(AssistantMessage((Text("It will."),)), Usage(9, 2), "end")
ASKED = Completion([user("Will it rain?")], max_tokens=9, seed=7)


@pytest.mark.parametrize("dialect", [OPENAI, MISTRAL])
def test_a_stream_is_asked_for_its_usage_where_the_server_takes_that(dialect: Dialect) -> None:
    with Stub([ANSWER]) as stub, OpenAI(api_key="-", base_url=stub.openai_url) as client:
        with stream(openai_chat_runner(client, model="m", dialect=dialect), ASKED) as events:
            list(events)
        assert events.result.unwrap().text == "It will."
    expected: dict[str, PlainJson] = {
        "model": "m",
        "messages": [{"role": "user", "content": "Will it rain?"}],
        "max_tokens": 9,
        "stream": True,
    }
    more: dict[str, PlainJson] = (
        {"random_seed": 7} if dialect == MISTRAL else {"seed": 7, "stream_options": {"include_usage": True}}
    )
    assert stub.requests[0].payload == expected | more


def test_a_target_says_who_answers_and_how_it_is_spelt() -> None:
    runner = openai_chat_runner(model="m", dialect=MISTRAL)
    assert (runner.target.provider, runner.target.dialect, runner.layers) == (
        "mistral",
        MISTRAL,
        ("mistral",),
    )
    assert openai_chat_runner(dialect=OPENAI).target == openai_chat_runner().target


def test_an_answer_of_another_dialect_is_not_taken_from_the_cache() -> None:
    store = MemoryStore()
    with Stub([ANSWER, ANSWER]) as stub, OpenAI(api_key="-", base_url=stub.openai_url) as client:
        for dialect in (OPENAI, MISTRAL, MISTRAL):
            runner = with_cache(store)(openai_chat_runner(client, model="m", dialect=dialect))
            assert run(runner, ASKED).unwrap().text == "It will."
        assert len(stub.requests) == 2


def test_ids_of_calls_go_out_in_the_form_that_the_server_takes() -> None:
    call, result = ToolCall("toolu_01", "look"), ToolResult("toolu_01", (Text("wet"),))
    asked = Completion([user("Look."), AssistantMessage((call,)), UserMessage((result,))])
    with Stub([ANSWER]) as stub, OpenAI(api_key="-", base_url=stub.openai_url) as client:
        run(openai_chat_runner(client, model="m", dialect=MISTRAL), asked).unwrap()
    payload = stub.requests[0].payload
    assert isinstance(payload, dict)
    sent = openai_chat.decode_request(payload).unwrap().messages
    [said], [told] = sent[1].content, sent[2].content
    assert isinstance(said, ToolCall)
    assert isinstance(told, ToolResult)
    assert re.fullmatch("[a-zA-Z0-9]{9}", said.id)
    assert told.call_id == said.id
