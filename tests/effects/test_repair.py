"""Answers that do not fit, asked for again: one suite, every colour."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from llm_effects import (
    MemoryStore,
    Runner,
    compose,
    with_cache,
    with_continuation,
    with_prefill_echo,
    with_repair,
    with_retry,
)
from llm_effects.notes import CacheStored, Note, Repaired
from llm_pure import (
    AssistantMessage,
    BadOutput,
    BadToolInput,
    Completion,
    Done,
    JsonObject,
    Overloaded,
    RepairPolicy,
    Response,
    Restarted,
    RetryPolicy,
    TextDelta,
    Tool,
    ToolCall,
    Usage,
    assistant,
    parse_output,
)
from llm_pure.repair import REPAIR
from tests.effects.scripted import COLOURS, FLOWS, QUESTION, Colour, Flow, ScriptedDoor, answer, failed, leaf


class City(BaseModel):
    """A city."""

    name: str


ASKED = QUESTION.replace(output=City)
GOOD, BAD = '{"name": "Oslo"}', '{"name": 1}'


@pytest.fixture(params=FLOWS)
def flow(request: pytest.FixtureRequest) -> Flow:
    return FLOWS[request.param]


@pytest.fixture(params=("stream", "astream"))
def watching(request: pytest.FixtureRequest) -> Colour:
    return COLOURS[request.param]


def repaired(notes: tuple[Note, ...]) -> list[Note]:
    return [note for note in notes if isinstance(note, Repaired)]


def test_an_answer_that_fits_is_given_back_as_it_came(flow: Flow) -> None:
    told = flow(with_repair(), ASKED, [answer(GOOD)])
    assert told.outcome.unwrap() == answer(GOOD)
    assert repaired(told.notes) == []


def test_an_answer_that_does_not_fit_is_asked_for_again_and_both_are_paid_for(flow: Flow) -> None:
    told = flow(with_repair(), ASKED, [answer(BAD, usage=Usage(3, 2)), answer(GOOD, usage=Usage(9, 4))])
    response = told.outcome.unwrap()
    assert parse_output(response, City).unwrap() == City(name="Oslo")
    assert (response.text, response.usage) == (GOOD, Usage(12, 6))
    assert repaired(told.notes) == [Repaired(1, "BadOutput", "$.name")]
    assert ASKED.with_response(response).messages[1:] == (assistant(GOOD),)


def test_the_model_is_told_what_is_wrong_after_its_own_answer() -> None:
    inner = leaf(answer(BAD), answer(GOOD))
    COLOURS["run"](with_repair()(inner), ASKED)
    assert isinstance(inner.door, ScriptedDoor)
    sent: list[Any] = json.loads(inner.door.requests[1].body)["messages"]
    assert sent[1] == {"role": "assistant", "content": BAD}
    assert sent[2] == {
        "role": "user",
        "content": f"{REPAIR}\n- $.name: Input should be a valid string",
    }


def test_the_policy_says_how_the_model_is_told_and_of_how_much() -> None:
    policy = RepairPolicy(ask="Wrong.", ask_call="Not so.", max_violations=1, tools=True)
    asked = QUESTION.replace(output=dict[str, int], tools=[Tool.of(City)])
    inner = leaf(answer('{"a": "x", "b": "y"}'), called(CALL), answer("{}"))
    COLOURS["run"](with_repair(policy)(inner), asked)
    assert isinstance(inner.door, ScriptedDoor)
    sent: list[Any] = [json.loads(request.body)["messages"][-1]["content"] for request in inner.door.requests]
    assert sent[1].splitlines()[0] == "Wrong."
    assert sent[1].splitlines()[1].startswith("- $.a: ")
    assert sent[1].splitlines()[2:] == ["- and 1 more"]
    ((result,),) = sent[2:]
    assert result["content"] == "Not so.\n- $.arguments.name: Input should be a valid string"


def test_rounds_are_bounded_and_the_last_error_holds_the_answer_and_all_costs(flow: Flow) -> None:
    told = flow(with_repair(2), ASKED, [answer(text, usage=Usage(1, 1)) for text in (BAD, "Oslo", BAD, GOOD)])
    error = failed(told.outcome)
    assert isinstance(error, BadOutput)
    assert (error.reason, error.path, error.text, error.usage) == ("invalid", "$.name", BAD, Usage(3, 3))
    assert error.partial is not None
    assert error.partial.text == BAD
    assert len(repaired(told.notes)) == 2


def test_without_rounds_an_answer_is_checked_and_nothing_is_asked(flow: Flow) -> None:
    assert isinstance(failed(flow(with_repair(0), ASKED, [answer(BAD)]).outcome), BadOutput)


@pytest.mark.parametrize("stop", ["max_tokens", "refusal"])
def test_what_other_words_cannot_help_is_given_back(flow: Flow, stop: Any) -> None:
    assert flow(with_repair(), ASKED, [answer('{"na', stop)]).outcome.unwrap() == answer('{"na', stop)


def test_a_completion_without_output_is_left_alone(flow: Flow) -> None:
    assert flow(with_repair(), QUESTION, [answer("Hello")]).outcome.unwrap().text == "Hello"


def test_a_type_may_be_named_where_the_completion_knows_only_a_schema(flow: Flow) -> None:
    loaded = Completion.from_json(ASKED.to_json()).unwrap()
    told = flow(with_repair(output=City), loaded, [answer(BAD), answer(GOOD)])
    assert told.outcome.unwrap().text == GOOD
    assert flow(with_repair(), loaded, [answer("Oslo"), answer(BAD)]).outcome.unwrap().text == BAD


def test_a_prefill_is_part_of_what_has_to_fit(flow: Flow) -> None:
    asked = ASKED.add_messages(assistant('{"name":'))
    assert flow(with_repair(), asked, [answer(' "Oslo"}')]).outcome.unwrap().text == ' "Oslo"}'
    response = flow(with_repair(), asked, [answer(" 1}"), answer(GOOD)]).outcome.unwrap()
    assert (response.text, response.has_prefill) == (GOOD, True)
    assert asked.with_response(response).messages[1:] == (assistant(GOOD),)


def test_a_watcher_sees_both_answers_and_where_the_first_is_void(watching: Colour) -> None:
    told = watching(with_repair()(leaf(answer(BAD), answer(GOOD))), ASKED)
    said = [
        "void" if isinstance(e, Restarted) else e.text
        for e in told.events
        if isinstance(e, TextDelta | Restarted)
    ]
    first, _, second = "".join(said).partition("void")
    assert (first, second) == (BAD, GOOD)
    assert Restarted(0) in told.events
    assert told.events[-1] == Done(told.outcome.unwrap())


CALL = ToolCall("c1", "City", JsonObject({"name": 1}))
FINE = ToolCall("c2", "City", JsonObject({"name": "Oslo"}))


def called(*calls: ToolCall) -> Response:
    return Response(AssistantMessage(calls), Usage(3, 2), "tool_call", "tool_use", "m1", provider="anthropic")


def test_calls_that_do_not_fit_are_made_again_if_asked(flow: Flow) -> None:
    asked = QUESTION.replace(tools=[Tool.of(City)])
    policy = RepairPolicy(tools=True)
    told = flow(with_repair(policy), asked, [called(CALL, FINE), called(FINE)])
    assert told.outcome.unwrap().tool_calls == (FINE,)
    assert repaired(told.notes) == [Repaired(1, "BadToolInput", "$.arguments.name")]
    assert flow(with_repair(), asked, [called(CALL)]).outcome.unwrap().tool_calls == (CALL,)
    assert isinstance(
        failed(flow(with_repair(RepairPolicy(0, tools=True)), asked, [called(CALL)]).outcome), BadToolInput
    )


def test_every_call_of_the_turn_gets_a_result() -> None:
    inner = leaf(called(CALL, FINE), called(FINE))
    COLOURS["run"](with_repair(RepairPolicy(tools=True))(inner), QUESTION.replace(tools=[Tool.of(City)]))
    assert isinstance(inner.door, ScriptedDoor)
    results = json.loads(inner.door.requests[1].body)["messages"][2]["content"]
    assert [(result["tool_use_id"], result["is_error"]) for result in results] == [("c1", True), ("c2", True)]
    assert "$.arguments.name" in str(results[0]["content"])


def test_a_round_that_fails_says_what_all_rounds_have_cost(flow: Flow) -> None:
    told = flow(
        with_repair(), ASKED, [answer(BAD, usage=Usage(3, 2)), Overloaded(message="busy", status=529)]
    )
    error = failed(told.outcome)
    assert isinstance(error, Overloaded)
    assert error.usage == Usage(3, 2)


def test_each_round_is_retried_continued_and_the_answer_that_fits_is_stored(flow: Flow) -> None:
    store = MemoryStore()

    def stack(inner: Runner) -> Runner:
        quick = RetryPolicy(max_attempts=3, base_delay=0.0)
        return compose(inner, with_retry(quick), with_continuation(), with_repair(), with_cache(store))

    busy = Overloaded(message="busy", status=529)
    asked = ASKED.replace(max_tokens=100)
    told = flow(stack, asked, [busy, answer(BAD), busy, answer('{"na', "max_tokens"), answer(GOOD)])
    assert told.outcome.unwrap().text == GOOD
    assert sum(isinstance(note, CacheStored) for note in told.notes) == 1


@pytest.mark.parametrize(
    "wrappers",
    [
        (with_repair(), with_repair()),
        (with_repair(), with_retry()),
        (with_repair(), with_continuation()),
        (with_repair(), with_prefill_echo()),
        (with_cache(MemoryStore()), with_repair()),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(wrappers: Any) -> None:
    with pytest.raises(ValueError, match=r" around "):
        compose(leaf(), *wrappers)
