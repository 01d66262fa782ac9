"""A reasoning setting is said as the model takes it, for every model of the table and in all three formats."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_pure import Completion, Effort, ReasoningSetting, codec_of, user
from llm_pure.completion import EFFORTS
from llm_pure.effort import BUDGETS, effort_of, nearest
from llm_pure.models import MODELS
from llm_pure.strategies import reasoning_settings
from tests.many import many
from tests.reported import as_sent, wrongly_reported

EFFORT = st.sampled_from(sorted(EFFORTS.values()))
ALLOWED = st.lists(EFFORT, unique=True, max_size=7)
ORDER = [*EFFORTS]


@given(EFFORT, ALLOWED)
def test_an_effort_is_itself_or_the_next_lower_or_else_the_lowest(
    effort: Effort, allowed: list[Effort]
) -> None:
    found = nearest(effort, allowed)
    ranks = sorted(ORDER.index(one) for one in allowed)
    below = [rank for rank in ranks if rank <= ORDER.index(effort)]
    assert found == (ORDER[below[-1] if below else ranks[0]] if ranks else None)
    assert nearest(effort, None) == effort


@given(st.integers(0, 10**6), ALLOWED)
def test_a_budget_is_the_largest_effort_within_it_or_else_the_smallest_that_thinks(
    budget: int, allowed: list[Effort]
) -> None:
    found = effort_of(budget, allowed)
    thinking = sorted(BUDGETS[one] for one in allowed if one in BUDGETS)
    within = [one for one in thinking if one <= budget]
    assert (BUDGETS[found] if found else None) == (
        within[-1] if within else thinking[0] if thinking else None
    )


def check_said_as_taken(model: str, setting: ReasoningSetting) -> None:
    traits = MODELS[model]
    asked = as_sent(Completion([user("a")], model=model, reasoning=setting))
    for wire in ("anthropic_messages", "openai_chat", "openai_responses"):
        codec = codec_of(wire)
        encoded = codec.encode_request(asked).unwrap()
        payload: Any = encoded.payload
        thinking = payload.get("thinking", {})
        effort = (payload.get("output_config") or payload.get("reasoning") or {}).get(
            "effort", payload.get("reasoning_effort")
        )
        assert effort is None or traits.efforts is None or effort in traits.efforts
        assert thinking.get("type") != "enabled" or traits.thinking_budget
        assert thinking.get("type") != "adaptive" or traits.adaptive_thinking
        assert thinking.get("type") != "disabled" or traits.thinking_off
        read = as_sent(codec.decode_request(encoded.payload).unwrap())
        assert wrongly_reported(asked, read, encoded.losses) == []


SETTINGS = [
    *(ReasoningSetting(effort) for effort in EFFORTS.values()),
    *(ReasoningSetting(None, budget) for budget in (0, 1, *BUDGETS.values())),
    ReasoningSetting("high", 0),
    ReasoningSetting("none", 2048),
]


@pytest.mark.parametrize("model", MODELS)
def test_what_is_asked_of_a_model_is_what_it_takes_and_the_rest_is_a_loss(model: str) -> None:
    for setting in SETTINGS:
        check_said_as_taken(model, setting)


@many
@given(st.sampled_from(sorted(MODELS)), reasoning_settings())
def test_so_is_any_setting_for_any_model(model: str, setting: ReasoningSetting) -> None:
    check_said_as_taken(model, ReasoningSetting(setting.effort, setting.budget_tokens))
