"""S: nothing secret comes out, nothing that comes in is believed."""

from __future__ import annotations

import ast
import asyncio
import copy
import json
import os
import pickle
import re
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure

from llm_effects import (
    MemoryStore,
    Runner,
    SqliteStore,
    arecord,
    arun,
    compose,
    hide_prompts,
    record,
    run,
    standard,
    with_cache,
)
from llm_effects.logs import _HIDDEN, _LOGGERS
from llm_effects.replay.files import read_cassette
from llm_effects.replay.session import cassette
from llm_effects.stub import Raw, Sent, Step, Stub
from llm_pure import (
    AssistantMessage,
    Completion,
    Denied,
    Image,
    LlmError,
    Overloaded,
    Response,
    ServerFault,
    Text,
    Url,
    Usage,
    WireFormat,
    codec_of,
    user,
)
from llm_pure.errors import ERRORS, KEYS, snippet
from llm_pure.json import JsonObject
from llm_pure.serial import error_from_json, from_json, to_json
from llm_pure.strategies import errors, json_values
from tests.effects.scripted import COLOURS, QUESTION, Colour, Told, answer, failed, leaf
from tests.effects.stores.files import filled, mode, posix
from tests.faults.canary import ODD_KEY, PROMPT, SHAPED_KEY, leaks, logged, pickled, with_locals
from tests.faults.checks import within
from tests.providers import Provider
from tests.sdk.served import Serve

SOURCES = sorted((Path(__file__).parents[2] / "src").rglob("*.py"))
KEYS_TRIED = pytest.mark.parametrize("key", [SHAPED_KEY, ODD_KEY], ids=["of a known shape", "of none"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


@pytest.fixture
def asked(provider: Provider) -> Completion:
    return Completion([user(PROMPT)], max_tokens=100, model=provider.model)


def told_by(
    serve: Serve,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    colour: Colour,
    asked: Completion,
    *steps: Step,
) -> tuple[Runner, Told, str]:
    """The runner, what a run told, and what was logged meanwhile."""
    _, runner = serve(*steps)
    monkeypatch.setenv(provider.key_variable, key)
    with logged() as log:
        told = colour(runner, asked)
    return runner, told, log.getvalue()


def echoes(key: str) -> dict[str, Step]:
    """Servers that say again what they were sent."""
    return {
        "refused": Denied(message=f"invalid key {key}", status=401, type="authentication_error"),
        "page": Raw(f"<html>Bad gateway for {key}</html>".encode(), 502, (("content-type", "text/html"),)),
        "code": Raw(json.dumps({"error": {"message": "no", "code": key, "type": key}}).encode(), 400),
    }


# ---------------------------------------------------------------- S1 to S5: the key


@KEYS_TRIED
def test_S1_no_value_of_ours_shows_or_holds_the_key(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
) -> None:
    """The client of the SDK has it, and it alone."""
    runner, told, _ = told_by(
        serve, provider, monkeypatch, key, colour, asked, answer("Hello", wire=provider.wire)
    )
    told.outcome.unwrap()
    assert leaks(key, runner=repr(runner), text=str(runner), target=runner.target, told=told) == []
    assert leaks(key, pickle=pickled(runner), copy=repr(copy.copy(runner))) == []
    assert leaks(key, vars={name: repr(getattr(runner, name)) for name in ("door", "where", "layers")}) == []


@KEYS_TRIED
@pytest.mark.parametrize("how", echoes(""))
def test_S4_a_key_that_the_server_says_again_is_masked(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
    how: str,
) -> None:
    """And so S2, S3: nothing that can be reached from the error holds it, nor does the error's pickle, text or JSON."""
    _, told, log = told_by(serve, provider, monkeypatch, key, colour, asked, echoes(key)[how])
    error = failed(told.outcome)
    assert "[masked]" in repr(error)
    assert leaks(key, error=error, told=told, pickle=pickled(told), json=to_json(error), log=log) == []


@KEYS_TRIED
def test_S4_a_key_in_the_headers_of_an_error_is_masked(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
) -> None:
    """What the SDK logs of a server's headers is another matter: see `hide_prompts`."""
    headers = (("request-id", key), ("x-request-id", f"Bearer {key}"), ("content-type", key))
    _, told, _ = told_by(serve, provider, monkeypatch, key, colour, asked, Raw(b"{}", 500, headers))
    error = failed(told.outcome)
    assert error.request_id is not None
    assert "[masked]" in error.request_id
    assert leaks(key, error=error, told=told, pickle=pickled(told), json=to_json(error)) == []


ESCAPES: Final[dict[str, Callable[[str], str]]] = {
    "none": lambda text: text.replace('"', '\\"'),
    "solidus": lambda text: text.replace('"', '\\"').replace("/", "\\/"),
    "all": lambda text: "".join(f"\\u{ord(it):04x}" for it in text),
    "some, in capitals": lambda text: "".join(f"\\u{ord(it):04X}" if it in '"/+C' else it for it in text),
    "JSON inside JSON": lambda text: json.dumps(json.dumps(text).replace("/", "\\/"))[1:-1],
}


@pytest.mark.parametrize("how", ESCAPES)
@pytest.mark.parametrize(
    "key", ["tenant/abc+DEF/123==", 'quo"ted/abC+DEF==', "http"], ids=["base64", "quote", "login"]
)
def test_S4_no_escape_hides_a_key_or_a_login_that_the_server_says_again(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: Completion, key: str, how: str
) -> None:
    secret = "S3cret/abC" if key == "http" else key
    body = b'{"error": {"message": "no, %b", "type": "x"}}' % ESCAPES[how](secret).encode()
    assert secret in json.dumps(json.loads(body)).replace("\\", "") or how == "JSON inside JSON"
    stub, _ = serve(Raw(body, 401))
    if key == "http":
        url = provider.url(stub).replace("http://", "http://bob:S3cret%2FabC@")
        monkeypatch.setenv(provider.url_variable, url)
    else:
        monkeypatch.setenv(provider.key_variable, key)
    error = failed(COLOURS["run"](provider.from_settings(), asked).outcome)
    assert error.message.startswith("no, ")
    assert "[masked]" in error.message
    assert "abC" not in error.message
    assert "DEF" not in error.message


def test_S4_a_body_of_backslashes_is_masked_in_no_time(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    _, runner = serve(Raw(b"\\" * 1_000_000, 401), Raw(b"\\u005c" * 150_000, 401))
    monkeypatch.setenv(provider.key_variable, "a" + "\\" * 40 + "a\\" * 20)
    for _ in range(2):
        with within(0.0):
            failed(COLOURS["run"](runner, asked).outcome)


def test_S1_the_login_of_a_base_url_is_in_no_pickle_and_comes_from_the_environment_again(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    stub, _ = serve(*[answer("Hello", wire=provider.wire)] * 2)
    monkeypatch.setenv(provider.url_variable, provider.url(stub).replace("http://", "http://bob:S3cret@"))
    kept = pickle.dumps(provider.from_settings())
    assert b"S3cret" not in kept
    COLOURS["run"](pickle.loads(kept), asked).outcome.unwrap()
    assert stub.requests[0].headers["authorization"].startswith("Basic ")
    monkeypatch.setenv(provider.url_variable, "http://elsewhere.invalid")
    COLOURS["run"](pickle.loads(kept), asked).outcome.unwrap()
    assert not stub.requests[1].headers.get("authorization", "").startswith("Basic ")


def test_S4_a_key_that_a_stream_says_again_is_masked(
    provider: Provider, serve: Serve, colour: Colour, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    """In the middle of an answer the shapes of keys are masked; what has none cannot be told from the model's words."""
    echo = Overloaded(message=f"busy with {SHAPED_KEY}", status=529, type="overloaded_error")
    step = Sent(answer("Hello", wire=provider.wire), cut_events=3, then=echo)
    _, told, log = told_by(serve, provider, monkeypatch, SHAPED_KEY, colour, asked, step, echo)
    assert leaks(SHAPED_KEY, told=told, pickle=pickled(told), log=log) == []


@pytest.mark.parametrize("kind", ERRORS)
def test_S2_an_error_holds_data_alone(kind: type[LlmError]) -> None:
    """No exception, request or client can be reached from it, whatever it is made with by us."""
    error = kind(message="m", partial=answer(), usage=Usage(1, 2))
    plain = (str, int, float, bool, type(None), tuple, Response, Usage, AssistantMessage, Text, JsonObject)
    left: list[object] = [error]
    while left:
        value = left.pop()
        assert isinstance(value, (*plain, kind, dict)), type(value)
        left += [getattr(value, name) for name in getattr(value, "__dataclass_fields__", ())]


@given(errors())
def test_S3_errors_pickle_and_return(error: LlmError) -> None:
    assert pickle.loads(pickle.dumps(error)) == error
    assert copy.deepcopy(error) == error
    assert error_from_json(to_json(error)).unwrap() == error


def test_S5_the_key_is_in_no_url(
    provider: Provider, serve: Serve, colour: Colour, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    stub, runner = serve(answer("Hello", wire=provider.wire))
    monkeypatch.setenv(provider.key_variable, SHAPED_KEY)
    with logged() as log:
        colour(runner, asked)
    lines = [line for line in log.getvalue().splitlines() if "POST" in line]
    assert lines
    assert leaks(SHAPED_KEY, lines=lines, paths=[received.path for received in stub.requests]) == []


@KEYS_TRIED
def test_S3_no_file_that_a_run_leaves_has_the_key(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
    tmp_path: Path,
) -> None:
    """The whole stack against a server that says the key again, then answers: store, cassette, trace, pickles."""
    echo = Overloaded(message=f"no room for {key}", status=529, type="overloaded_error")
    steps: list[Step] = [echo, answer("Hello", wire=provider.wire)] * 2
    _, inner = serve(*steps)
    monkeypatch.setenv(provider.key_variable, key)
    with SqliteStore(tmp_path / "answers.db") as store, cassette(tmp_path / "cassette.yaml", "all"):
        stack = standard(inner, retries=1, retry_backoff=0.001, continues=1, cache=store)
        with logged() as log:
            told = colour(stack, asked)
            recorded = record(standard(inner, retries=1, retry_backoff=0.001), asked)
        (tmp_path / "trace.jsonl").write_text(recorded.trace.to_jsonl(), encoding="utf-8")
        (tmp_path / "pickle").write_bytes(pickled((told, recorded, stack)))
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    files["cassette.yaml"] = (tmp_path / "cassette.yaml").read_bytes()
    assert told.outcome.unwrap().text == "Hello"
    assert {"answers.db", "trace.jsonl", "pickle", "cassette.yaml"} <= set(files)
    assert b"Hello" in files["cassette.yaml"]
    assert leaks(key, told=told, recorded=recorded, log=log.getvalue(), **files) == []


# ---------------------------------------------------------------- S6 to S8: logs, notes, traces, tracebacks


@pytest.fixture
def hidden() -> Iterator[None]:
    import logging

    hide_prompts()
    yield
    for name in _LOGGERS:
        logging.getLogger(name).removeFilter(_HIDDEN)


@KEYS_TRIED
@pytest.mark.parametrize("how", ["answered", "refused", "page", "cut"])
def test_S6_no_log_at_any_level_has_the_key_and_with_the_filter_none_has_the_prompt(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
    how: str,
    hidden: None,
) -> None:
    steps: dict[str, Step] = {
        **echoes(key),
        "answered": answer("Hello", wire=provider.wire),
        "cut": Sent(answer("Hello", wire=provider.wire), cut_bytes=20, ending="reset"),
    }
    _, _, log = told_by(serve, provider, monkeypatch, key, colour, asked, steps[how])
    assert log, "the SDKs log at DEBUG"
    assert leaks(key, log=log) == []
    assert leaks(PROMPT, log=log) == []


def test_S6_with_the_filter_a_key_of_a_known_shape_is_in_no_log_though_a_header_says_it_again(
    provider: Provider,
    serve: Serve,
    colour: Colour,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    hidden: None,
) -> None:
    """The transport logs the headers of an answer, too."""
    step = Raw(b"{}", 401, (("request-id", SHAPED_KEY), ("location", f"/{PROMPT}?key={SHAPED_KEY}")))
    _, _, log = told_by(serve, provider, monkeypatch, SHAPED_KEY, colour, asked, step)
    assert "receive_response_headers" in log
    assert leaks(SHAPED_KEY, log=log) == []
    assert leaks(PROMPT, log=log) == []


def test_S6_this_library_logs_that_an_observer_raised_and_nothing_else() -> None:
    """By name alone. The filter is the only other module that has to do with logging."""
    logging_at_all = re.compile(r"^\s*(import logging|from logging)", re.MULTILINE)
    sources = {path.name: path.read_text(encoding="utf-8") for path in SOURCES}
    assert [name for name, source in sources.items() if logging_at_all.search(source)] == [
        "driver.py",
        "logs.py",
    ]
    assert re.findall(r"getLogger\(.*", sources["driver.py"]) == [
        'getLogger("llm_effects").warning("on_note raised %s; the run goes on without it", type(error).__name__)'
    ]


def test_S6_the_sdk_of_anthropic_logs_prompts_where_nobody_hides_them(
    serve: Serve, provider: Provider, monkeypatch: pytest.MonkeyPatch, asked: Completion, colour: Colour
) -> None:
    """What the documentation says of the SDKs is so; if this fails, the filter may be needless."""
    _, _, log = told_by(
        serve, provider, monkeypatch, SHAPED_KEY, colour, asked, answer("Hello", wire=provider.wire)
    )
    assert (PROMPT in log) is (provider.name == "anthropic")


def test_S7_notes_hold_no_prompt_and_traces_no_key(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: Completion, colour: Colour
) -> None:
    busy = Overloaded(message="busy", status=529, type="overloaded_error")
    _, runner = serve(busy, answer("Hello", wire=provider.wire), answer("Hello", wire=provider.wire))
    monkeypatch.setenv(provider.key_variable, ODD_KEY)
    stack = compose(runner, with_cache(MemoryStore()))
    told = colour(stack, asked)
    assert told.notes
    assert leaks(PROMPT, notes=told.notes) == []
    recorded = record(stack, asked)
    assert leaks(ODD_KEY, trace=recorded.trace, jsonl=recorded.trace.to_jsonl()) == []
    assert PROMPT in recorded.trace.to_jsonl(), "a trace is asked for, and is of use with the prompt alone"


@KEYS_TRIED
@pytest.mark.parametrize("ask", [(arun, run), (arecord, record)], ids=["run", "recorded"])
@pytest.mark.parametrize("kind", ["cancelled", "interrupted"])
def test_S8_a_traceback_with_locals_shows_no_key_and_in_frames_of_ours_no_prompt(
    provider: Provider,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    asked: Completion,
    key: str,
    kind: str,
    ask: tuple[
        Callable[[Runner, Completion], Coroutine[object, object, object]],
        Callable[[Runner, Completion], object],
    ],
) -> None:
    """What alone passes through a run: a cancelled task, and Ctrl-C."""
    stub, runner = serve(Sent(answer("Hello", wire=provider.wire), delay=30))
    monkeypatch.setenv(provider.key_variable, key)
    caught: BaseException | None = None

    def under_way() -> None:
        assert stub.wait_until(lambda it: len(it.requests) == 1)
        time.sleep(0.05)  # until the one who asked waits

    if kind == "cancelled":

        async def main() -> BaseException | None:
            task = asyncio.ensure_future(ask[0](runner, asked))
            await asyncio.to_thread(under_way)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
            return None

        caught = asyncio.run(main())
    else:
        main_thread = threading.main_thread().ident
        assert main_thread is not None

        def interrupt(main_thread: int = main_thread) -> None:
            under_way()
            signal.pthread_kill(main_thread, signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        try:
            ask[1](runner, asked)
        except KeyboardInterrupt as error:
            caught = error
        finally:
            interrupting.join()
    assert caught is not None
    assert "llm_effects" in with_locals(caught, of="llm_effects")
    assert leaks(key, traceback=with_locals(caught)) == []
    assert leaks(PROMPT, traceback=with_locals(caught, of="llm_effects")) == []
    assert leaks(PROMPT, traceback=with_locals(caught, of="site-packages")) == []


# ---------------------------------------------------------------- S9, S10, S15: what is read is data

NEVER = {"eval", "exec", "compile", "__import__"}
NEVER_IMPORTED = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "jsonpickle",
    "cloudpickle",
    "jinja2",
    "mako",
    "runpy",
    "ctypes",
}


def scanned(tree: ast.AST) -> list[str]:
    """What could make code, an object or a path of data."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in NEVER_IMPORTED]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in NEVER_IMPORTED:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else ""
            attribute = function.attr if isinstance(function, ast.Attribute) else ""
            if name in NEVER or attribute in {"literal_eval", "format_map", "unsafe_load", "full_load"}:
                found.append(name or attribute)
            elif attribute == "load" and ast.unparse(function.value) == "yaml":  # type: ignore[attr-defined]
                found.append("yaml.load")
            elif attribute == "format" and not isinstance(function.value, ast.Constant):  # type: ignore[attr-defined]
                found.append(f"{ast.unparse(function)}(…)")
            elif any(word.arg == "shell" for word in node.keywords) or attribute in {"system", "popen"}:
                found.append(attribute or name)
    return found


def test_S9_nothing_is_pickled_evaluated_or_made_from_a_template() -> None:
    """And so S15: an answer is never code, a template or an object here."""
    found = {path.name: told for path in SOURCES if (told := scanned(ast.parse(path.read_text("utf-8"))))}
    found.pop("echo.py")  # the stub's own sentences, which take a number
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from marshal import loads",
        "eval(x)",
        "answer.text.format(a=1)",
        "template.format_map(x)",
        "yaml.load(x)",
        "os.system(x)",
        "run(x, shell=True)",
    ],
)
def test_S15_the_scan_finds_what_it_looks_for(line: str) -> None:
    assert scanned(ast.parse(line))


EVIL = [
    {"py/object": "os.system", "py/reduce": []},
    {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "id"}},
    {"__class__": "subprocess.Popen", "args": ["id"]},
    {"$type": "System.Diagnostics.Process"},
]


@pytest.mark.parametrize("evil", EVIL, ids=lambda evil: next(iter(evil)))
def test_S10_data_that_names_classes_is_data(evil: dict[str, object]) -> None:
    """In an answer it is kept as it came; in a file that is ours it is no value."""
    body = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "tool_use", "id": "t", "name": "f", "input": evil}],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    response = codec_of("anthropic_messages").decode_response(json.dumps(body)).unwrap()
    (call,) = response.tool_calls
    assert json.loads(json.dumps(call.arguments.thaw())) == evil
    assert from_json(to_json(response)).unwrap() == response
    assert isinstance(from_json(json.dumps(evil)), Failure)
    assert isinstance(from_json(json.dumps({"schema": "llm_pure/1", **evil, "kind": "os.system"})), Failure)


@given(json_values())
def test_S10_only_kinds_that_we_know_are_made(value: object) -> None:
    outcome = from_json(json.dumps({"schema": "llm_pure/1", "kind": value}))
    assert isinstance(outcome, Failure) or type(outcome.unwrap()).__module__.startswith("llm_pure.")


# ---------------------------------------------------------------- S11: names and paths


@given(scope=st.text(), text=st.text(max_size=30))
def test_S11_a_key_of_a_store_is_hexadecimal_whatever_was_asked(scope: str, text: str) -> None:
    class Keys:
        blocking = False
        seen: set[str] = set()  # noqa: RUF012 - of this example

        def load(self, key: str) -> bytes | None:
            self.seen.add(key)
            return None

        def save(self, key: str, value: bytes) -> None:
            self.seen.add(key)

    store = Keys()
    store.seen = set()
    run(compose(leaf(answer()), with_cache(store, scope=scope)), QUESTION.replace(system=text))
    assert all(re.fullmatch(r"[0-9a-f]{64}", key) for key in store.seen)


# ---------------------------------------------------------------- S12, S13, S17: where a request goes


@pytest.mark.parametrize("wire", ["anthropic_messages", "openai_chat", "openai_responses"])
def test_S12_the_url_of_an_image_is_passed_on_and_fetched_by_nobody_here(wire: WireFormat) -> None:
    with Stub() as internal:
        image = Image(Url(f"{internal.url}/latest/meta-data"))
        completion = QUESTION.replace(messages=[user("look", image)])
        runner = leaf(answer(wire=wire), wire=wire)
        run(runner, completion)
        body = codec_of(wire).encode_request(completion).unwrap().payload
        assert internal.url in json.dumps(body)
        assert internal.requests == ()


def test_S13_a_redirect_is_not_followed_and_takes_nothing_away(
    provider: Provider, serve: Serve, colour: Colour, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    with Stub() as elsewhere:
        where = (("location", provider.url(elsewhere) + "/v1/messages"),)
        for status in (301, 307, 308):
            _, told, _ = told_by(
                serve, provider, monkeypatch, SHAPED_KEY, colour, asked, Raw(b"", status, where)
            )
            assert failed(told.outcome).retryable is False
        assert elsewhere.requests == ()


def test_S17_a_given_client_goes_where_it_was_told_to_whatever_the_environment_says(
    provider: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: Completion
) -> None:
    stub, _ = serve(answer("Hello", wire=provider.wire))
    runner = provider.with_clients(provider.url(stub), colour="blocking", key=SHAPED_KEY)
    with Stub() as elsewhere:
        for name in (
            provider.url_variable,
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "all_proxy",
        ):
            monkeypatch.setenv(name, elsewhere.url)
        monkeypatch.setenv(provider.key_variable, ODD_KEY)
        assert run(runner, asked).unwrap().text == "Hello"
        assert elsewhere.requests == ()
    assert runner.target.endpoint is not None
    assert runner.target.endpoint.startswith(stub.url)


def test_S17_of_the_environment_nothing_is_read_but_where_the_provider_is() -> None:
    """And that is read when the runner is made, and stands in its target."""
    read = {
        path.name: re.findall(r"os\.environ\S*|os\.getenv\S*", path.read_text(encoding="utf-8"))
        for path in SOURCES
        if "replay" not in path.parts and "stub" not in path.parts
    }
    assert {name for name, found in read.items() if found} == {"settings.py"}


# ---------------------------------------------------------------- S14, S18: bombs and floods

LONG = st.sampled_from(
    [
        "a",
        " ",
        "sk-",
        "Bearer ",
        "eyJ.",
        "messages.0",
        ".",
        "data:",
        "\n",
        "\r",
        "\u2028",
        "0",
        "A" * 40,
        "[",
        "<",
        "=",
    ]
)
READERS: dict[str, Callable[[str], object]] = {
    "snippet": snippet,
    "keys": lambda text: KEYS.sub("", text),
    **{
        f"{wire} error": lambda text, wire=wire: codec_of(wire).decode_error(  # type: ignore[misc]
            400, {"retry-after": text[:100], "date": text[:100]}, json.dumps({"error": {"message": text}})
        )
        for wire in ("anthropic_messages", "openai_chat", "openai_responses")
    },
    **{
        f"{wire} stream": lambda text, wire=wire: codec_of(wire).decode_stream([text.encode()])  # type: ignore[misc]
        for wire in ("anthropic_messages", "openai_chat", "openai_responses")
    },
}


def seconds(function: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        function(text)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
@given(pieces=st.lists(LONG, min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_S14_no_text_takes_more_than_its_length(name: str, pieces: list[str]) -> None:
    """Eight times the text takes about eight times as long, never the square of it."""
    unit = "".join(pieces)
    short = unit * max(1, 20_000 // len(unit))
    base = max(seconds(READERS[name], short), 0.0005)
    assert seconds(READERS[name], short * 8) < 30 * base


REPEATED_TWICE = re.compile(r"[*+}]\)[*+{]")
"""A repeat inside a repeated group: what makes a pattern try exponentially many ways."""


def test_S14_no_pattern_repeats_what_is_repeated() -> None:
    found = [
        f"{path.name}: {node.value}"
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.")
        for node in ast.walk(call)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and REPEATED_TWICE.search(node.value)
    ]
    linear = [
        # Each repeat begins with a character that the one inside it cannot hold.
        *[it for it in found if r"(?:\.[A-Za-z0-9_]+)*" in it or r"(?:[-_][a-z]{1,15}){1,8}" in it],
    ]
    assert [it for it in found if it not in linear] == []


@given(st.text(), st.integers(1, 3))
def test_S18_the_text_of_an_error_is_short(text: str, times: int) -> None:
    page = "<html>" + text * 2000 * times
    for wire in ("anthropic_messages", "openai_chat", "openai_responses"):
        codec = codec_of(wire)
        for body in (page.encode("utf-8", "replace"), json.dumps({"error": {"message": page, "type": page}})):
            error = codec.decode_error(502, {"request-id": "r"}, body)
            assert isinstance(error, ServerFault | LlmError)
            assert len(error.message) <= 500
            assert len(repr(error)) < 3000


# ---------------------------------------------------------------- S16: modes


@posix
def test_S16_the_files_are_the_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with SqliteStore(path) as store:
            store.save("a", b"1")
            files = sorted(path.parent.iterdir())
            assert [file.name.removeprefix("answers.db") for file in files] == ["", "-pin", "-shm", "-wal"]
            assert [mode(file) for file in files] == [0o600] * 4
    finally:
        os.umask(before)


@posix
def test_S16_an_open_file_is_closed_to_others(path: Path) -> None:
    filled(path, 1)
    path.chmod(0o644)
    with SqliteStore(path) as store:
        assert store.load("0000") is not None
        assert [mode(file) for file in path.parent.iterdir()] == [0o600] * 4


@posix
def test_S16_missing_folders_are_made_and_existing_ones_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with SqliteStore(tmp_path / "x" / "y" / "answers.db") as store:
        store.save("a", b"1")
    assert [mode(tmp_path), mode(tmp_path / "x"), mode(tmp_path / "x" / "y")] == [0o755, 0o700, 0o700]


@posix
def test_S16_a_cassette_is_the_owners_alone_until_it_is_shared(
    tmp_path: Path, provider: Provider, serve: Serve
) -> None:
    """Whatever the umask. Whoever commits it gives it to others; no earlier."""
    _, runner = serve(answer("Hello", wire=provider.wire))
    file = tmp_path / "folder" / "cassette.yaml"
    before = os.umask(0)
    try:
        with cassette(file, "once"):
            run(runner, provider.question).unwrap()
    finally:
        os.umask(before)
    assert read_cassette(file).interactions
    assert mode(file) == 0o600
