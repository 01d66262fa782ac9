"""What each of several targets would lose, side by side."""

from returns.result import Failure, Success

from llm_pure import (
    BadRequest,
    Completion,
    Image,
    Plan,
    Target,
    Text,
    ToolResult,
    Url,
    UserMessage,
    WireFormat,
    codec_of,
    plan,
    user,
)

SEEN = UserMessage((ToolResult("1", (Text("a chart"), Image(Url("https://example.org/a.png")))),))
ASKED = Completion([SEEN, user("and now?")], model="claude-sonnet-4-5", stop_sequences=["END"], top_k=5)


def test_a_plan_says_what_each_codec_says_in_the_order_of_the_targets() -> None:
    planned = plan(ASKED, ["openai_responses", "anthropic_messages", "openai_chat"])
    assert [one.target.wire for one in planned.prospects] == [
        "openai_responses",
        "anthropic_messages",
        "openai_chat",
    ]
    assert [one.target.provider for one in planned.prospects] == ["openai", "anthropic", "openai"]
    for one in planned.prospects:
        encoded = codec_of(one.target.wire).encode_request(ASKED).unwrap()
        assert one.losses == Success(encoded.losses)
    assert [target.wire for target in planned.lossless] == ["anthropic_messages"]


def test_one_target_needs_no_list() -> None:
    assert plan(ASKED, "openai_chat") == plan(ASKED, ["openai_chat"])
    target = Target("openai", "openai_chat", model="gpt-4o-mini")
    assert plan(ASKED, target) == plan(ASKED, [target])


def test_a_target_is_asked_with_the_model_that_it_names() -> None:
    old, new = (
        Target("anthropic", "anthropic_messages", model=f"claude-{name}") for name in ("3-haiku", "opus-5")
    )
    planned = plan(Completion([user("a")], model="gpt-4o", temperature=0.5), [old, new])
    assert planned.lossless == (old,)
    assert [loss.path for loss in planned.prospects[1].losses.unwrap()] == ["$.temperature"]


def test_what_cannot_be_said_at_all_is_a_failure_of_its_target_alone() -> None:
    wrong = Completion([user("a")], max_tokens="many")  # type: ignore[arg-type]  # nobody checks types at run time
    planned = plan(wrong, ["openai_chat"])
    assert isinstance(planned.prospects[0].losses, Failure)
    assert isinstance(planned.prospects[0].losses.failure(), BadRequest)
    assert "BadRequest" in str(planned)


def test_a_plan_is_shown_as_a_table_with_a_line_for_each_place() -> None:
    table = str(
        plan(ASKED, ["openai_chat", Target("openai", "openai_responses", model="gpt-5.1")])
    ).splitlines()
    assert table[0].split() == ["openai_chat", "openai_responses:", "gpt-5.1"]
    begun = [line.split()[0] for line in table if line.startswith("$")]
    assert begun == ["$.messages[0].content[0].content[1]", "$.stop_sequences", "$.top_k"]
    assert "Responses has no stop sequences" in "\n".join(table)
    assert max(map(len, table)) <= 140


def test_a_plan_of_several_targets_is_no_wider_than_one_of_two() -> None:
    targets: list[Target | WireFormat] = [
        "anthropic_messages",
        Target("anthropic", "anthropic_messages", model="claude-opus-4-7"),
        "openai_chat",
        Target("openai", "openai_responses", model="gpt-5.1"),
    ]
    table = str(plan(ASKED, targets)).splitlines()
    assert max(map(len, table)) <= 140


def test_a_plan_without_losses_says_so() -> None:
    kept = plan(Completion([user("a")]), ["anthropic_messages", "openai_chat"])
    assert isinstance(kept, Plan)
    assert "nothing is lost" in str(kept)
