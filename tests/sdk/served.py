"""What the tests through the SDKs share: answers that never end well, and how a runner and its stub are made."""

from __future__ import annotations

from typing import Protocol

from returns.result import Success

from llm_effects import Runner
from llm_effects.stub import Step, Stub
from llm_effects.stub.server import Script
from llm_pure import (
    Outcome,
    Response,
    RetryPolicy,
)

NOW = RetryPolicy(max_attempts=4, base_delay=0)
LONG = " ".join(f"Sentence {number} of a longer answer." for number in range(20))
LIMIT = 0.2


class Serve(Protocol):
    def __call__(self, *steps: Step, script: Script | None = None) -> tuple[Stub, Runner]: ...


def text(outcome: Outcome[Response]) -> str:
    assert isinstance(outcome, Success), outcome
    return outcome.unwrap().text
