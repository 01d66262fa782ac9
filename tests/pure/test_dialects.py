"""What each server wants spelt its own way, as the payloads that go out."""

from dataclasses import replace

import pytest
from returns.result import Success

from llm_pure import (
    AssistantMessage,
    Base64,
    Completion,
    Dialect,
    Image,
    JsonObject,
    Loss,
    PlainJson,
    Reasoning,
    ReasoningSetting,
    Target,
    Text,
    ToolResult,
    UserMessage,
    cache_key,
    openai_chat,
    system,
    user,
)
from llm_pure.dialects import (
    AZURE,
    DEEPSEEK,
    DIALECTS,
    GROQ,
    LLAMACPP,
    MISTRAL,
    OLLAMA,
    OPENAI,
    OPENROUTER,
    TOGETHER,
)

ASKED = Completion([user("hi")], model="m", system="Be brief.", max_tokens=9, seed=7)
DEVELOPER = Dialect("own", instructions="developer")
PICTURE = Image(Base64("aGk=", "image/png"))


def sent(completion: Completion, dialect: Dialect | None) -> dict[str, PlainJson]:
    encoded = openai_chat.encode_request(completion, dialect=dialect).unwrap()
    assert encoded.losses == ()
    return encoded.payload


def last(completion: Completion, dialect: Dialect) -> PlainJson:
    messages = sent(completion, dialect)["messages"]
    assert isinstance(messages, list)
    return messages[-1]


def test_openai_is_what_is_sent_without_a_dialect() -> None:
    assert sent(ASKED, OPENAI) == sent(ASKED, None)


@pytest.mark.parametrize(
    ("dialect", "model", "name"),
    [
        (AZURE, "my-deployment", "max_completion_tokens"),
        (GROQ, "openai/gpt-oss-20b", "max_tokens"),
        (MISTRAL, None, "max_tokens"),
        (OPENROUTER, "openai/gpt-5.2", "max_completion_tokens"),
        (OPENROUTER, "anthropic/claude-haiku-4.5", "max_tokens"),
    ],
)
def test_the_limit_has_the_name_that_the_server_knows(dialect: Dialect, model: str | None, name: str) -> None:
    payload = sent(ASKED.replace(model=model), dialect)
    assert payload.keys() & {"max_tokens", "max_completion_tokens"} == {name}


def test_the_seed_has_the_name_that_the_server_knows() -> None:
    payload = sent(ASKED, MISTRAL)
    assert payload.keys() & {"seed", "random_seed"} == {"random_seed"}
    assert payload["random_seed"] == 7


def test_instructions_have_the_role_that_the_server_knows() -> None:
    asked = ASKED.add_messages(system("In French."))
    messages = sent(asked, DEVELOPER)["messages"]
    assert messages == [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": "In French."},
    ]


def test_a_loss_names_the_place_in_the_completion_whatever_the_role_of_its_instructions() -> None:
    asked = ASKED.add_messages(AssistantMessage((Reasoning("hm", signature="s"),)))
    encoded = openai_chat.encode_request(asked, dialect=DEVELOPER).unwrap()
    assert [loss.path for loss in encoded.losses] == ["$.messages[1].content[0]"]


@pytest.mark.parametrize(
    ("dialect", "setting", "said"),
    [
        (OPENAI, "low", {"reasoning_effort": "low"}),
        (OPENROUTER, "low", {"reasoning": {"effort": "low"}}),
        (OPENROUTER, 1024, {"reasoning": {"max_tokens": 1024}}),
        (DEEPSEEK, "none", {"thinking": {"type": "disabled"}}),
        (DEEPSEEK, "high", {"reasoning_effort": "high"}),
    ],
)
def test_reasoning_is_asked_for_in_the_words_that_the_server_knows(
    dialect: Dialect, setting: int | str, said: dict[str, PlainJson]
) -> None:
    effort = setting if isinstance(setting, int) else ReasoningSetting(setting)  # type: ignore[arg-type] # a table's str
    payload = sent(Completion([user("hi")], model="m", reasoning=effort), dialect)
    assert {name: payload[name] for name in payload.keys() - {"model", "messages"}} == said


def test_of_an_effort_and_a_budget_the_one_that_cannot_be_said_as_well_is_reported() -> None:
    asked = Completion([user("hi")], model="m", reasoning=ReasoningSetting("low", 1024))
    encoded = openai_chat.encode_request(asked, dialect=OPENROUTER).unwrap()
    assert encoded.payload.keys() & {"reasoning", "reasoning_effort"} == {"reasoning_effort"}
    assert [loss.path for loss in encoded.losses] == ["$.reasoning.budget_tokens"]


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        (DEEPSEEK, {"content": "42", "reasoning_content": "hm"}),
        (OLLAMA, {"content": "42", "reasoning": "hm"}),
        (
            MISTRAL,
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "42"},
                ]
            },
        ),
    ],
)
def test_reasoning_that_nobody_has_spelt_goes_where_the_server_looks_for_it(
    dialect: Dialect, said: dict[str, PlainJson]
) -> None:
    thought = AssistantMessage((Reasoning("hm"), Text("42")))
    assert last(Completion([user("hi"), thought], model="m"), dialect) == {"role": "assistant", **said}
    encoded = openai_chat.encode_request(Completion([user("hi"), thought], model="m"), dialect=GROQ).unwrap()
    assert [loss.path for loss in encoded.losses] == ["$.messages[1].content[0]"]


def test_a_result_holds_a_picture_where_the_server_takes_one() -> None:
    asked = Completion([UserMessage((ToolResult("call_1", (Text("see"), PICTURE)),))], model="m")
    assert last(asked, LLAMACPP) == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": [
            {"type": "text", "text": "see"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        ],
    }
    encoded = openai_chat.encode_request(asked, dialect=OPENAI).unwrap()
    assert [loss.path for loss in encoded.losses] == ["$.messages[0].content[0].content[1]"]


def test_what_was_spelt_one_way_is_spelt_that_way_again() -> None:
    payload: dict[str, PlainJson] = {
        "model": "m",
        "max_completion_tokens": 9,
        "reasoning_effort": "none",
        "random_seed": 1,
        "thinking": {"type": "enabled"},
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "42", "reasoning": "hm"},
            {"role": "user", "content": "again"},
        ],
    }
    asked = openai_chat.decode_request(payload).unwrap()
    assert asked.system == (Text("Be brief."),)
    for dialect in (DEEPSEEK, OPENAI, replace(DEVELOPER, instructions="system")):
        assert sent(asked, dialect) == payload


def test_an_option_of_the_caller_is_left_alone() -> None:
    asked = Completion(
        [user("hi")],
        model="m",
        reasoning="low",
        provider_options={"openai": {"reasoning": {"enabled": True}}},
    )
    assert sent(asked, OPENROUTER)["reasoning"] == {"enabled": True}


@pytest.mark.parametrize("value", ["user", 3, None])
def test_a_role_that_instructions_cannot_have_is_reported(value: PlainJson) -> None:
    asked = ASKED.replace(provider_options={"openai_chat": {"$system": value}})
    assert openai_chat.encode_request(asked).unwrap().losses == (
        Loss("$.provider_options.openai_chat.$system", "this is `system` or `developer`"),
    )


def test_a_first_message_of_developer_instructions_is_reported_since_it_is_read_as_system() -> None:
    first = replace(system("Be brief."), extras=JsonObject({"openai_chat": {"role": "developer"}}))
    encoded = openai_chat.encode_request(Completion([first, user("hi")], model="m")).unwrap()
    assert [loss.path for loss in encoded.losses] == ["$.messages[0]"]
    assert openai_chat.decode_request(encoded.payload).unwrap().system == first.content


def test_a_key_knows_the_dialect() -> None:
    plain, spelt = Target("x", "openai_chat"), Target("x", "openai_chat", dialect=TOGETHER)
    keys = [cache_key(Completion([user("hi")], model="m"), target).unwrap() for target in (plain, spelt)]
    assert keys[0] != keys[1]
    assert TOGETHER.changes() == {"name": "together", "stream_usage": False}


def test_a_target_spells_in_its_dialect() -> None:
    target = Target("mistral", "openai_chat", model="mistral-small-latest", dialect=MISTRAL)
    asked = Completion([user("hi")], seed=7)
    assert target.filled(asked) == MISTRAL.spelt(asked.replace(model="mistral-small-latest"))
    assert target.filled(target.filled(asked)) == target.filled(asked)


def test_the_named_ones_are_found_by_their_names() -> None:
    assert all(dialect.name == name for name, dialect in DIALECTS.items())


def test_a_completion_of_wrong_types_is_left_to_the_codec() -> None:
    asked = Completion([None], max_tokens=1)  # type: ignore[list-item] # that is the point
    assert MISTRAL.spelt(asked) == asked.replace(
        provider_options={"openai_chat": {"$max_tokens": "max_tokens"}}
    )
    odd = Completion([user("hi")], model=3, max_tokens=1)  # type: ignore[arg-type] # likewise
    assert MISTRAL.spelt(odd) == odd
    assert not isinstance(openai_chat.encode_request(odd, dialect=MISTRAL), Success)
