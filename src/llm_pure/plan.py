"""What each of several targets would lose of a completion, side by side: to be read before a conversation moves.

Law: a plan says for each target what `encode_request` would say, in the order in which they were given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from returns.result import Failure, Success
from typing_extensions import override

from llm_pure.brief import Brief
from llm_pure.completion import Completion
from llm_pure.errors import LlmError, Loss, snippet
from llm_pure.outcome import Outcome
from llm_pure.target import Target, WireFormat, codec_of

__all__ = ["Plan", "Prospect", "plan"]

_PROVIDERS: dict[WireFormat, str] = {
    "anthropic_messages": "anthropic",
    "openai_chat": "openai",
    "openai_responses": "openai",
}


@dataclass(frozen=True, slots=True, repr=False)
class Prospect(Brief):
    """What one target would lose; a Failure, if the completion cannot be said to it at all."""

    target: Target
    losses: Outcome[tuple[Loss, ...]]

    @property
    def name(self) -> str:
        """The target in few words: the wire format, and the model that it names."""
        return self.target.wire if self.target.model is None else f"{self.target.wire}: {self.target.model}"


@dataclass(frozen=True, slots=True, repr=False)
class Plan(Brief):
    """The prospects of a completion. `str` is a table: a line for each place that some target loses."""

    prospects: tuple[Prospect, ...]

    @property
    def lossless(self) -> tuple[Target, ...]:
        """The targets that lose nothing."""
        return tuple([one.target for one in self.prospects if one.losses == Success(())])

    @override
    def __str__(self) -> str:
        return "\n".join(_table(self.prospects))


def plan(completion: Completion, targets: Target | WireFormat | Iterable[Target | WireFormat]) -> Plan:
    """What each target (one, or several) would lose of the completion. No request is made.

    A target that names a model is asked with that model, whichever the completion names; one that names none, and a
    wire format alone, with the completion's own.
    """
    if isinstance(targets, Target | str):
        targets = (targets,)
    return Plan(tuple([_prospect(completion, target) for target in targets]))


def _prospect(completion: Completion, target: Target | WireFormat) -> Prospect:
    if not isinstance(target, Target):
        target = Target(_PROVIDERS[target], target)
    asked = completion if target.model is None else completion.replace(model=target.model)
    match codec_of(target.wire).encode_request(target.filled(asked)):
        case Success(encoded):
            return Prospect(target, Success(encoded.losses))
        case Failure(error):
            return Prospect(target, Failure(error))


# ---------------------------------------------------------------- as a table

_KEPT = "-"
_WIDEST, _TOGETHER, _NARROWEST = 48, 96, 24
"""How wide a column of reasons is at most, and all of them are: longer reasons go on in the next line."""


def _table(prospects: tuple[Prospect, ...]) -> list[str]:
    cells: dict[str, dict[int, str]] = {}
    for number, one in enumerate(prospects):
        match one.losses:
            case Success(losses):
                for loss in losses:
                    there = cells.setdefault(loss.path, {}).get(number)
                    cells[loss.path][number] = f"{there}; {loss.reason}" if there else loss.reason
            case Failure(error):
                cells.setdefault(error.path or "$", {})[number] = _failed(error)
    rows = [["", *(one.name for one in prospects)]]
    rows += [
        [path, *(row.get(number, _KEPT) for number in range(len(prospects)))] for path, row in cells.items()
    ]
    if not cells:
        rows.append(["nothing is lost", *(_KEPT for _ in prospects)])
    wide = max(_NARROWEST, min(_WIDEST, _TOGETHER // max(1, len(prospects))))
    folded = [
        [[cell] if number == 0 else _folded(cell, wide) for number, cell in enumerate(row)] for row in rows
    ]
    widths = [
        max(len(line) for row in folded for line in row[number]) for number in range(len(prospects) + 1)
    ]
    found: list[str] = []
    for row in folded:
        for line in range(max(map(len, row))):
            words = [cell[line] if line < len(cell) else "" for cell in row]
            found.append(
                "  ".join([word.ljust(width) for word, width in zip(words, widths, strict=True)]).rstrip()
            )
    return found


def _failed(error: LlmError) -> str:
    return f"{type(error).__name__}: {snippet(error.message)}"


def _folded(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width) or [""]
