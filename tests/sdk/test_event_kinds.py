"""Every event that an SDK knows is one that the fold of its wire format knows: none is counted as skipped."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from anthropic.types import RawMessageStreamEvent
from openai.types.responses import ResponseStreamEvent

from llm_pure import WireFormat
from llm_pure.json import dump_json
from llm_pure.target import codec_of


def kinds(events: Any) -> set[str]:
    """The `type` of each event in an annotated union of the SDK's classes."""
    return {
        kind
        for event in get_args(get_args(events)[0])
        for kind in get_args(event.model_fields["type"].annotation)
    }


@pytest.mark.parametrize(
    ("wire", "events"),
    [("anthropic_messages", RawMessageStreamEvent), ("openai_responses", ResponseStreamEvent)],
)
def test_no_event_of_the_sdk_is_unknown(wire: WireFormat, events: Any) -> None:
    codec = codec_of(wire)

    def skipped(kind: str) -> int:
        state, _ = codec.stream_step(codec.stream_start(), b"data: " + dump_json({"type": kind}) + b"\n\n")
        return codec.stream_skipped(state)

    assert len(kinds(events)) > 5
    assert [kind for kind in sorted(kinds(events)) if skipped(kind)] == []
    assert skipped("hologram.appeared") == 1
