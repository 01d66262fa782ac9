"""A request that was encoded for its key is sent as it was encoded, by whoever asks for that very completion."""

from __future__ import annotations

import gc
import threading
from weakref import ref

from hypothesis import given
from hypothesis import strategies as st

from llm_pure import Completion, cache_key, user
from llm_pure.prepared import prepared, taken
from llm_pure.strategies import completions
from llm_pure.target import Target, WireFormat, codec_of

WIRES: list[WireFormat] = ["anthropic_messages", "openai_chat", "openai_responses"]
wires = st.sampled_from(WIRES)


def asked(text: str = "Hi") -> Completion:
    return Completion([user(text)], model="claude-haiku-4-5", max_tokens=9)


@given(completions(), completions(), wires, wires)
def test_what_is_taken_is_what_the_codec_gives(
    one: Completion, other: Completion, kept: WireFormat, wanted: WireFormat
) -> None:
    prepared(one, kept)
    assert taken(other, wanted) == codec_of(wanted).encode_request(other)
    assert taken(one, wanted) == codec_of(wanted).encode_request(one)


def test_a_request_is_taken_once() -> None:
    completion = asked()
    first = prepared(completion, "anthropic_messages")
    assert taken(completion, "anthropic_messages") is first
    again = taken(completion, "anthropic_messages")
    assert again is not first
    assert again == first


def test_an_equal_completion_takes_nothing() -> None:
    one, other = asked(), asked()
    first = prepared(one, "anthropic_messages")
    assert taken(other, "anthropic_messages") is not first
    assert taken(one, "anthropic_messages") is first


def test_a_key_leaves_its_request_for_the_one_who_sends_it() -> None:
    completion, target = asked(), Target("anthropic", "anthropic_messages")
    key = cache_key(completion, target)
    body = taken(completion, "anthropic_messages").unwrap().body()
    assert body == codec_of("anthropic_messages").encode_request(completion).unwrap().body()
    assert cache_key(completion, target) == key


def test_nothing_is_kept_of_a_completion_that_is_gone() -> None:
    completion = asked()
    kept = ref(prepared(completion, "openai_chat").unwrap())
    assert kept() is not None
    del completion
    gc.collect()
    assert kept() is None


def test_threads_take_each_their_own() -> None:
    wrong: list[str] = []

    def work(name: str) -> None:
        for n in range(300):
            completion = asked(f"{name} {n}")
            prepared(completion, "anthropic_messages")
            body = taken(completion, "anthropic_messages").unwrap().body().unwrap()
            if f'"{name} {n}"'.encode() not in body:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
