"""Answers that are JSON of a schema: how they are asked for, and how they are read.

Law: an `Output` is data (a schema, a name). `parse_output` gives the answer as its type, or a `BadOutput` that says why
it is none, and every place that does not fit; it never guesses, and no half document is ever read as a whole one.

    the answer                                            `parse_output`
    ----------------------------------------------------  ------------------------------------------------------------
    holds a refusal, or stopped for one                   BadOutput, reason `refused`
    is no whole JSON document, and was cut by its limit   BadOutput, reason `cut`
    has no text                                           BadOutput, reason `empty`
    is no JSON document                                   BadOutput, reason `no_json`
    is JSON of another form                               BadOutput, reason `invalid`, and the violations
    is JSON of the form, or of its strict form            Success: see `llm_pure.strict`

The document is all text of the answer; or its last text alone, where a model first says what it will do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, overload

from returns.result import Failure, Success

from llm_pure.brief import Brief
from llm_pure.errors import BadOutput, Misconfigured, Misfit, Violation, snippet
from llm_pure.json import EMPTY, JsonError, JsonObject, PlainJson, parse_json
from llm_pure.parts import Refusal, Text
from llm_pure.tools import fit_name

if TYPE_CHECKING:
    from llm_pure.outcome import Outcome
    from llm_pure.response import Response

__all__ = ["AnyOutput", "Output", "parse_output"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class Output(Brief, Generic[T_co]):
    """The answer has to be JSON of this schema. `name` is what OpenAI wants the schema to be called; None: its title.

    `Output.of` makes one from a type; `parse_output` then gives a value of the type. `strict` asks the provider to hold
    the model to the schema, brought into the provider's strict form (`llm_pure.strict`), every change of which is a
    loss of the request; None leaves it to the provider.
    """

    schema: JsonObject
    name: str | None = None
    description: str | None = None
    strict: bool | None = None
    extras: JsonObject = EMPTY
    source: object = field(default=None, compare=False, repr=False)
    """The type that `of` was given; no part of the value."""

    @overload
    @staticmethod
    def of(source: type[T], /, *, name: str | None = None, strict: bool | None = None) -> Output[T]: ...

    @overload
    @staticmethod
    def of(source: object, /, *, name: str | None = None, strict: bool | None = None) -> Output[object]: ...

    @staticmethod
    def of(source: object, /, *, name: str | None = None, strict: bool | None = None) -> Output[object]:
        """The schema of a pydantic model, or of any type that pydantic can take: `list[int]`, a Literal, a union.

        Objects are closed to properties that the type does not know, which all providers ask for.
        """
        from llm_pure import schemas

        return Output(schemas.schema_of(source, closed=True), name, strict=strict, source=source)


AnyOutput: TypeAlias = Output[object]
"""Any output: what a completion holds."""


def name_of(output: AnyOutput) -> str:
    """What the schema is called where it has to have a name."""
    title = output.schema.get("title")
    return output.name if output.name is not None else fit_name(title) if isinstance(title, str) else "output"


@overload
def parse_output(response: Response, output: Output[T]) -> Outcome[T]: ...


@overload
def parse_output(response: Response, output: type[T]) -> Outcome[T]: ...


@overload
def parse_output(response: Response, output: object) -> Outcome[object]: ...


def parse_output(response: Response, output: object) -> Outcome[object]:
    """The answer as `output`'s type, or a `BadOutput` that says why it is none; the law has the table.

    `output` is a type, or the `Output` that was asked for. One made by hand knows a schema only: its answer is plain
    JSON, and nothing but that it is JSON is checked.
    """
    source = output.source if isinstance(output, Output) else output
    refusal = "".join([part.text for part in response.message.content if isinstance(part, Refusal)])
    if refusal or response.stop_reason == "refusal":
        return _bad(response, "refused", f"the model refused{': ' if refusal else ''}{refusal}")
    try:
        document = _document(response)
    except JsonError as error:
        if _is_cut(response):
            return _bad(response, "cut", "the answer was cut off before its JSON was whole")
        if not response.text.strip():
            return _bad(response, "empty", "the answer has no text")
        return _bad(response, "no_json", f"the answer is no JSON document: {error.reason}")
    if source is None:
        return Success(document)
    from llm_pure import schemas

    checked = schemas.validate(source, document)
    if isinstance(checked, schemas.Unusable):
        return Failure(
            Misconfigured(message=snippet(checked.message), usage=response.usage, partial=response)
        )
    if isinstance(checked, schemas.Invalid):
        return _bad(response, "invalid", checked.message, checked.violations)
    return Success(checked)


def _document(response: Response) -> PlainJson:
    """The one JSON document that the answer is. Raises `JsonError`."""
    try:
        found = parse_json(response.text)
    except JsonError:
        texts = [part.text for part in response.message.content if isinstance(part, Text)]
        if len(texts) < 2:
            raise
        found = parse_json(texts[-1])
    if _is_cut(response) and isinstance(found, int | float) and not isinstance(found, bool):
        raise JsonError("a number that was cut off is another number")
    return found


def _is_cut(response: Response) -> bool:
    return response.stop_reason in {"max_tokens", "context_window"}


def _bad(
    response: Response, reason: Misfit, message: str, violations: tuple[Violation, ...] = ()
) -> Failure[BadOutput]:
    return Failure(
        BadOutput(
            message=snippet(message),
            path=violations[0].path if violations else "$",
            usage=response.usage,
            partial=response,
            text=response.text,
            reason=reason,
            violations=violations,
        )
    )
