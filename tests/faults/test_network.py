"""N: the way to a provider and back."""

from __future__ import annotations

import socket

from llm_pure import Unreachable
from tests.effects.scripted import Colour, failed
from tests.providers import Provider


def test_N1_a_refused_connection_is_unreachable(provider: Provider, colour: Colour) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failed(colour(provider.with_clients(f"http://127.0.0.1:{port}/v1"), provider.question).outcome)
    assert error == Unreachable(message="no connection")
