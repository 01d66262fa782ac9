"""Scripts as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_effects.stub import Raw, Refuse, Sent
from llm_effects.stub.scripts import DEMO, BadScript, read_script
from llm_pure.errors import Overloaded, RateLimited
from llm_pure.json import JsonObject
from llm_pure.messages import AssistantMessage
from llm_pure.parts import Text, ToolCall
from llm_pure.response import Response, Usage

ONCE = Response(AssistantMessage((Text("Once"),)), usage=Usage(1, 1), stop_reason="max_tokens")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ('"Hello!"', "Hello!"),
        ('{"text": "Once", "stop_reason": "max_tokens"}', ONCE),
        (
            '{"tool": "weather", "arguments": {"city": "Rome"}}',
            Response(
                AssistantMessage((ToolCall("call_weather", "weather", JsonObject({"city": "Rome"})),)),
                usage=Usage(1, 1),
                stop_reason="tool_call",
            ),
        ),
        ('{"error": "RateLimited", "retry_after": 1}', RateLimited(retry_after=1.0)),
        ('{"status": 502, "body": "<html>", "headers": {"a": "b"}}', Raw(b"<html>", 502, (("a", "b"),))),
        ('{"status": 200, "body": ["a", "b"]}', Raw((b"a", b"b"))),
        ('{"refuse": true, "reset": true}', Refuse(reset=True)),
        (
            '{"text": "Once", "stop_reason": "max_tokens", "cut_events": 3, "ending": "reset", "garble": [1, -1]}',
            Sent(ONCE, cut_events=3, ending="reset", garble=(1, -1)),
        ),
        (
            '{"text": "Once", "stop_reason": "max_tokens", "then": {"error": "Overloaded", "message": "no"}}',
            Sent(ONCE, then=Overloaded(message="no")),
        ),
    ],
)
def test_steps(text: str, step: object) -> None:
    assert read_script(f"[{text}]") == (step,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("{}", "a script is a list of steps"),
        ("[1]", "step 0: a step is a text or an object"),
        ('["a", {}]', "step 1: one of error, text, tool, status, refuse is wanted"),
        ('[{"text": 1}]', "step 0: 1 is no text"),
        ('[{"text": "a", "colour": "red"}]', "step 0: not understood: colour"),
        ('[{"text": "a", "delay": -1}]', "step 0: -1 is no number of seconds"),
        ('[{"text": "a", "ending": "bang"}]', "step 0: 'bang' is none of clean, close"),
        ('[{"text": "a", "stop_reason": "bang"}]', "step 0: 'bang' is none of end, max_tokens"),
        ('[{"text": "a", "cut_events": true}]', "step 0: True is no whole number"),
        ('[{"error": "Nonsense"}]', "step 0: 'Nonsense' is none of Unreachable"),
    ],
)
def test_what_is_not_understood_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadScript) as caught:
        read_script(text)
    assert str(caught.value).startswith(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "error", "status", "tool", "refuse", "delay", "then", "garble", "headers", "body"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.lists(JSON))
def test_any_json_is_a_script_or_refused(value: list[object]) -> None:
    import json

    try:
        read_script(json.dumps(value))
    except BadScript:
        pass


def test_the_demo_is_a_script() -> None:
    assert len(read_script(DEMO)) == 5
