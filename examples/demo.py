"""The library at work: ask, retry, continue, cache, call a tool, and match what comes back.

python examples/demo.py            against a provider on loopback: no key, no network
python examples/demo.py --live     against Anthropic or OpenAI, whichever key is set
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from anthropic import Anthropic
from moving import MOVED, move  # the step beside this one
from openai import OpenAI
from pydantic import BaseModel
from returns.result import Failure, Success

from llm_effects import (
    Note,
    Runner,
    SqliteStore,
    anthropic_runner,
    openai_chat_runner,
    run,
    standard,
    stream,
)
from llm_effects.notes import Attempted, CacheHit, CacheStored, Continued, GaveUp, Retried
from llm_effects.stub import Stub
from llm_pure import (
    AssistantMessage,
    BadRequest,
    BadToolInput,
    Completion,
    Denied,
    JsonObject,
    LlmError,
    Outcome,
    Overloaded,
    RateLimited,
    Response,
    StopReason,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolChoice,
    Usage,
    parse_tool_call,
    then,
    user,
)

# ---------------------------------------------------------------- what is asked

HAIKU = Completion(
    [user("Write a haiku about total functions.")],
    system="You write haiku, and nothing but haiku.",
    max_tokens=16,
)


class GetWeather(BaseModel):
    """Look up the weather of a city."""

    city: str
    days: int


WEATHER = Tool.of(GetWeather)
QUESTION = Completion(
    [user("Will it rain in Lisbon in the next three days?")],
    tools=[WEATHER],
    tool_choice=ToolChoice.named(WEATHER.name),
    max_tokens=200,
)


# ---------------------------------------------------------------- what comes back


def shown(outcome: Outcome[Response]) -> str:
    """Every outcome is an answer or an error, and the type checker knows that these are all."""
    match outcome:
        case Success(response):
            tokens = f"{response.usage.input_tokens} tokens in, {response.usage.output_tokens} out"
            return f"{response.text}\n    [{response.stop_reason}; {tokens}]"
        case Failure(error):
            return explained(error)


def explained(error: LlmError) -> str:
    """Errors are values of one closed union: match those that you can do something about."""
    match error:
        case BadRequest() | Denied():
            return f"the provider says no: {error.message}"
        case RateLimited(retry_after=seconds) | Overloaded(retry_after=seconds):
            return f"too much at the moment; try again in {seconds} s"
        case _:
            return f"{type(error).__name__}: {error.message}"


def tell(note: Note) -> None:
    """What a run decides on its way, as it decides it."""
    match note:
        case Attempted(provider, model, streamed):
            print(f"    . asked {provider} for {model}" + (", streaming" if streamed else ""))
        case Retried(error, attempt, delay):
            print(f"    . {error}: attempt {attempt} in {delay:.2f} s")
        case GaveUp(error, reason):
            print(f"    . {error}: not tried again ({reason})")
        case Continued(number, how):
            print(f"    . cut off: continued by {how}, round {number}")
        case CacheHit():
            print("    . found in the store")
        case CacheStored():
            print("    . stored")
        case _:
            pass


def told(title: str, runner: Runner, asked: Completion) -> None:
    print(f"\n{title}")
    began = time.perf_counter()
    outcome = run(runner, asked, on_note=tell)
    print(f"    {shown(outcome)}".replace("\n", "\n    "))
    print(f"    {(time.perf_counter() - began) * 1000:.0f} ms")


# ---------------------------------------------------------------- the program


def main(leaf: Runner, folder: Path) -> None:
    store = SqliteStore(folder / "answers.sqlite")
    runner = standard(leaf, retries=2, continues=3, cache=store)

    told("1. A busy provider, then an answer that is cut off: retried, continued, cached", runner, HAIKU)
    told(
        "2. The same question again: from the store, whoever asks",
        standard(leaf, cache=store, continues=3),
        HAIKU,
    )

    print("\n3. Asked again without the store, as a stream: one text, across the place where it was cut")
    with stream(standard(leaf, continues=3), HAIKU, on_note=tell) as events:
        print(
            "    "
            + "|".join(event.text for event in events if isinstance(event, TextDelta)).replace("\n", "\n    ")
        )

    print("\n4. A tool call, as a value of its own type")
    match then(run(runner, QUESTION, on_note=tell), the_call):
        case Success(weather):
            print(f"    {weather!r}")
        case Failure(error):
            print(f"    {explained(error)}")

    told("5. An error that no retry can help", runner, HAIKU.replace(model="no-such-model"))


def the_call(response: Response) -> Outcome[GetWeather]:
    """The arguments of the first call, checked by the model they were made from."""
    for call in response.tool_calls:
        return parse_tool_call(call, WEATHER)
    return Failure(BadToolInput(message="the model called no tool"))


# ---------------------------------------------------------------- who answers


def answer(*parts: Text | ToolCall, stop: StopReason, used: Usage) -> Response:
    """An answer as the scripted provider gives it."""
    return Response(AssistantMessage(parts), used, stop)


SCRIPT = (
    Overloaded(message="Overloaded", status=529, type="overloaded_error", retry_after=0.2),
    answer(Text("Every input heard,\nno exception"), stop="max_tokens", used=Usage(31, 16)),
    answer(Text(" leaves the room:\na value comes home."), stop="end", used=Usage(47, 11)),
    answer(Text("Every input heard,\nno exception"), stop="max_tokens", used=Usage(31, 16)),
    answer(Text(" leaves the room:\na value comes home."), stop="end", used=Usage(47, 11)),
    answer(
        ToolCall("toolu_1", "GetWeather", JsonObject({"city": "Lisbon", "days": 3})),
        stop="tool_call",
        used=Usage(60, 21),
    ),
    BadRequest(message="model: no-such-model", status=404, type="not_found_error"),
)


def live() -> Runner | None:
    """A runner on the provider whose key is set. The client is the official one, made when it is first used."""
    if os.environ.get("ANTHROPIC_API_KEY"):
        return anthropic_runner(model="claude-haiku-4-5")
    if os.environ.get("OPENAI_API_KEY"):
        return openai_chat_runner(model="gpt-4o-mini")
    return None


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        if "--live" in sys.argv:
            provider = live()
            if provider is None:
                sys.exit("--live needs ANTHROPIC_API_KEY or OPENAI_API_KEY")
            main(provider, Path(folder))
        else:
            print(
                "A provider on loopback answers from a script, through the official client; --live asks a real one."
            )
            with Stub((*SCRIPT, *MOVED)) as stub:
                claude = Anthropic(base_url=stub.url, api_key="no-key-needed")
                gpt = OpenAI(base_url=stub.openai_url, api_key="no-key-needed")
                main(anthropic_runner(claude, model="claude-haiku-4-5"), Path(folder))
                print(
                    "\n6. A conversation moves from Anthropic to OpenAI, half-way: what is lost is said before"
                )
                match move(
                    anthropic_runner(claude, model="claude-sonnet-4-5"),
                    openai_chat_runner(gpt, model="gpt-5.1"),
                ):
                    case Success(moved):
                        print(f"    openai answers: {moved.last_text}")
                    case Failure(error):
                        print(f"    {explained(error)}")
