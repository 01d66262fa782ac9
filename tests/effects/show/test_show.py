"""What happened is shown, whatever it was, and nothing that is shown does anything."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from llm_effects import (
    Cut,
    MemoryStore,
    Raw,
    Slow,
    Trace,
    World,
    compose,
    with_cache,
    with_continuation,
    with_deadline,
    with_retry,
)
from llm_effects.interpreters.answers import Answer
from llm_effects.replay.show import main, read_story
from llm_effects.show.attempts import Attempt
from llm_effects.show.page import page
from llm_effects.show.story import Mark, Pause, Story, story_of
from llm_effects.show.terminal import tell
from llm_effects.show.words import seconds, shown, visible
from llm_effects.simulation import faulty
from llm_pure import (
    AnyOutput,
    AnyTool,
    AssistantMessage,
    Base64,
    Completion,
    Image,
    JsonObject,
    Output,
    Overloaded,
    Part,
    RateLimited,
    Reasoning,
    Response,
    RetryPolicy,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Unreachable,
    Usage,
    UserMessage,
    user,
)
from llm_pure.strategies import parts
from tests.effects.scripted import QUESTION, leaf
from tests.effects.show.pages import Page, browse, picture

CASSETTES = sorted((Path(__file__).parents[2] / "cassettes").rglob("*.yaml"))
TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "trace" / "1").glob("*.jsonl"))

BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")
LIMITED = RateLimited(message="50 requests per minute", status=429, type="rate_limit_error", retry_after=7.0)
HOSTILE = (
    "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil \x1b[31mred & \"q\" 'x'"
)


def poem(text: str, stop: StopReason = "end") -> Response:
    return Response(AssistantMessage((Text(text),)), Usage(412, 96), stop, id="msg_1")


def a_run() -> tuple[Trace, Trace]:
    """A run with everything in it, and the same asked again: found in the cache."""
    runner = compose(
        leaf(),
        with_retry(RetryPolicy(max_attempts=4)),
        with_continuation(),
        with_cache(MemoryStore()),
        with_deadline(120),
    )
    asked = Completion([user("Write two lines.")], system="You are a poet.", max_tokens=96)
    world = World(
        [
            Slow(0.8, BUSY),
            Slow(0.3, LIMITED),
            Slow(1.9, poem("For every x there is a y,\nno", "max_tokens"), each=0.2),
            Slow(1.1, poem(" branch that falls."), each=0.15),
        ],
        seed=4,
    )
    return world.record(runner, asked, observed=True).trace, world.record(runner, asked, observed=True).trace


def a_hostile_run() -> Trace:
    tool: AnyTool = Tool("look", "", JsonObject({"type": "object"}))
    asked = Completion(
        [
            user(HOSTILE, Image(Base64("iVBORw0KGgo=", "image/png"))),
            AssistantMessage(
                (Reasoning("hm", signature="c2ln"), ToolCall("t1", "look", JsonObject({"at": HOSTILE})))
            ),
            UserMessage((ToolResult("t1", (Text(HOSTILE),), is_error=True),)),
        ],
        tools=[tool],
    )
    script: list[Answer] = [
        Unreachable(message=HOSTILE),
        Raw(200, {"content-type": "text/html"}, (HOSTILE.encode(),)),
        Raw(500, {"content-type": "text/plain"}, (HOSTILE.encode(),)),
        Cut(poem(HOSTILE), 0.9),
        poem(HOSTILE),
    ]
    runner = compose(leaf(), with_retry(RetryPolicy(max_attempts=9, base_delay=0.01)))
    return World(script).record(runner, asked).trace


def in_terminal(story: Story, width: int = 80, *, colour: bool = False) -> str:
    out = StringIO()
    tell(
        story,
        Console(file=out, width=width, force_terminal=colour, color_system="standard" if colour else None),
    )
    return out.getvalue()


# ---------------------------------------------------------------- the story


def test_a_story_tells_attempts_waits_parts_and_the_cache_in_their_order() -> None:
    story = story_of(a_run()[0], "run.jsonl")
    told = [
        (type(entry).__name__, entry.says, entry.segment if isinstance(entry, Attempt) else None)
        for entry in story.entries
    ]
    assert [one[:2] for one in told if one[0] != "Mark"] == [
        ("Attempt", "529 Overloaded"),
        ("Pause", "after Overloaded, before attempt 2"),
        ("Attempt", "429 RateLimited"),
        ("Pause", "after RateLimited, before attempt 3"),
        ("Attempt", "max tokens"),
        ("Attempt", "end"),
    ]
    assert [one[2] for one in told if one[0] == "Attempt"] == [1, 1, 1, 2]
    assert [entry.kind for entry in story.entries if isinstance(entry, Mark)] == ["miss", "note", "stored"]
    assert dict(story.totals)["requests"] == "4"
    assert dict(story.totals)["tokens"] == "824 in, 192 out"
    assert (story.ends, story.tone) == ("end", "good")


def test_an_attempt_says_only_what_is_new() -> None:
    first, second, third, fourth = [e for e in story_of(a_run()[0], "x").entries if isinstance(e, Attempt)]
    assert [turn.role for turn in first.asked] == ["system", "user"]
    assert (second.asked, second.again, third.again) == ((), True, True)
    assert [turn.role for turn in fourth.asked] == ["assistant"]
    assert dict(first.facts)["model"] == "claude-haiku-4-5"
    assert "model" not in dict(second.facts)


def test_an_attempt_says_what_was_asked_for_besides_its_turns() -> None:
    output: AnyOutput = Output(JsonObject({"type": "object", "title": "Poem"}))
    asked = Completion([user("Hello")], output=output, reasoning=2048, max_tokens=4096)
    trace = World([poem("{}")]).record(leaf(), asked).trace
    (attempt,) = [entry for entry in story_of(trace, "x").entries if isinstance(entry, Attempt)]
    assert ("settings", "max_tokens 4096 · reasoning 2048 · output Poem") in attempt.facts


def test_a_hit_of_the_cache_shows_question_and_answer() -> None:
    story = story_of(a_run()[1], "hit.jsonl")
    (hit,) = story.entries
    assert isinstance(hit, Mark)
    assert hit.kind == "hit"
    assert [turn.role for turn in story.asked] == ["system", "user"]
    assert story.answer[0].text.startswith("For every x")


def test_waits_and_exchanges_do_not_overlap_and_fill_the_time() -> None:
    trace = a_run()[0]
    timed = [e for e in story_of(trace, "x").entries if not isinstance(e, Mark)]
    ends = [e.at + (e.waited + e.reading if isinstance(e, Attempt) else e.took) for e in timed]
    assert all(end <= after.at + 1e-6 for end, after in zip(ends, timed[1:], strict=False))
    assert ends[-1] == pytest.approx(trace.elapsed)
    assert sum(e.took for e in timed if isinstance(e, Pause)) == pytest.approx(7.2, abs=0.5)


@given(st.text())
def test_nothing_that_is_shown_steers_a_terminal_or_turns_text_around(text: str) -> None:
    safe = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", safe)
    if text.isascii() and text.isprintable():
        assert safe == text


@given(parts())
def test_every_part_of_a_message_can_be_shown(part: Part) -> None:
    told = shown(part)
    assert visible(told.text) == told.text
    assert visible(told.title) == told.title


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0.0, "0 ms"), (0.0004, "0.4 ms"), (0.118, "118 ms"), (5.0, "5 s"), (7.12, "7.1 s"), (130.4, "130 s")],
)
def test_times_are_said_shortly(amount: float, said: str) -> None:
    assert seconds(amount) == said


# ---------------------------------------------------------------- the page

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3"),
    *("dl", "dt", "dd", "div", "span", "p", "a", "ol", "ul", "li", "pre", "details", "summary"),
}


def sound(html: str) -> Page:
    """The page, which must be whole, load nothing and run nothing."""
    seen = Page(html)
    assert seen.balanced
    assert set(seen.tags) <= ALLOWED
    assert not re.search(r"url\(|@import|expression|https?:", seen.style)
    for tag, name, value in seen.attributes:
        assert not name.startswith("on")
        assert name not in {"src", "action", "srcset", "data"}
        assert name != "href" or value.startswith("#"), (tag, value)
    policies = [value for _, name, value in seen.attributes if name == "content" and "default-src" in value]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    return seen


def test_a_page_has_a_row_for_every_entry_and_a_place_for_every_row() -> None:
    story = story_of(a_run()[0], "run.jsonl")
    seen = sound(page(story))
    links = [value for _, name, value in seen.attributes if name == "href"]
    places = [value for _, name, value in seen.attributes if name == "id" and value.startswith("e")]
    assert links == [f"#{place}" for place in places]
    assert len(places) == len(story.entries)
    bars = Counter(value for _, name, value in seen.attributes if name == "class" and value.startswith("bar"))
    assert bars["bar read"] == 2
    assert "For every x there is a y," in seen.text
    assert "The same request again." in seen.text


def test_bars_stay_within_their_track() -> None:
    for trace in a_run():
        seen = sound(page(story_of(trace, "x")))
        styles = [value for _, name, value in seen.attributes if name == "style" and value.startswith("left")]
        for style in styles:
            left, *width = [float(number) for number in re.findall(r"([\d.]+)%", style)]
            assert 0 <= left <= 100
            assert left + sum(width) <= 100.01


def test_what_a_model_says_stays_text() -> None:
    seen = sound(page(story_of(a_hostile_run(), f"{HOSTILE}.jsonl")))
    assert seen.text.count(visible(HOSTILE)) >= 6
    assert "script" not in seen.tags
    assert "img" not in seen.tags


@given(st.text(), st.text())
def test_whatever_is_asked_and_answered_the_page_is_sound(question: str, answer: str) -> None:
    asked = Completion([UserMessage((Text(question),))])
    trace = World([poem(answer)]).record(leaf(), asked).trace
    seen = sound(page(story_of(trace, answer)))
    assert visible(answer).strip() in seen.text
    in_terminal(story_of(trace, question))


@given(st.integers(0, 2**32), st.booleans())
def test_whatever_happens_can_be_shown(seed: int, observed: bool) -> None:
    runner = compose(leaf(), with_retry(), with_continuation(), with_cache(MemoryStore()), with_deadline(60))
    trace = World(faulty(rate=0.8), seed).record(runner, QUESTION, observed=observed).trace
    story = story_of(trace, "random.jsonl")
    sound(page(story))
    assert "random.jsonl" in in_terminal(story)


# ---------------------------------------------------------------- the terminal


def test_a_terminal_shows_the_same() -> None:
    told = in_terminal(story_of(a_run()[0], "run.jsonl"), 100)
    for piece in (
        "Request 3 · max tokens",
        "Waited 7.1 s after RateLimited, before attempt 3",
        "50 requests per minute",
        "For every x there is a y,",
        "Stored in the cache",
        "824 in, 192 out",
    ):
        assert piece in told
    assert "\x1b" not in told
    assert all(len(line) <= 100 for line in told.splitlines())


def test_a_terminal_is_not_steered_by_what_a_model_says() -> None:
    plain = in_terminal(story_of(a_hostile_run(), HOSTILE), 200)
    assert "\x1b" not in plain
    assert "⟨U+001B⟩[31mred" in plain
    coloured = in_terminal(story_of(a_hostile_run(), HOSTILE), 200, colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).count("\x1b") == 0
    markup = World([poem("[bold]not markup[/bold] :smile:")]).record(leaf(), QUESTION).trace
    assert "[bold]not markup[/bold] :smile:" in in_terminal(story_of(markup, "[red]x"))


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_it_fits_any_terminal(width: int) -> None:
    for trace in (*a_run(), a_hostile_run()):
        assert all(
            len(line) <= width for line in in_terminal(story_of(trace, "run.jsonl"), width).splitlines()
        )


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("file", [*CASSETTES, *TRACES], ids=lambda file: file.name)
def test_every_file_of_ours_is_shown_in_both_ways(file: Path) -> None:
    story = read_story(file)
    assert story.entries
    assert story.timed is (file.suffix == ".jsonl")
    sound(page(story))
    assert file.name in in_terminal(story, 120)


def test_the_command_shows_writes_a_page_and_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text(a_run()[0].to_jsonl(), encoding="utf-8")
    assert main([str(file)]) == 0
    assert "Request 1" in capsys.readouterr().out
    assert main([str(file), "--html"]) == 0
    assert capsys.readouterr().out == f"{file}.html\n"
    html = (tmp_path / "run.jsonl.html").read_text(encoding="utf-8")
    assert main([str(file), "--html", str(tmp_path / "page.html")]) == 0
    assert main(["--html", str(file)]) == 0
    capsys.readouterr()
    assert main([str(file), "--html", "-"]) == 0
    assert capsys.readouterr().out == html == (tmp_path / "page.html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    for bad in (b"", b"{", b"version: 2", b"\xff\xfe", b"- 1"):
        broken.write_bytes(bad)
        assert main([str(broken)]) == 2
        assert str(broken) in capsys.readouterr().err
    assert main([str(tmp_path / "missing.yaml")]) == 2


@pytest.mark.slow
def test_the_command_is_one_of_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "llm_effects.replay", "show", str(TRACES[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Request 1" in done.stdout


# ---------------------------------------------------------------- in a browser (`make browser`)


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_draws_the_page_in_light_and_dark_wide_and_narrow(tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    file.write_text(page(story_of(a_run()[0], "run.jsonl")), encoding="utf-8")
    colours = {
        "light": ((0xFB, 0xFA, 0xF8), (0x2F, 0x7D, 0x4F), (0xB3, 0x36, 0x2B), (0x96, 0x65, 0x0B)),
        "dark": ((0x16, 0x17, 0x19), (0x6C, 0xC4, 0x90), (0xF0, 0x8A, 0x7F), (0xE0, 0xB2, 0x56)),
    }
    for scheme in ("light", "dark"):
        for width in (1000, 500):
            rows = picture(file, width, 1100, "light" if scheme == "light" else "dark")
            seen = Counter(pixel for row in rows for pixel in row)
            paper, *tones = colours[scheme]
            assert rows[0][0] == paper
            assert {row[-3] for row in rows} == {paper}, "nothing sticks out at the right"
            for tone in tones:
                assert seen[tone] > 60, f"a bar of {tone} is missing in {scheme}"


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_runs_nothing_of_what_a_model_says(tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(page(story_of(a_hostile_run(), HOSTILE)), encoding="utf-8")
    seen = Page(browse(file, "--dump-dom"))
    assert not {"script", "img"} & set(seen.tags)
    assert seen.text.count(visible(HOSTILE)) >= 6
