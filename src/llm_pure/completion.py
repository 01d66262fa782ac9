"""A completion: everything that is asked of a model, in one provider-neutral value.

Law: a completion is never changed; every method gives a new one. Appending a turn leaves what stands before
it as it is, so that providers' prompt caches and signed reasoning keep holding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import UnionType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict, cast, get_args, get_origin

from llm_pure.brief import Brief
from llm_pure.join import joined_message
from llm_pure.json import EMPTY, Json, JsonInput, JsonObject
from llm_pure.messages import AssistantMessage, Message, UserMessage, parts, user
from llm_pure.outputs import AnyOutput, Output
from llm_pure.parts import BrokenToolCall, Part, ToolCall, ToolResult
from llm_pure.response import NO_USAGE, Response, StopReason, Usage, is_signed, text_of
from llm_pure.tools import AnyTool, ToolChoice

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from llm_pure.outcome import Outcome

__all__ = ["EFFORTS", "Completion", "Effort", "ReasoningSetting"]

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: Final[Mapping[str, Effort]] = {
    effort: effort for effort in cast("tuple[Effort, ...]", get_args(Effort))
}
"""The efforts by their words, from the least to the most."""


@dataclass(frozen=True, slots=True, repr=False)
class ReasoningSetting(Brief):
    """How much the model may think: an effort (`none` is off), or a budget in tokens, or both."""

    effort: Effort | None = None
    budget_tokens: int | None = None
    extras: JsonObject = EMPTY


class _Changes(TypedDict, total=False):
    messages: Iterable[Message]
    model: str | None
    system: str | Part | Iterable[Part]
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    seed: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    stop_sequences: Iterable[str]
    tools: Iterable[AnyTool]
    tool_choice: ToolChoice | None
    output: AnyOutput | type | UnionType | None
    reasoning: ReasoningSetting | Effort | int | None
    provider_options: Mapping[str, JsonInput]
    usage: Usage
    stop_reason: StopReason | None


@dataclass(frozen=True, slots=True, weakref_slot=True, init=False, repr=False)
class Completion(Brief):
    """What is asked, and, after a run, what it cost and why it stopped. None leaves a field to the provider.

    `system` are the instructions that open the conversation. `max_tokens` bounds the answer (where a provider demands
    it, the model table fills it in). `output` may be given as a type that pydantic can take (where a type checker sees
    no type in a `Literal[...]` or an `Annotated[...]`, as `Output.of` it). `provider_options`
    holds, under a provider's name (`anthropic`, `openai_chat`, `openai_responses`; `openai` for both of the latter),
    request fields that go out verbatim, unless the completion itself says them.
    `usage` and `stop_reason` are not sent; `with_response` sets them.
    """

    messages: tuple[Message, ...]
    model: str | None
    system: tuple[Part, ...]
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    seed: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    stop_sequences: tuple[str, ...]
    tools: tuple[AnyTool, ...]
    tool_choice: ToolChoice | None
    output: AnyOutput | None
    reasoning: ReasoningSetting | None
    provider_options: JsonObject
    usage: Usage
    stop_reason: StopReason | None

    def __init__(
        self,
        messages: Iterable[Message],
        *,
        model: str | None = None,
        system: str | Part | Iterable[Part] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        frequency_penalty: float | None = None,
        presence_penalty: float | None = None,
        stop_sequences: Iterable[str] = (),
        tools: Iterable[AnyTool] = (),
        tool_choice: ToolChoice | None = None,
        output: AnyOutput | type | UnionType | None = None,
        reasoning: ReasoningSetting | Effort | int | None = None,
        provider_options: Mapping[str, JsonInput] = EMPTY,
        usage: Usage = NO_USAGE,
        stop_reason: StopReason | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "messages", tuple(messages))
        put(self, "model", model)
        put(self, "system", _instructions(system))
        put(self, "max_tokens", max_tokens)
        put(self, "temperature", temperature)
        put(self, "top_p", top_p)
        put(self, "top_k", top_k)
        put(self, "seed", seed)
        put(self, "frequency_penalty", frequency_penalty)
        put(self, "presence_penalty", presence_penalty)
        put(
            self,
            "stop_sequences",
            (stop_sequences,) if isinstance(stop_sequences, str) else tuple(stop_sequences),
        )
        put(self, "tools", tuple(tools))
        put(self, "tool_choice", tool_choice)
        put(self, "output", Output.of(output) if _is_form(output) else output)
        put(self, "reasoning", _reasoning(reasoning))
        frozen = (
            provider_options if isinstance(provider_options, JsonObject) else JsonObject(provider_options)
        )
        put(self, "provider_options", frozen)
        put(self, "usage", usage)
        put(self, "stop_reason", stop_reason)

    def replace(self, **changes: Unpack[_Changes]) -> Completion:
        """This completion with some fields changed."""
        mine = {field.name: getattr(self, field.name) for field in fields(self)}
        return Completion(**cast("_Changes", {**mine, **changes}))

    def add_messages(self, *messages: Message) -> Completion:
        """This completion with messages appended."""
        return self.replace(messages=(*self.messages, *messages))

    def with_response(self, response: Response) -> Completion:
        """This completion with the answer appended, its usage added, its stop reason set.

        An assistant message at the end (a prefill) is continued by the answer, not followed by it. Where reasoning
        is signed the unmerged turns are appended, since their provider wants them back as it wrote them.
        """
        turns = (
            response.turns if response.turns and any(map(is_signed, response.turns)) else (response.message,)
        )
        messages = self.messages
        last = messages[-1] if messages else None
        first = turns[0]
        if isinstance(last, AssistantMessage) and isinstance(first, AssistantMessage):
            echoed = AssistantMessage(first.content, first.extras or last.extras)
            joined = echoed if response.has_prefill else joined_message(last, first)
            messages, turns = messages[:-1], (joined, *turns[1:])
        return self.replace(
            messages=(*messages, *turns), usage=self.usage + response.usage, stop_reason=response.stop_reason
        )

    def with_results(self, *parts: Part | str) -> Completion:
        """This completion with one user turn that answers the last message's calls: the results first, in the order of
        the calls, then what else is said.

        Tools that run side by side end in any order; so the turn, and what is cached of it, does not depend on that.
        """
        said = user(*parts).content
        results = [part for part in said if isinstance(part, ToolResult)]
        rest = [part for part in said if not isinstance(part, ToolResult)]
        return self.add_messages(UserMessage((*self._in_call_order(results), *rest)))

    def _in_call_order(self, results: list[ToolResult]) -> list[ToolResult]:
        """The results by their calls, those of a repeated id one after another; what answers no call comes last."""
        last = self.messages[-1].content if self.messages else ()
        left = list(results)
        ordered: list[ToolResult] = []
        for part in last:
            if isinstance(part, ToolCall | BrokenToolCall):
                found = next((result for result in left if result.call_id == part.id), None)
                if found is not None:
                    left.remove(found)
                    ordered.append(found)
        return [*ordered, *left]

    @property
    def last_text(self) -> str:
        """The text of the last message, "" if there is none."""
        return text_of(self.messages[-1].content) if self.messages else ""

    @property
    def last_tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of the last message that can be run."""
        return tuple(p for p in self.messages[-1].content if isinstance(p, ToolCall)) if self.messages else ()

    def options_for(self, *names: str) -> dict[str, Json]:
        """The `provider_options` under these names, the later name winning."""
        found: dict[str, Json] = {}
        for name in names:
            options = self.provider_options.get(name)
            if isinstance(options, JsonObject):
                found.update(options)
        return found

    def to_json(self) -> str:
        """This completion as JSON text with a schema version; see `Completion.from_json`."""
        from llm_pure.serial import to_json

        return to_json(self)

    @staticmethod
    def from_json(text: str | bytes) -> Outcome[Completion]:
        """The completion that `to_json` wrote, now or in any earlier version."""
        from llm_pure.serial import completion_from_json

        return completion_from_json(text)


def _is_form(output: object) -> bool:
    """Whether this is a type, or what stands for one: `int | str`, `Literal[...]`, `Annotated[...]`, `list[int]`."""
    return isinstance(output, type) or get_origin(output) is not None


def _instructions(system: str | Part | Iterable[Part]) -> tuple[Part, ...]:
    if isinstance(system, str):
        return parts(system)
    if isinstance(system, Iterable):
        return tuple(system)
    return (system,)


def _reasoning(setting: ReasoningSetting | Effort | int | None) -> ReasoningSetting | None:
    if setting is None or isinstance(setting, ReasoningSetting):
        return setting
    if isinstance(setting, int):
        return ReasoningSetting(budget_tokens=setting)
    return ReasoningSetting(effort=setting)
