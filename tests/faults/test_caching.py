"""K: what a run does when its store does anything but what it should: it answers, and says so."""

from __future__ import annotations

import asyncio
import errno
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success
from typing_extensions import override

from llm_effects import (
    MemoryStore,
    Runner,
    SqliteStore,
    arun,
    compose,
    run,
    with_cache,
    with_deadline,
)
from llm_effects.flights import Alone, Flights, Landed, Lead
from llm_effects.notes import CacheHit, CacheStored, Note, StoreFailed
from llm_effects.operations import Program, Sleep, ask
from llm_effects.ports import Store
from llm_effects.providers.leaf import Leaf
from llm_effects.runner import Wrapped
from llm_pure import (
    NO_USAGE,
    AssistantMessage,
    BrokenToolCall,
    Completion,
    Deadline,
    Done,
    JsonObject,
    Outcome,
    Overloaded,
    Response,
    StopReason,
    Target,
    TextDelta,
    Tool,
    WireFormat,
    assistant,
    cache_key,
    user,
)
from llm_pure.strategies import completions
from tests.effects.scripted import COLOURS, QUESTION, Colour, Flow, ScriptedDoor, Told, answer, failed, leaf
from tests.effects.stores.files import altered
from tests.faults.failing import Faulty, failing, reaches_sqlite
from tests.providers import Provider
from tests.sdk.served import Serve

CHAT: WireFormat = "openai_chat"
BUSY = Overloaded(message="Overloaded", status=529, type="overloaded_error")


def asked(runner: Runner) -> int:
    door = getattr(runner, "door", None)
    assert isinstance(door, ScriptedDoor)
    return len(door.requests)


def failures(notes: tuple[Note, ...]) -> list[str]:
    return [note.operation for note in notes if isinstance(note, StoreFailed)]


# ---------------------------------------------------------------- K3: the n-th operation fails, for every n


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where nothing waits for a disk, if there is such a place: it is not what is tested."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def faulted(
    colour: Colour, path: Path, faulty: Callable[[], AbstractContextManager[Faulty]]
) -> tuple[bool, Faulty]:
    """A call whose store meets the fault; whether the answer counts as stored."""
    runner = compose(leaf(answer("first")), with_cache(SqliteStore(path, timeout=0.05), patience=None))
    with faulty() as met:
        told = colour(runner, QUESTION)
    assert told.outcome.unwrap().text == "first", (met.at, met.operations[met.at - 1])
    return CacheStored in map(type, told.notes), met


def test_K3_there_is_input_and_output_to_fail(folder: Path) -> None:
    _, met = faulted(COLOURS["run"], folder / "answers.db", partial(failing, 0))
    assert {"open", "os.link", "sqlite3.connect"} <= set(met.operations)
    if sys.platform == "linux" and reaches_sqlite():
        assert {"pwrite64", "pread64", "fcntl", "ftruncate", "fsync"} <= set(met.operations)


@pytest.mark.slow
@pytest.mark.parametrize("then", ["once", "from then on"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_K3_whichever_operation_fails_the_call_answers_and_what_it_stored_is_there(
    folder: Path, colour: Colour, error: int, then: str
) -> None:
    """Every n in one colour, every seventh in the others, whose store does the same on another thread."""
    _, whole = faulted(colour, folder / "0.db", partial(failing, 0))
    stored = failed_at_all = 0
    for n in range(1, len(whole.operations) + 1, 1 if colour is COLOURS["run"] else 7):
        path = folder / f"{n}.db"
        acknowledged, met = faulted(colour, path, partial(failing, n, error, lasting=then != "once"))
        stored, failed_at_all = stored + acknowledged, failed_at_all + bool(met.failed)
        with SqliteStore(path) as store:
            again = compose(leaf(answer("second"), answer("third")), with_cache(store, patience=None))
            told = run(again, QUESTION).unwrap().text
            assert told == "first" if acknowledged else told in {"first", "second"}, (
                n,
                met.operations[n - 1],
            )
            assert run(again, QUESTION).unwrap().text in {told, "second"}
    assert failed_at_all
    if then != "once":
        assert stored < failed_at_all


# ---------------------------------------------------------------- K4, K5, K8: files that cannot be used


def unusable(path: Path, how: str) -> None:
    if how == "corrupt":
        path.write_bytes(b"no database at all " * 1000)
    elif how == "another program's":
        altered(path, "CREATE TABLE thesis (chapter TEXT)")
    elif how == "newer":
        altered(path, "CREATE TABLE llm_effects_entries (key, other)", "PRAGMA user_version = 99")
    else:
        path.parent.rmdir()
        path.parent.touch()


@pytest.mark.parametrize(
    ("how", "first", "second"),
    [
        ("corrupt", ["load"], []),
        ("another program's", ["load"], ["load"]),
        ("newer", ["save"], ["save"]),
        ("in no folder", ["load"], ["load"]),
    ],
)
def test_K8_a_file_that_cannot_be_used_costs_hits_and_one_note_a_run_and_no_answer(
    tmp_path: Path, colour: Colour, how: str, first: list[str], second: list[str]
) -> None:
    path = tmp_path / "folder" / "answers.db"
    path.parent.mkdir()
    unusable(path, how)
    with SqliteStore(path) as store:
        runner = compose(leaf(answer(), answer()), with_cache(store, patience=None))
        told = [colour(runner, QUESTION) for _ in range(2)]
    assert [it.outcome.unwrap().text for it in told] == ["Hello", "Hello"]
    assert [failures(it.notes) for it in told] == [first, second]


class Broken:
    """A store that fails in every way."""

    blocking = False

    def load(self, key: str) -> bytes | None:
        raise OSError("disk on fire")

    def save(self, key: str, value: bytes) -> None:
        raise OSError("disk on fire")


def test_K8_a_store_that_raises_is_a_miss_and_a_note(colour: Colour) -> None:
    told = colour(compose(leaf(answer()), with_cache(Broken())), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert [note for note in told.notes if isinstance(note, StoreFailed)] == [StoreFailed("load", "OSError")]


def test_K8_each_store_of_a_run_has_a_note_of_its_own(colour: Colour) -> None:
    told = colour(compose(leaf(answer()), with_cache(Broken()), with_cache(Broken(), scope="b")), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert failures(told.notes) == ["load", "load"]


class Strange:
    """A store that gives what it likes."""

    blocking = False

    def __init__(self, gives: Callable[[], object]) -> None:
        self.gives = gives

    def load(self, key: str) -> bytes | None:
        return self.gives()  # type: ignore[return-value]  # a client that was set up to decode, say

    def save(self, key: str, value: bytes) -> None:
        pass


def _view() -> memoryview:
    return memoryview(b"")


async def _entry() -> bytes:
    return b""


@pytest.mark.parametrize(
    "gives",
    [str, int, bytearray, _view, _entry],
    ids=["text", "a number", "bytearray", "memoryview", "coroutine"],
)
@pytest.mark.filterwarnings("error")
def test_K8_a_store_that_gives_anything_but_bytes_is_a_miss_and_a_note(
    colour: Colour, gives: Callable[[], object]
) -> None:
    told = colour(compose(leaf(answer()), with_cache(Strange(gives))), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    given = gives()
    assert [note for note in told.notes if isinstance(note, StoreFailed)] == [
        StoreFailed("load", f"bytes expected, not {type(given).__name__}")
    ]
    if isinstance(given, Coroutine):
        given.close()


@pytest.mark.filterwarnings("error")
def test_K8_a_store_that_only_promises_to_save_has_not_saved(colour: Colour) -> None:
    class Promising:
        blocking = False

        def load(self, key: str) -> bytes | None:
            return None

        def save(self, key: str, value: bytes) -> None:
            return _entry()  # type: ignore[return-value]  # what an async client gives

    told = colour(compose(leaf(answer()), with_cache(Promising())), QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert [note for note in told.notes if isinstance(note, StoreFailed)] == [
        StoreFailed("save", "TypeError")
    ]
    assert not any(isinstance(note, CacheStored) for note in told.notes)


def test_K8_a_store_whose_functions_are_async_is_refused_where_the_stack_is_written_down() -> None:
    class Awaited:
        blocking = True

        async def load(self, key: str) -> bytes | None:
            return None

        async def save(self, key: str, value: bytes) -> None:
            pass

    with pytest.raises(TypeError, match="those of Awaited are async"):
        with_cache(Awaited())  # type: ignore[arg-type]  # as a checker says, too


# ---------------------------------------------------------------- K10: poisoned


@pytest.mark.parametrize("poison", [b"", b"junk", b'k\n{"schema":"other"}', None])
def test_K10_a_poisoned_entry_is_a_miss(colour: Colour, poison: bytes | None) -> None:
    store = MemoryStore()
    colour(compose(leaf(answer("old")), with_cache(store)), QUESTION)
    (note,) = [
        n for n in colour(compose(leaf(), with_cache(store)), QUESTION).notes if isinstance(n, CacheHit)
    ]
    entry = store.load(note.key)
    assert entry is not None
    store.save(note.key, entry[:-9] if poison is None else poison)
    told = colour(compose(leaf(answer("new")), with_cache(store)), QUESTION)
    assert (told.outcome.unwrap().text, failures(told.notes)) == ("new", ["read"])


@given(
    place=st.integers(0, 10_000), bits=st.integers(1, 255), junk=st.binary(max_size=40), how=st.integers(0, 3)
)
def test_K10_an_entry_edited_anywhere_answers_or_is_a_miss(
    place: int, bits: int, junk: bytes, how: int
) -> None:
    """A store that checks nothing itself: no edit makes a run fail. One that is still an answer is taken as such;
    `SqliteStore` has a digest against that."""
    store = MemoryStore()
    run(compose(leaf(answer("old")), with_cache(store)), QUESTION)
    key = cache_key(QUESTION, leaf().target).unwrap()
    entry = store.load(key)
    assert entry is not None
    at = place % len(entry)
    changed = (
        entry[:at] + bytes([entry[at] ^ bits]) + entry[at + 1 :],
        entry[:at] + junk + entry[at:],
        entry[:at],
        entry[:at] + junk,
    )[how]
    store.save(key, changed)
    outcome = run(compose(leaf(answer("new")), with_cache(store)), QUESTION)
    assert isinstance(outcome.unwrap().text, str)


def test_K10_an_answer_of_another_question_is_a_miss(colour: Colour) -> None:
    """Moved from key to key, as whoever can write into the store may."""
    store = MemoryStore()
    other = QUESTION.replace(temperature=0.5)
    colour(compose(leaf(answer("other")), with_cache(store)), other)
    target = leaf().target
    entry = store.load(cache_key(other, target).unwrap())
    assert entry is not None
    store.save(cache_key(QUESTION, target).unwrap(), entry)
    told = colour(compose(leaf(answer("right")), with_cache(store)), QUESTION)
    assert told.outcome.unwrap().text == "right"
    assert failures(told.notes) == ["read"]


# ---------------------------------------------------------------- K11: what changes an answer changes the key

CHANGED: dict[str, Callable[[Completion], Completion]] = {
    "model": lambda c: c.replace(model="claude-sonnet-4-5"),
    "messages": lambda c: c.add_messages(assistant("Hello"), user("Again")),
    "a word": lambda c: c.replace(messages=[user("Say hello!")]),
    "system": lambda c: c.replace(system="Be brief."),
    "max_tokens": lambda c: c.replace(max_tokens=101),
    "temperature": lambda c: c.replace(temperature=0.5),
    "top_p": lambda c: c.replace(top_p=0.5),
    "top_k": lambda c: c.replace(top_k=5),
    "stop_sequences": lambda c: c.replace(stop_sequences=["END"]),
    "tools": lambda c: c.replace(tools=[Tool("look", parameters=JsonObject({"type": "object"}))]),
    "reasoning": lambda c: c.replace(reasoning=2048, max_tokens=4096),
    "provider_options": lambda c: c.replace(provider_options={"anthropic": {"service_tier": "auto"}}),
}


@pytest.mark.parametrize("field", CHANGED)
def test_K11_another_question_is_another_key(flow: Flow, field: str) -> None:
    store = MemoryStore()
    texts = [
        flow(lambda inner: compose(inner, with_cache(store)), question, [answer(text)]).outcome.unwrap().text
        for question, text in ((QUESTION, "one"), (CHANGED[field](QUESTION), "two"))
    ]
    assert texts == ["one", "two"]


@given(completions(), completions())
def test_K11_one_key_means_one_request(one: Completion, two: Completion) -> None:
    target = leaf().target
    keys = [cache_key(it, target) for it in (one, two)]
    sent: list[object] = []
    for completion in (one, two):
        inner = leaf(answer())
        run(inner, completion)
        assert isinstance(inner.door, ScriptedDoor)
        sent.append([(it.headers, it.body) for it in inner.door.requests])
    if keys[0] == keys[1] and sent[0]:
        assert sent[0] == sent[1]


# ---------------------------------------------------------------- K12: what is not kept


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "pause"])
def test_K12_cut_answers_and_refusals_are_not_stored_unless_asked(flow: Flow, stop: StopReason) -> None:
    ended = answer("x", stop)

    def twice(wrap: Callable[[Runner], Runner]) -> tuple[str, str]:
        first, second = (flow(wrap, QUESTION, [it]) for it in (ended, answer("y")))
        return first.outcome.unwrap().text, second.outcome.unwrap().text

    store, keeping = MemoryStore(), MemoryStore()
    assert twice(lambda inner: compose(inner, with_cache(store))) == ("x", "y")
    if flow_is_real(flow):
        assert twice(lambda inner: compose(inner, with_cache(keeping, keep=(stop,)))) == ("x", "x")


def flow_is_real(flow: Flow) -> bool:
    """Whether stores are the real ones: each simulated world has its own."""
    from tests.effects.scripted import FLOWS

    return flow is not FLOWS["simulate"]


def choice(stop: StopReason = "end") -> Response:
    """A further choice of an answer, as Chat gives it."""
    told = answer("y", stop, wire=CHAT)
    return Response(told.message, NO_USAGE, stop, told.raw_stop_reason, provider=told.provider)


NOT_WHOLE: dict[str, Callable[[Response], Response]] = {
    "a call that cannot be run": lambda it: replace(
        it, message=AssistantMessage((BrokenToolCall("t1", "look", '{"at": '),)), stop_reason="tool_call"
    ),
    "a choice that was cut": lambda it: replace(it, alternatives=(choice("max_tokens"),)),
    "a choice that was refused": lambda it: replace(it, alternatives=(choice(), choice("refusal"))),
}


@pytest.mark.parametrize("name", NOT_WHOLE)
def test_K12_what_is_whole_in_part_is_not_stored(colour: Colour, name: str) -> None:
    partly = NOT_WHOLE[name](answer("x", wire=CHAT))
    inner = leaf(partly, partly, wire=CHAT)
    runner = compose(inner, with_cache(MemoryStore()))
    for _ in range(2):
        told = colour(runner, QUESTION)
        assert told.outcome.unwrap().stop_reason == partly.stop_reason
        assert CacheStored not in map(type, told.notes)
    assert asked(inner) == 2


def test_K12_a_choice_among_several_that_is_whole_is_stored(colour: Colour) -> None:
    inner = leaf(replace(answer("x", wire=CHAT), alternatives=(choice(),)), wire=CHAT)
    runner = compose(inner, with_cache(MemoryStore()))
    first, second = colour(runner, QUESTION), colour(runner, QUESTION)
    assert first.outcome == second.outcome
    assert [it.text for it in second.outcome.unwrap().alternatives] == ["y"]
    assert asked(inner) == 1


def test_K12_failures_are_not_stored(flow: Flow) -> None:
    store = MemoryStore()
    failed(flow(lambda inner: compose(inner, with_cache(store)), QUESTION, [BUSY]).outcome)
    told = flow(lambda inner: compose(inner, with_cache(store)), QUESTION, [answer()])
    assert told.outcome.unwrap().text == "Hello"


# ---------------------------------------------------------------- K13: many at once


class Gate:
    """A runner whose provider answers when the gate is opened, and counts."""

    def __init__(self, *script: object) -> None:
        self.inner = leaf(*script)  # type: ignore[arg-type]  # answers and errors
        self.open = threading.Event()
        door = self.inner.door
        assert isinstance(door, ScriptedDoor)
        connect = door.connect

        def slow(request: object, limit: float | None) -> object:
            self.open.wait(10)
            return connect(request, limit)  # type: ignore[arg-type]  # passed on as it came

        door.connect = slow  # type: ignore[method-assign,assignment]  # the provider takes its time

    def crowd(self, store: Store, threads: int, tasks: int) -> list[object]:
        """What a leader and so many threads and tasks get that ask for the same."""
        runner = compose(self.inner, with_cache(store))
        flights = runner.flights  # type: ignore[attr-defined]  # how many wait is nobody's business but a test's
        got: list[object] = []

        def one() -> None:
            got.append(run(runner, QUESTION))

        async def many() -> None:
            got.extend(await asyncio.gather(*(arun(runner, QUESTION) for _ in range(tasks))))

        crowd = [threading.Thread(target=one)]
        crowd[0].start()
        while not flights.under_way():
            pass
        crowd += [threading.Thread(target=one) for _ in range(threads)]
        crowd += [threading.Thread(target=lambda: asyncio.run(many()))]
        for thread in crowd[1:]:
            thread.start()
        while flights.waiting() < threads + tasks:
            time.sleep(0.001)
        self.open.set()
        for thread in crowd:
            thread.join(10)
        return got


@pytest.mark.parametrize("store", [MemoryStore(), Broken()], ids=["kept", "kept by no store"])
def test_K13_many_threads_and_tasks_of_one_key_make_one_call(store: Store) -> None:
    gate = Gate(answer())
    got = gate.crowd(store, 8, 8)
    assert [outcome.unwrap().text for outcome in got] == ["Hello"] * 17  # type: ignore[attr-defined]
    assert asked(gate.inner) == 1


@pytest.mark.parametrize("name", ["stream", "astream"])
def test_K13_a_stream_that_waited_tells_the_answer_of_the_one_call(name: str) -> None:
    gate, told = Gate(answer()), list[Told]()
    runner = compose(gate.inner, with_cache(MemoryStore()))
    flights = runner.flights  # type: ignore[attr-defined]  # how many wait is nobody's business but a test's
    leader = threading.Thread(target=lambda: run(runner, QUESTION))
    leader.start()
    while not flights.under_way():
        pass
    watcher = threading.Thread(target=lambda: told.append(COLOURS[name](runner, QUESTION)))
    watcher.start()
    while flights.waiting() < 1:
        time.sleep(0.001)
    gate.open.set()
    for thread in (leader, watcher):
        thread.join(10)
    (seen,) = told
    assert [event for event in seen.events if isinstance(event, TextDelta)] == [TextDelta(0, "Hello")]
    assert seen.events[-1] == Done(seen.outcome.unwrap())
    assert asked(gate.inner) == 1


def test_K13_if_the_one_call_fails_each_tries_for_itself() -> None:
    gate = Gate(BUSY, *[answer()] * 6)
    got = gate.crowd(MemoryStore(), 3, 3)
    assert sorted(type(outcome).__name__ for outcome in got) == ["Failure"] + ["Success"] * 6
    assert asked(gate.inner) == 7


@dataclass(frozen=True, slots=True)
class Thinking(Wrapped):
    """A provider that takes so many seconds."""

    seconds: float = 0.4

    @property
    @override
    def layer(self) -> str:
        return "thinking"

    @override
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        yield from ask(Sleep(self.seconds))
        return (yield from self.inner(completion))


@pytest.mark.parametrize("how", ["cancelled", "out of its own time"])
def test_K13_a_leader_that_gives_up_leaves_the_lead_to_one_of_those_who_wait(how: str) -> None:
    inner = leaf(*[answer()] * 20)
    runner = compose(Thinking(inner), with_cache(MemoryStore()))
    flights = runner.flights  # type: ignore[attr-defined]  # how many wait is nobody's business but a test's
    got: list[Outcome[Response]] = []

    async def crowd() -> object:
        short = compose(runner, with_deadline(0.2)) if how != "cancelled" else runner
        leading = asyncio.create_task(arun(short, QUESTION))
        for _ in range(100):
            await asyncio.sleep(0)
        assert flights.under_way() == 1
        threads = [threading.Thread(target=lambda: got.append(run(runner, QUESTION))) for _ in range(4)]
        for thread in threads:
            thread.start()
        tasks = [asyncio.create_task(arun(runner, QUESTION)) for _ in range(4)]
        for _ in range(300):
            await asyncio.sleep(0.001 if flights.waiting() < 8 else 0)
        if how == "cancelled":
            leading.cancel()
        (gone,) = await asyncio.gather(leading, return_exceptions=True)
        got.extend(await asyncio.gather(*tasks))
        for thread in threads:
            await asyncio.to_thread(thread.join, 10)
        return gone

    gone = asyncio.run(crowd())
    assert isinstance(gone, asyncio.CancelledError if how == "cancelled" else Failure)
    assert [outcome.unwrap().text for outcome in got] == ["Hello"] * 8
    assert asked(inner) == 1
    assert (flights.under_way(), flights.waiting()) == (0, 0)


class Waiter:
    """Who waits for a flight, and what they were told. `gone`: nobody is there any more."""

    def __init__(
        self, flights: Flights, *, lead: bool = True, blocking: bool = False, gone: bool = False
    ) -> None:
        self.told: list[object] = []
        self.gone = gone
        self.first = flights.claim("key", self.wake, lead=lead, blocking=blocking)

    def wake(self, landing: object) -> bool:
        self.told.append(landing)
        return not self.gone


def on_a_thread(make: Callable[[], Waiter]) -> Waiter:
    made: list[Waiter] = []
    thread = threading.Thread(target=lambda: made.append(make()))
    thread.start()
    thread.join()
    return made[0]


def test_K13_only_who_may_lead_is_left_the_lead_and_the_others_wait_on() -> None:
    flights = Flights()
    assert Waiter(flights).first == Lead()
    watched, closed, heir, last = (
        Waiter(flights, lead=False),
        Waiter(flights, gone=True),
        Waiter(flights),
        Waiter(flights),
    )
    flights.land("key", None)
    assert [it.told for it in (watched, heir, last)] == [[], [Lead()], []]
    assert closed.told == [Lead()]  # and nobody heard it
    flights.leave("key", heir.wake)  # cancelled before it heard of it
    assert last.told == [Lead()]
    flights.leave("key", heir.wake)
    flights.land("key", None)
    assert (watched.told, last.told, flights.under_way()) == ([Alone()], [Lead()], 0)


def test_K13_nobody_waits_for_a_new_leader_whose_thread_they_block() -> None:
    flights = Flights()
    assert on_a_thread(lambda: Waiter(flights)).first == Lead()
    on_loop, blocking = Waiter(flights), Waiter(flights, blocking=True)
    elsewhere = on_a_thread(lambda: Waiter(flights, blocking=True))
    flights.land("key", None)
    assert [it.told for it in (on_loop, blocking, elsewhere)] == [[Lead()], [Alone()], []]


def test_K13_who_leads_at_once_leads_alone_and_is_waited_for_like_any_other() -> None:
    flights = Flights()
    assert flights.lead("key")
    assert not flights.lead("key")
    waiter, blocking = Waiter(flights), Waiter(flights, blocking=True)
    assert (waiter.first, blocking.first) == (None, Alone())  # a thread that waits for itself waits for ever
    flights.land("key", Success(answer()))
    assert (waiter.told, flights.under_way()) == ([Landed(answer())], 0)
    assert flights.lead("key", blocking=True)
    assert Waiter(flights).first == Alone()


class Collecting(str):
    """A key; where it is looked up, the garbage collector runs, and ends an abandoned run that leads `flights`."""

    __slots__ = ("flights",)

    def __init__(self, _: str) -> None:
        self.flights: Flights | None = None

    @override
    def __hash__(self) -> int:
        flights, self.flights = self.flights, None
        if flights is not None:
            flights.land("key", None)
        return str.__hash__(self)


@pytest.mark.parametrize("call", ["lead", "claim"])
def test_K13_a_run_that_is_collected_while_another_looks_for_its_own_holds_nobody_up(call: str) -> None:
    flights = Flights()
    assert flights.lead("key")
    waiter = on_a_thread(lambda: Waiter(flights))
    other = Collecting("other")
    other.flights = flights
    look = partial(flights.lead, other) if call == "lead" else partial(flights.claim, other, bool, lead=True)
    thread = threading.Thread(target=look, daemon=True)  # it would wait for itself
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert (waiter.told, flights.under_way()) == ([Lead()], 2)


# ---------------------------------------------------------------- K15: slower than the model


class Stuck:
    """A store that answers when it is let go, or never."""

    blocking = True

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = itertools.count()

    def load(self, key: str) -> bytes | None:
        next(self.asked)
        self.let_go.wait(60)
        return None

    def save(self, key: str, value: bytes) -> None:
        self.load(key)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    made = Stuck()
    yield made
    made.let_go.set()


def test_K15_a_store_slower_than_the_model_is_a_miss_in_time(colour: Colour, stuck: Stuck) -> None:
    runner = compose(leaf(answer()), with_cache(stuck, patience=0.05))
    began = time.monotonic()
    told = colour(runner, QUESTION)
    assert told.outcome.unwrap().text == "Hello"
    assert [note for note in told.notes if isinstance(note, StoreFailed)] == [
        StoreFailed("load", "TimeoutError")
    ]
    assert time.monotonic() - began < 2  # not 60, not even where an event loop closes behind it


def test_K15_a_store_that_never_answers_costs_one_wait_and_one_thread(colour: Colour, stuck: Stuck) -> None:
    runner = compose(leaf(*[answer()] * 50), with_cache(stuck, patience=0.1))
    before = threading.active_count()
    began = time.monotonic()
    assert [colour(runner, QUESTION).outcome.unwrap().text for _ in range(50)] == ["Hello"] * 50
    assert time.monotonic() - began < 2.5
    assert threading.active_count() - before <= 2
    assert next(stuck.asked) == 1


def test_K15_a_store_that_answers_again_is_asked_again(colour: Colour, stuck: Stuck) -> None:
    runner = compose(leaf(*[answer()] * 50), with_cache(stuck, patience=0.05))
    colour(runner, QUESTION)
    stuck.let_go.set()
    for _ in range(40):  # until the call that was left behind has ended
        if not failures(colour(runner, QUESTION).notes):
            return
        time.sleep(0.05)
    pytest.fail("it was not asked again")


def test_K15_the_deadline_is_shorter_than_any_patience(colour: Colour, stuck: Stuck) -> None:
    runner = compose(leaf(answer()), with_cache(stuck, patience=30), with_deadline(0.1))
    began = time.monotonic()
    assert isinstance(failed(colour(runner, QUESTION).outcome), Deadline)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("patience", [0.0, -1.0, float("nan"), float("inf")])
def test_K15_what_is_no_time_is_no_patience(patience: float) -> None:
    with pytest.raises(ValueError, match="patience"):
        with_cache(MemoryStore(), patience=patience)


# ---------------------------------------------------------------- K16: whose answer it is


def test_K16_scopes_and_endpoints_share_nothing(colour: Colour) -> None:
    store = MemoryStore()
    texts = [
        colour(compose(leaf(answer(f"{n}")), with_cache(store, scope=scope)), QUESTION).outcome.unwrap().text
        for n, scope in enumerate(["", "one tenant", "another", "one tenant", ""])
    ]
    assert texts == ["0", "1", "2", "1", "0"]


def test_K16_the_api_key_is_neither_in_the_cache_key_nor_in_the_store(
    provider: Provider, serve: Serve, colour: Colour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who shares a store shares answers, whatever key they pay with: what must not be shared is a scope."""
    texts: list[str] = []
    with SqliteStore(tmp_path / "answers.db") as store:
        for n, key in enumerate(("sk-canary-of-one-tenant", "sk-canary-of-another")):
            _, runner = serve(answer(f"answer {n}", wire=provider.wire))
            target = runner.target
            monkeypatch.setenv(provider.key_variable, key)
            same = Target(target.provider, target.wire, "http://the.same", target.model)
            runner = compose(Leaf(runner.door, same), with_cache(store))  # type: ignore[attr-defined]  # a leaf
            texts.append(colour(runner, provider.question).outcome.unwrap().text)
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert texts == ["answer 0", "answer 0"]
    assert b"answer 0" in files
    assert b"canary" not in files
