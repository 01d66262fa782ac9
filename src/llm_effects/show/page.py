"""A story as one page: a waterfall, and the transcript.

Law: the page is whole. It loads nothing and runs nothing, and its own policy forbids both; every text that is shown is
text. It reads in light and in dark, wide and narrow, with and without eyes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from math import floor, log10
from typing import Final, assert_never

from llm_effects.show.attempts import Attempt
from llm_effects.show.markup import Markup, tag
from llm_effects.show.story import Entry, Mark, Pause, Story, label_of
from llm_effects.show.words import Shown, Turn, seconds

__all__ = ["page"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(story: Story) -> str:
    """The page, as HTML in UTF-8."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", story.title),
        tag("style", Markup(files("llm_effects.show").joinpath("style.css").read_text(encoding="utf-8"))),
    )
    body = tag(
        "main",
        tag("header", tag("h1", story.title), _facts(story.facts), _facts(story.totals, "totals")),
        _waterfall(story) if story.timed and story.entries else None,
        tag("h2", "What happened"),
        None if story.timed else tag("p", "A cassette keeps no times.", class_="nothing"),
        tag("div", _turns(story.asked), class_="entry card") if story.asked else None,
        tag("ol", _entries(story), class_="story") if story.entries else _nothing(story),
        _outcome(story),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en").html + "\n"


def _facts(facts: tuple[tuple[str, str], ...], kind: str = "facts") -> Markup | None:
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("dl", rows, class_=kind) if rows else None


def _nothing(story: Story) -> Markup | None:
    return None if story.asked or story.answer else tag("p", "Nothing was asked.", class_="nothing")


# ---------------------------------------------------------------- the waterfall


def _waterfall(story: Story) -> Markup:
    whole = max(story.elapsed, _INSTANT / 10)
    rows = [_row(entry, number, whole) for number, entry in enumerate(story.entries)]
    return tag(
        "section",
        tag("h2", "Timeline", id="when"),
        tag(
            "div",
            tag("ol", _axis(whole), rows, style=f"--step:{_step(whole) / whole * 100:.3f}%"),
            _key(story.entries),
            class_="waterfall card",
        ),
        aria_labelledby="when",
    )


def _row(entry: Entry, number: int, whole: float) -> Markup:
    kind: str
    match entry:
        case Attempt(_, _, at, waited, reading, tone):
            kind, label, took = tone, label_of(entry), waited + reading
            wait = "bar wait" if reading else "bar wait whole"
            bars = [_bar("bar whole" if tone == "bad" and not reading else wait, at, waited, whole)]
            if reading:
                bars.append(_bar("bar read", at + waited, reading, whole))
        case Pause(at, took):
            kind, label, bars = "pause", label_of(entry), [_bar("bar whole", at, took, whole)]
        case Mark(_, at, took, _, tone):
            wide = took / whole > 0.015
            kind, label = f"mark {tone}", label_of(entry)
            bars = [_bar("bar span" if wide else "bar", at, took if wide else None, whole)]
        case _:
            assert_never(entry)
    shown = seconds(took) if took or not isinstance(entry, Mark) else ""
    return tag(
        "li",
        tag("a", label, class_="label", href=f"#e{number}", title=_title(entry)),
        tag("div", bars, class_="track", aria_hidden="true"),
        tag("span", shown, class_="took"),
        class_=f"row {kind}",
    )


def _title(entry: Entry) -> str:
    if isinstance(entry, Attempt):
        return f"Request {entry.number}: {entry.says}" + (f" ({entry.detail})" if entry.detail else "")
    return f"Waited {entry.says}" if isinstance(entry, Pause) else entry.says


def _bar(kind: str, at: float, took: float | None, whole: float) -> Markup:
    left = min(max(at / whole, 0.0), 1.0) * 100
    width = "" if took is None else f";width:{min(took / whole * 100, 100 - left):.3f}%"
    return tag("span", class_=kind, style=f"left:{left:.3f}%{width}")


def _axis(whole: float) -> Markup:
    ticks = list(_ticks(whole))
    marks = [
        tag(
            "span",
            seconds(at),
            class_="tick last" if at > 0.94 * whole else "tick",
            style=f"left:{at / whole * 100:.3f}%",
        )
        for at in ticks
    ]
    return tag(
        "li",
        tag("span", class_="label"),
        tag("div", marks, class_="track"),
        tag("span", class_="took"),
        class_="row axis",
        aria_hidden="true",
    )


def _ticks(whole: float) -> Iterator[float]:
    """Round times, about five."""
    if whole < _INSTANT:
        yield 0.0
        return
    step, count = _step(whole), 0
    while count * step <= whole * 1.0001:
        yield count * step
        count += 1


_INSTANT: Final = 1e-6


def _step(whole: float) -> float:
    rough = whole / 5
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.9999)


def _key(entries: tuple[Entry, ...]) -> Markup:
    def item(kind: str, bar: str, what: str) -> Markup:
        swatch = tag("span", tag("span", class_=bar), class_="track")
        return tag("li", tag("span", swatch, class_=kind), what)

    kinds = [type(entry) for entry in entries]
    items: list[Markup] = []
    if Attempt in kinds:
        items += (
            item("good", "bar wait whole", "until the answer began"),
            item("good", "bar whole", "reading it"),
        )
        tones = {entry.tone for entry in entries if isinstance(entry, Attempt)}
        if "cut" in tones:
            items.append(item("cut", "bar whole", "cut off"))
        if "bad" in tones:
            items.append(item("bad", "bar whole", "failed"))
    if Pause in kinds:
        items.append(item("pause", "bar whole", "waiting before the next"))
    if Mark in kinds:
        items.append(item("mark quiet", "bar", "cache and decisions"))
    return tag("ul", items, class_="key", aria_hidden="true")


# ---------------------------------------------------------------- the transcript


def _entries(story: Story) -> list[Markup]:
    return [_entry(entry, number, timed=story.timed) for number, entry in enumerate(story.entries)]


def _entry(entry: Entry, number: int, *, timed: bool) -> Markup:
    match entry:
        case Attempt():
            return _attempt(entry, number, timed=timed)
        case Pause(at, took, says):
            told = f"Waited {seconds(took)} {says}"
            return tag("li", tag("span", told), _when(at), class_="between pause quiet", id=f"e{number}")
        case Mark(_, at, _, _, tone):
            return tag(
                "li", tag("span", label_of(entry)), _when(at), class_=f"between {tone}", id=f"e{number}"
            )
        case _:
            assert_never(entry)


def _when(at: float) -> Markup:
    return tag("span", f"at {seconds(at)}", class_="when")


def _attempt(attempt: Attempt, number: int, *, timed: bool) -> Markup:
    again = tag("p", "The same request again.", class_="nothing") if attempt.again else None
    return tag(
        "li",
        tag(
            "h3",
            tag("span", f"Request {attempt.number}"),
            tag("span", attempt.says, class_="says"),
            _when(attempt.at) if timed else None,
        ),
        tag("p", attempt.detail, class_="detail") if attempt.detail else None,
        _facts(attempt.facts),
        again,
        _turns(attempt.asked),
        _turn(Turn("answer", attempt.answer)) if attempt.answer else None,
        class_=f"entry card {attempt.tone}",
        id=f"e{number}",
    )


def _turns(turns: tuple[Turn, ...]) -> list[Markup]:
    return [_turn(turn) for turn in turns]


def _turn(turn: Turn) -> Markup:
    said = [_part(part) for part in turn.parts] or [tag("div", "(nothing)", class_="nothing")]
    return tag("div", tag("div", turn.role, class_="role"), tag("div", said, class_="said"), class_="turn")


def _part(part: Shown) -> Markup:
    if part.kind in {"text", "refusal", "reasoning"}:
        title = tag("span", part.title, class_="title") if part.title else None
        return tag("div", title, part.text, class_=f"part {part.kind}", dir="auto")
    body = tag("pre", part.text)
    if part.text.count("\n") > _LONG:
        body = tag("details", tag("summary", part.title or "as it came"), body)
        return tag("div", body, class_="part box")
    return tag(
        "div", tag("span", part.title, class_="title") if part.title else None, body, class_="part box"
    )


_LONG: Final = 24
"""Lines from which on data is folded."""


def _outcome(story: Story) -> list[Markup]:
    if not story.ends:
        return []
    attempts = [entry for entry in story.entries if isinstance(entry, Attempt)]
    if attempts and attempts[-1].answer == story.answer and story.answer:
        said = [tag("p", f"The answer is that of request {attempts[-1].number}.", class_="nothing")]
    else:
        said = [_part(part) for part in story.answer]
    return [
        tag("h2", "What came of it"),
        tag(
            "section",
            tag("p", story.ends, class_=f"ends {story.tone}"),
            tag("p", story.detail, class_="detail") if story.detail else None,
            said,
            class_=f"answer card {story.tone}",
        ),
    ]
