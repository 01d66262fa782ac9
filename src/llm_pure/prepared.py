"""A request encoded for its key, and kept for whoever sends it next.

Law: what is given is what the codec gives for the very completion that is asked about, so that a key and the body that
is sent under it are of one encoding. One request is kept, as long as its completion lives and until it is taken; it is
never in a caller's hands, and whoever gets it here only reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from llm_pure.target import WireFormat, codec_of

if TYPE_CHECKING:
    from llm_pure.completion import Completion
    from llm_pure.outcome import Outcome
    from llm_pure.wire import Encoded

__all__ = ["prepared", "taken"]


class _Kept(NamedTuple):
    completion: ref[Completion]
    wire: WireFormat
    encoded: Outcome[Encoded]


_kept: _Kept | None = None
"""The last request that was prepared. Threads that are in each other's way encode twice, and nothing worse."""


def prepared(completion: Completion, wire: WireFormat) -> Outcome[Encoded]:
    """The request, encoded and kept."""
    global _kept  # noqa: PLW0603 - one a process
    encoded = codec_of(wire).encode_request(completion)
    _kept = _Kept(ref(completion, _forget), wire, encoded)
    return encoded


def taken(completion: Completion, wire: WireFormat) -> Outcome[Encoded]:
    """The request, as it was kept, which it then is no more; or encoded now."""
    global _kept  # noqa: PLW0603 - likewise
    kept = _kept
    if kept is None or kept.completion() is not completion or kept.wire != wire:
        return codec_of(wire).encode_request(completion)
    _kept = None
    return kept.encoded


def _forget(gone: ref[Completion]) -> None:
    global _kept  # noqa: PLW0603 - likewise
    if _kept is not None and _kept.completion is gone:
        _kept = None
