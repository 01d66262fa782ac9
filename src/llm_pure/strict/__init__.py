"""JSON Schemas in the form that providers hold a model to, and values of that form read as what they stand for.

Law: `strict_schema` is total, and idempotent: what keeps to the rules already stays as it is. `changes` names every
place where the schema differs, and no other. Whatever a type can hold and the strict form can say, `from_strict` reads
back as the type has it (`reading`).

    in the schema                               OpenAI                              Anthropic
    ------------------------------------------  ----------------------------------  --------------------------------
    an object                                   closed to other properties          the same
    a property that may be left out             has to be there; null stands for    stays as it is
                                                  nothing said
    a map: any keys, values of one form         an array of `{"key", "value"}`      the same
    anything at all                             a string, number, truth or null     the same
    a root that is no object                    the one property `_value` of one     the same for a tool, else as it is
    `oneOf`; `allOf`; a tuple                   `anyOf`; merged; an array           the same
    `$ref` with more beside it                  written out                         the same
    several types                               stay as they are                    `anyOf`
    keywords that the provider does not know    words in the description            the same
    recursion                                   stays as it is                      cannot be said

Sources: OpenAI's guide to structured outputs (supported schemas), Anthropic's page on structured outputs (JSON Schema
limitations), and what both SDKs do to a pydantic model's schema (`openai.lib._pydantic`, `anthropic.transform_schema`).
"""

from __future__ import annotations

from llm_pure.strict.reading import from_strict, unwrapped
from llm_pure.strict.rules import ANTHROPIC_STRICT, ANTHROPIC_STRICT_OUTPUT, OPENAI_STRICT, StrictRules
from llm_pure.strict.schema import StrictSchema, closed_schema, strict_schema
from llm_pure.strict.sent import Sent, goes_as_it_stands, sent

__all__ = [
    "ANTHROPIC_STRICT",
    "ANTHROPIC_STRICT_OUTPUT",
    "OPENAI_STRICT",
    "Sent",
    "StrictRules",
    "StrictSchema",
    "closed_schema",
    "from_strict",
    "goes_as_it_stands",
    "sent",
    "strict_schema",
    "unwrapped",
]
