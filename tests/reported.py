"""What has to be reported as lost, and what not: the law of losses, looked at from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from llm_pure import (
    NO_USAGE,
    Completion,
    Document,
    Loss,
    Part,
    Text,
    ToolCall,
    ToolResult,
    differences,
    normal,
)


def as_sent(completion: Completion) -> Completion:
    """What every wire can say: no usage and no stop reason; the options of a provider are its own business."""
    return normal(completion.replace(usage=NO_USAGE, stop_reason=None, provider_options={}))


def wrongly_reported(asked: Completion, read: Completion, losses: Iterable[Loss]) -> list[str]:
    """What differs where no loss says so, and losses where nothing differs. `asked` is in normal form."""
    losses = [loss for loss in losses if not loss.path.startswith("$.provider_options")]
    found = differences(asked, read, expected=[loss.path for loss in losses])
    silent = [
        f"silent: {it}"
        for it in found
        if not any(_within(it.path, loss.path) for loss in losses)
        and not (it.before is None and it.path in {"$.max_tokens", "$.output.name"})  # the wire demands them
        and not (it.before is None and it.path.endswith("]"))  # put in: what was taken out must be reported
    ]
    false = [
        f"false: {loss}"
        for loss in losses
        if not any(_within(it.path, loss.path) or _within(loss.path, it.path) for it in found)
    ]
    return [*silent, *false, *(f"gone: {word!r}" for word in _gone(asked, read, losses))]


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith((other + ".", other + "["))


def _gone(asked: Completion, read: Completion, losses: list[Loss]) -> list[str]:
    """Texts and names of calls that are not there any more, and were not reported."""
    before, after = Counter[str](), Counter[str]()
    for path, word in _words(asked):
        if not any(_within(path, loss.path) for loss in losses):
            before[word] += 1
    for _, word in _words(read):
        after[word] += 1
    return list((before - after).elements())


def _words(completion: Completion) -> Iterable[tuple[str, str]]:
    yield from _words_of(completion.system, "$.system")
    for index, message in enumerate(completion.messages):
        yield from _words_of(message.content, f"$.messages[{index}].content")


def _words_of(parts: tuple[Part, ...], path: str) -> Iterable[tuple[str, str]]:
    for index, part in enumerate(parts):
        here = f"{path}[{index}]"
        if isinstance(part, Text):
            yield here, part.text
        elif isinstance(part, ToolCall):
            yield here, part.name
        elif isinstance(part, ToolResult):
            yield from _words_of(part.content, f"{here}.content")
        elif isinstance(part, Document) and isinstance(part.source, tuple):
            yield from _words_of(part.source, f"{here}.source")
        elif isinstance(part, Document) and isinstance(part.source, Text):
            yield here, part.source.text
