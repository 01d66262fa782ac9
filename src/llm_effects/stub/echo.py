"""A small model that knows nothing and is always of the same opinion.

Law: the answer depends on the completion alone. It keeps to what was asked for (`max_tokens`, stop sequences, tools, a
schema), and what was cut off it takes up where it stopped, after a prefill as after a "go on".

A token is a word with the blanks before it; of JSON, four characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from llm_effects.stub.samples import sample
from llm_pure.completion import Completion
from llm_pure.json import JsonObject, PlainJson, dump_json
from llm_pure.messages import AssistantMessage, Message, UserMessage
from llm_pure.parts import Audio, BrokenToolCall, Document, Image, Part, Reasoning, Text, ToolCall, ToolResult
from llm_pure.response import Response, StopReason, Usage, text_of
from llm_pure.tools import INPUT, AnyTool

__all__ = ["Echo"]

_Stop: TypeAlias = tuple[StopReason, str | None]
"""Why it stopped, and at which stop sequence."""


@dataclass(frozen=True, slots=True)
class _Said:
    part: Part
    tokens: int
    stop: _Stop


@dataclass(frozen=True, slots=True)
class Echo:
    """Answers with `words` words, or with as many as the question says ("in 200 words"). `overlap` is how many words
    are said again after a "go on", as models do."""

    words: int = 40
    overlap: int = 0

    def __call__(self, completion: Completion) -> Response:
        limit = completion.max_tokens if completion.max_tokens is not None else 4096
        thoughts = _thoughts(completion)
        spent = len(_tokens(thoughts.text)) if thoughts is not None else 0
        content: tuple[Part, ...] = () if thoughts is None else (thoughts,)
        stop: _Stop
        if spent >= limit and thoughts is not None:
            used = limit
            stop = ("max_tokens", None)
        else:
            tool = _wanted_tool(completion)
            rest = limit - spent
            said = self._text(completion, rest) if tool is None else _call(tool, completion, rest)
            part, used, stop = said.part, said.tokens + spent, said.stop
            content = content if isinstance(part, Text) and not part.text else (*content, part)
        return Response(
            AssistantMessage(content),
            usage=Usage(_size(completion), used, reasoning_tokens=spent if thoughts is not None else None),
            stop_reason=stop[0],
            stop_sequence=stop[1],
            model=completion.model,
        )

    def _text(self, completion: Completion, limit: int) -> _Said:
        question, said, nudged = _conversation(completion.messages)
        if completion.output is not None:
            whole = dump_json(sample(completion.output.schema.thaw(), _topics(question))).decode()
            tokens = [whole[at : at + 4] for at in range(0, len(whole), 4)]
        else:
            whole = _essay(question, self.words)
            rest = whole[_progress(whole, said) :]
            tokens = _tokens(rest)
            if nudged and self.overlap and said and rest:
                tokens = [*_tokens(said[-1])[-self.overlap :], *tokens]
        text = "".join(tokens[:limit])
        stop: _Stop = ("max_tokens" if len(tokens) > limit else "end", None)
        places = [(text.index(mark), mark) for mark in completion.stop_sequences if mark and mark in text]
        if places:
            at, mark = min(places)
            text = text[:at]
            stop = ("stop_sequence", mark)
        return _Said(Text(text), min(limit, len(tokens)), stop)


def _tokens(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def _size(completion: Completion) -> int:
    """The tokens that are read: words, and a flat price for what has none."""
    contents: list[Iterable[Part]] = [
        completion.system,
        *(message.content for message in completion.messages),
    ]
    return sum(_cost(part) for content in contents for part in content) + 8 * len(completion.tools) + 1


def _cost(part: Part) -> int:
    if isinstance(part, Text | Reasoning):
        return len(part.text.split())
    if isinstance(part, ToolResult):
        return sum(map(_cost, part.content))
    return 100 if isinstance(part, Image | Document | Audio) else 8


# ---------------------------------------------------------------- what was asked, and what was said

_GO_ON: Final = re.compile(
    r"\b(continue|continuing|go on|carry on|keep going|pick up|resume|left off|cut off|remainder|the rest)\b",
    re.IGNORECASE,
)


def _conversation(messages: tuple[Message, ...]) -> tuple[str, list[str], bool]:
    """The last real question; what was answered to it, turn by turn; and whether the last message says "go on"."""
    said: list[str] = []
    nudged = False
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if isinstance(message, AssistantMessage):
            said.insert(0, text_of(message.content))
        elif isinstance(message, UserMessage):
            if not _is_go_on(messages, at):
                return _question(message), said, nudged
            nudged = nudged or at == len(messages) - 1
    return "", said, nudged


def _is_go_on(messages: tuple[Message, ...], at: int) -> bool:
    text = text_of(messages[at].content)
    follows_answer = at > 0 and isinstance(messages[at - 1], AssistantMessage)
    return follows_answer and len(text) < 600 and _GO_ON.search(text) is not None


def _question(message: UserMessage) -> str:
    results = [text_of(part.content) for part in message.content if isinstance(part, ToolResult)]
    words = " ".join([*results, text_of(message.content)]).split()
    media = sum(isinstance(part, Image | Document | Audio) for part in message.content)
    return " ".join([*words, *([f"({media} attached)"] if media else [])])


def _progress(whole: str, said: list[str]) -> int:
    """How far the answer had come: where the last turn that belongs to it ends. A prefill of the user's own is no part
    of it, except where the answer begins at its end."""
    at = 0
    for turn in said:
        words = turn.strip()
        next_word = at + len(whole[at:]) - len(whole[at:].lstrip())
        # Right after the turn before, or else overlapping it: a short turn may stand inside that one as well.
        start = next_word if whole.startswith(words, next_word) else whole.find(words, max(0, at - len(turn)))
        if words and start >= 0:
            at = start + len(words)
        else:
            at = next((n for n in range(min(len(whole), len(turn)), 0, -1) if turn.endswith(whole[:n])), 0)
    return at


# ---------------------------------------------------------------- what is said

_SENTENCES: Final = (
    "what is known about {a} rests on {b}.",
    "who looks at {a} for long will see {b} in it.",
    "without {b}, {a} would be half the story.",
    "there is more to {a} than meets the eye.",
    "{a} came first, and {b} followed from it.",
    "nobody has yet explained {b} to everybody's liking.",
    "it helps to keep {a} and {b} apart.",
)


def _topics(question: str) -> tuple[str, ...]:
    found = dict.fromkeys(word.lower() for word in re.findall(r"[^\W\d_]{4,}", question))
    return tuple(found) or ("this", "that")


def _essay(question: str, words: int) -> str:
    """The whole answer to a question, of so many words; each sentence has its number, so that none comes twice."""
    asked = re.search(r"\b(\d{1,5}) words\b", question)
    length = int(asked[1]) if asked else words
    topics = _topics(question)
    start = int.from_bytes(sha256(question.encode("utf-8", "surrogatepass")).digest()[:4])
    shown = " ".join(question.split()[:12])
    pieces = [f"You said: {shown}" + ("" if shown.endswith((".", "?", "!")) else ".")]
    count, number = len(pieces[0].split()), 0
    while count < length:
        number += 1
        sentence = _SENTENCES[(start + number) % len(_SENTENCES)].format(
            a=topics[(start + number) % len(topics)], b=topics[(start + 2 * number + 1) % len(topics)]
        )
        pieces.append(
            ("\n\n" if number % 4 == 1 else " ") + f"({number}) {sentence[0].upper()}{sentence[1:]}"
        )
        count += len(sentence.split()) + 1
    return "".join(_tokens("".join(pieces))[: max(length, 1)])


def _thoughts(completion: Completion) -> Reasoning | None:
    """Claude shows what it thought, signed; other models keep it to themselves."""
    setting = completion.reasoning
    if setting is None or setting.effort == "none" or not (completion.model or "").startswith("claude"):
        return None
    question, _, _ = _conversation(completion.messages)
    text = f"They want to hear about {' and '.join(_topics(question)[:2])}."
    return Reasoning(text, signature=_mark("signature", text))


def _mark(kind: str, text: str) -> str:
    return sha256(f"{kind} {text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


# ---------------------------------------------------------------- tools


def _wanted_tool(completion: Completion) -> AnyTool | None:
    """The tool to call: the one demanded, the first if any is, one that the question names, or none."""
    tools, choice = completion.tools, completion.tool_choice
    mode = choice.mode if choice is not None else "auto"
    if not tools or mode == "none":
        return None
    if choice is not None and choice.name is not None:
        return next((tool for tool in tools if tool.name == choice.name), None)
    if mode == "required":
        return tools[0]
    last = completion.messages[-1] if completion.messages else None
    if not isinstance(last, UserMessage) or any(isinstance(part, ToolResult) for part in last.content):
        return None
    return next(
        (tool for tool in tools if re.search(rf"\b{re.escape(tool.name)}\b", text_of(last.content))), None
    )


def _call(tool: AnyTool, completion: Completion, limit: int) -> _Said:
    question, _, _ = _conversation(completion.messages)
    value: PlainJson = sample(tool.parameters.thaw(), _topics(question))
    arguments: dict[str, PlainJson] = value if isinstance(value, dict) else {}
    if tool.free_text is not None:
        arguments = {INPUT: " ".join(_topics(question))}
    text = dump_json(arguments).decode()
    name = f"call_{_mark(f'{len(completion.messages)} {tool.name}', question + text)}"
    if len(text) > 4 * limit:
        return _Said(BrokenToolCall(name, tool.name, text[: 4 * limit]), limit, ("max_tokens", None))
    call = ToolCall(name, tool.name, JsonObject(arguments), free_text=tool.free_text is not None)
    return _Said(call, max(1, len(text) // 4), ("tool_call", None))
