"""What a target cannot say is a loss, and nothing else is one: over generated completions, for all three targets."""

from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure

import llm_pure.strategies as made
from llm_pure import Completion, Lossy, PlainJson, WireFormat, codec_of, differences, normal
from tests.many import many
from tests.reported import as_sent, wrongly_reported

WIRES: tuple[WireFormat, ...] = ("anthropic_messages", "openai_chat", "openai_responses")


@many
@given(made.completions())
def test_outside_the_losses_the_target_reads_the_normal_form_and_at_each_something_else(
    completion: Completion,
) -> None:
    asked = as_sent(completion)
    for wire in WIRES:
        encoded = codec_of(wire).encode_request(asked).unwrap()
        read = as_sent(codec_of(wire).decode_request(encoded.payload).unwrap())
        assert wrongly_reported(asked, read, encoded.losses) == [], wire


# Of generated completions hardly one in a thousand has several turns that Messages carries whole: what stands on a wire
# has them, and is as odd as providers are.
PAYLOADS: dict[WireFormat, st.SearchStrategy[dict[str, PlainJson]]] = {
    "anthropic_messages": made.anthropic_payloads(),
    "openai_chat": made.chat_payloads(),
    "openai_responses": made.responses_payloads(),
}


@pytest.mark.parametrize("source", WIRES)
@many
@given(data=st.data())
def test_what_a_provider_was_asked_comes_back_as_its_normal_form(
    source: WireFormat, data: st.DataObject
) -> None:
    codec = codec_of(source)
    asked = codec.decode_request(data.draw(PAYLOADS[source])).unwrap()
    encoded = codec.encode_request(asked).unwrap()
    assert encoded.losses == ()
    assert normal(codec.decode_request(encoded.payload).unwrap()) == normal(asked)


@pytest.mark.parametrize("source", WIRES)
@many
@given(data=st.data())
def test_what_one_provider_was_asked_loses_for_another_what_is_reported_and_nothing_else(
    source: WireFormat, data: st.DataObject
) -> None:
    asked = as_sent(codec_of(source).decode_request(data.draw(PAYLOADS[source])).unwrap())
    for wire in WIRES:
        encoded = codec_of(wire).encode_request(asked).unwrap()
        read = as_sent(codec_of(wire).decode_request(encoded.payload).unwrap())
        assert wrongly_reported(asked, read, encoded.losses) == [], wire


@many
@given(made.completions())
def test_a_loss_names_a_place_of_the_completion_as_it_was_given(completion: Completion) -> None:
    for wire in WIRES:
        for loss in codec_of(wire).encode_request(completion).unwrap().losses:
            assert _stands(completion, loss.path), (wire, loss)


def _stands(completion: Completion, path: str) -> bool:
    """Whether the path leads to something: through fields and items, down to the first field that is no value."""
    at: object = completion
    for step in path[1:].replace("[", ".[").split(".")[1:]:
        if step.startswith("["):
            if not isinstance(at, tuple) or not 0 <= int(step[1:-1]) < len(at):
                return False
            at = at[int(step[1:-1])]
        elif is_dataclass(at):
            if step not in {field.name for field in fields(at)}:
                return False
            at = getattr(at, step)
        else:
            return True  # within JSON, whose keys may hold anything
    return True


@many
@given(made.completions())
def test_refusing_refuses_exactly_what_would_lose_and_says_all_of_it(completion: Completion) -> None:
    for wire in WIRES:
        encoded = codec_of(wire).encode_request(completion).unwrap()
        refused = codec_of(wire).encode_request(completion, on_loss="refuse")
        if not encoded.losses:
            assert refused.unwrap() == encoded
            continue
        assert isinstance(refused, Failure)
        error = refused.failure()
        assert isinstance(error, Lossy)
        assert (error.path, error.losses) == (encoded.losses[0].path, encoded.losses)


@many
@given(made.completions())
def test_only_equal_completions_have_no_differences(completion: Completion) -> None:
    asked = normal(completion)
    assert differences(asked, asked) == ()
    for changed in (asked.replace(model="x"), asked.replace(messages=asked.messages[1:])):
        assert bool(differences(asked, changed)) == (asked != changed)
