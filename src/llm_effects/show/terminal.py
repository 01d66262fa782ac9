"""A story in a terminal.

Law: what is shown is text of ours and safe text of others, and never markup; the width is the terminal's. Colour says
nothing that words do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, assert_never

from llm_effects.show.attempts import Attempt, Tone
from llm_effects.show.story import Entry, Mark, Pause, Story, label_of
from llm_effects.show.words import Shown, Turn, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType

__all__ = ["tell"]

_STYLE: Final[Mapping[Tone, str]] = {"good": "green", "cut": "yellow", "bad": "red", "quiet": "bright_black"}
_SOFT: Final = "bright_black"


def tell(story: Story, console: Console) -> None:
    """Print the story."""
    for piece in _pieces(story, console.width):
        console.print(piece, markup=False, highlight=False, emoji=False)


def _pieces(story: Story, width: int) -> Iterator[RenderableType]:
    from rich.rule import Rule
    from rich.text import Text

    yield Text(story.title, style="bold")
    yield from _facts(story.facts)
    yield from _facts(story.totals)
    if story.timed and story.entries:
        yield Rule("timeline", style=_SOFT, align="left")
        yield _timeline(story, width)
    yield Rule("what happened", style=_SOFT, align="left")
    for turn in story.asked:
        yield from _turn(turn)
    for entry in story.entries:
        yield from _entry(entry, timed=story.timed)
    if not story.entries and not story.asked and not story.answer:
        yield Text("Nothing was asked.", style=_SOFT)
    if story.ends:
        yield Rule("what came of it", style=_SOFT, align="left")
        yield Text(story.ends, style=_STYLE[story.tone])
        if story.detail:
            yield Text(story.detail)
        yield from map(_part, story.answer)


def _facts(facts: tuple[tuple[str, str], ...]) -> Iterator[RenderableType]:
    from rich.text import Text

    if facts:
        yield Text("  ").join([Text.assemble((f"{name}: ", _SOFT), value) for name, value in facts])


# ---------------------------------------------------------------- the timeline


def _timeline(story: Story, width: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(max_width=max(12, width // 3), no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    columns = max(10, width - max(12, width // 3) - 12)
    whole = max(story.elapsed, 1e-9)
    for entry in story.entries:
        took = entry.waited + entry.reading if isinstance(entry, Attempt) else entry.took
        shown = seconds(took) if took or not isinstance(entry, Mark) else ""
        table.add_row(Text(label_of(entry)), _bar(entry, whole, columns), Text(shown, style=_SOFT))
    return table


def _bar(entry: Entry, whole: float, columns: int) -> RenderableType:
    from rich.text import Text

    def cells(amount: float) -> int:
        return min(round(amount / whole * columns), columns)

    start = min(cells(entry.at), columns - 1)
    match entry:
        case Attempt(_, _, _, waited, reading, tone):
            wait, read = cells(waited), cells(reading)
            bar = ("█" if tone == "bad" and not read else "░") * (wait or (0 if read else 1)) + "█" * read
            style = _STYLE[tone]
        case Pause(_, took):
            bar, style = "╌" * max(1, cells(took)), _SOFT
        case Mark(_, _, took, _, tone):
            bar, style = "━" * cells(took) or "◆", _STYLE[tone]
        case _:
            assert_never(entry)
    return Text.assemble(" " * start, (bar[: columns - start], style))


# ---------------------------------------------------------------- the transcript


def _entry(entry: Entry, *, timed: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    when = f"  at {seconds(entry.at)}" if timed else ""
    match entry:
        case Attempt():
            yield Text()
            yield Text.assemble(
                (f"Request {entry.number}", "bold"), "  ", (entry.says, _STYLE[entry.tone]), (when, _SOFT)
            )
            if entry.detail:
                yield Text(entry.detail)
            yield from _facts(entry.facts)
            if entry.again:
                yield Text("The same request again.", style=_SOFT)
            for turn in entry.asked:
                yield from _turn(turn)
            if entry.answer:
                yield from _turn(Turn("answer", entry.answer))
        case Pause(_, took, says):
            yield Text(f"\n╌ Waited {seconds(took)} {says}{when}", style=_SOFT)
        case Mark(_, _, _, _, tone):
            yield Text.assemble("\n", ("◆ ", _STYLE[tone]), label_of(entry), (when, _SOFT))
        case _:
            assert_never(entry)


def _turn(turn: Turn) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(width=10, no_wrap=True)
    table.add_column(overflow="fold")
    parts = turn.parts or (Shown("text", "(nothing)"),)
    for number, part in enumerate(parts):
        table.add_row(Text(turn.role if number == 0 else "", style=_SOFT), _part(part))
    yield table


def _part(part: Shown) -> RenderableType:
    from rich.text import Text

    style = {"reasoning": "italic", "refusal": "yellow"}.get(part.kind, "")
    title = Text(f"[{part.title}]\n", style=_SOFT) if part.title else Text()
    return title.append_text(Text(part.text, style=style))
