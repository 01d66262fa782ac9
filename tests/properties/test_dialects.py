"""The laws of dialects: spelling decides once, what nobody has decided, and loses nothing."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from llm_pure import (
    Base64,
    Completion,
    Dialect,
    Image,
    Loss,
    PlainJson,
    SystemMessage,
    Target,
    Text,
    ToolResult,
    UserMessage,
    cache_key,
    normal,
    openai_chat,
)
from llm_pure.json import JsonObject
from llm_pure.strategies import completions, dialects
from llm_pure.strategies.openai_chat import chat_payloads
from tests.properties.test_openai_chat import Plain, as_sent, wire_normal

SPELLINGS: dict[str, st.SearchStrategy[PlainJson]] = {
    "max_tokens": st.just(9),
    "max_completion_tokens": st.just(9),
    "seed": st.just(7),
    "random_seed": st.just(7) | st.just("x"),
    "reasoning_effort": st.sampled_from(["none", "low", "huge"]),
    "reasoning": st.sampled_from(
        [{"effort": "low"}, {"max_tokens": 9}, {"enabled": True}, {"effort": "low", "exclude": True}, None]
    ),
    "thinking": st.sampled_from([{"type": "disabled"}, {"type": "enabled"}]),
    "model": st.sampled_from(["m", "gpt-4o", "gpt-5"]),
}
MESSAGES: list[Plain] = [
    {"role": "system", "content": "a"},
    {"role": "developer", "content": "b"},
    {"role": "user", "content": "c"},
    {"role": "assistant", "content": "d", "reasoning": "e"},
    {"role": "assistant", "content": "f", "reasoning_content": "g"},
]


@st.composite
def respelt_payloads(draw: st.DrawFn) -> Plain:
    """Payloads that say the same things in several spellings."""
    chosen: Plain = draw(st.fixed_dictionaries({}, optional=SPELLINGS))
    if "max_tokens" in chosen:
        chosen.pop("max_completion_tokens", None)
    return {**chosen, "messages": [dict(m) for m in draw(st.lists(st.sampled_from(MESSAGES), max_size=3))]}


def role_blind(payload: Plain) -> object:
    """A payload in normal form, `developer` and `system` told alike where a conversation is under way."""
    plain = wire_normal(payload)
    for message in plain["messages"][1:]:
        if message["role"] == "developer":
            message["role"] = "system"
    return plain


@given(completions(), dialects())
def test_spelling_twice_is_spelling_once(completion: Completion, dialect: Dialect) -> None:
    spelt = dialect.spelt(completion)
    assert dialect.spelt(spelt) == spelt


@example(
    Completion([], provider_options={"openai_chat": {"tools": [None]}}),
    Dialect("d", instructions="system"),
)
@given(completions(), dialects())
def test_what_goes_out_in_a_dialect_is_read_as_what_was_spelt(
    completion: Completion, dialect: Dialect
) -> None:
    spelt = dialect.spelt(completion)
    encoded = openai_chat.encode_request(completion, dialect=dialect).unwrap()
    plain = openai_chat.encode_request(spelt).unwrap()
    assert encoded.payload == plain.payload
    if not completion.provider_options:  # an option may be a field of OpenAI's, and none of the dialect's
        assert encoded == plain
    back = openai_chat.decode_request(plain.payload).value_or(None)  # an option may make it no request
    assert (back == as_sent(spelt)) == (plain.losses == ())


@example(
    Completion([SystemMessage(())], system=[Image(Base64("", "image/png"))]),
    Dialect("d", instructions="developer"),
)
@example(
    Completion(
        [
            UserMessage((ToolResult("a", (Image(Base64("", "image/png")),)),)),
            UserMessage((), extras=JsonObject({"openai_chat": JsonObject({"x": 1})})),
        ]
    ),
    Dialect("d", result_media=True),
)
@example(
    Completion(
        [SystemMessage((Text("a"),), JsonObject({"openai_chat": {"x": 1}}))],
        system=[Image(Base64("", "image/png"))],
    ),
    Dialect("d", instructions="developer"),
)
@example(
    Completion([SystemMessage((Text("a"),))] * 2, system=[Image(Base64("", "image/png"))]),
    Dialect("d", instructions="developer"),
)
@given(completions(), dialects())
def test_a_dialect_loses_nothing_where_openai_would_lose_nothing(
    completion: Completion, dialect: Dialect
) -> None:
    dialect = replace(dialect, tool_id_pattern=None)  # a form of ids may be refused that OpenAI takes
    completion = completion.replace(provider_options={})  # they yield to other fields in each
    plain = openai_chat.encode_request(completion).unwrap().losses
    spelt = openai_chat.encode_request(completion, dialect=dialect).unwrap().losses
    assert plain or not spelt
    assert {field(loss) for loss in spelt} <= {field(loss) for loss in plain}


def field(loss: Loss) -> str:
    """The setting in which something is lost, or the conversation: what is lost in it moves what stands around it."""
    return "$.messages" if loss.path.startswith("$.messages") else loss.path


@given(chat_payloads() | respelt_payloads(), dialects())
def test_what_was_spelt_one_way_is_spelt_that_way_again(payload: Plain, dialect: Dialect) -> None:
    dialect = replace(dialect, tool_id_pattern=None)  # what a server refuses was not sent to it
    asked = openai_chat.decode_request(payload, dialect=dialect).unwrap()
    encoded = openai_chat.encode_request(asked, dialect=dialect).unwrap()
    if {loss.path for loss in encoded.losses} != {
        "$.reasoning.effort"
    }:  # which the model has not, in any spelling
        assert encoded.losses == ()
        assert role_blind(encoded.payload) == role_blind(payload)


@given(completions(), dialects())
def test_what_a_dialect_has_spelt_it_reads_as_spelt_by_nobody(
    completion: Completion, dialect: Dialect
) -> None:
    encoded = openai_chat.encode_request(completion, dialect=dialect).unwrap()
    if encoded.losses == () and not completion.provider_options:
        back = openai_chat.decode_request(encoded.payload, dialect=dialect).unwrap()
        assert (back.seed, back.max_tokens) == (completion.seed, completion.max_tokens)
        assert back.reasoning == normal(completion).reasoning
        assert back.provider_options == JsonObject()


@given(completions(), dialects(), dialects(), st.sampled_from(["x", "y"]))
def test_keys_differ_where_dialects_do(completion: Completion, a: Dialect, b: Dialect, provider: str) -> None:
    one, two = (cache_key(completion, Target(provider, "openai_chat", dialect=dialect)) for dialect in (a, b))
    if (key := one.value_or(None)) is not None and (other := two.value_or(None)) is not None:
        assert (key == other) == (a == b)
