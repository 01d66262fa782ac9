"""The two sides of each line: the same thing done by the official SDK, through its ordinary door, and by us.

Each function sets up what is not measured and gives what is: a function without arguments that returns the answer's
text, or whatever else there is to show for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeAlias, get_args

from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from benchmarks.inputs import Provider, conversation, sdk_arguments
from llm_effects import Runner, anthropic_runner, arun, astream, openai_chat_runner, run, stream
from llm_pure import Completion, TextDelta, anthropic_messages, openai_chat

__all__ = [
    "ACall",
    "Call",
    "Stack",
    "our_acall",
    "our_astream",
    "our_body",
    "our_call",
    "our_decode",
    "our_encode",
    "our_stream",
    "provider_named",
    "runner_at",
    "sdk_acall",
    "sdk_astream",
    "sdk_call",
    "sdk_decode",
    "sdk_encode",
    "sdk_stream",
]

Call: TypeAlias = Callable[[], object]
ACall: TypeAlias = Callable[[], Coroutine[object, object, object]]
Stack: TypeAlias = Callable[[Runner], Runner]

# With the SDK's own five seconds for a connection a thousand of them fail where the machine is busy.
KEY: dict[str, Any] = {"api_key": "none", "max_retries": 0, "timeout": 600.0}


def provider_named(name: str) -> Provider:
    return next(provider for provider in get_args(Provider) if provider == name)


# ---------------------------------------------------------------- without a network


def sdk_decode(provider: Provider, body: bytes) -> Call:
    """What `create` does with the bytes of an answer: the models of `json.loads` of them."""
    import httpx2
    from anthropic.types import Message
    from openai.types.chat import ChatCompletion

    response = httpx2.Response(200, content=body)
    if provider == "anthropic":
        anthropic = Anthropic(**KEY)
        return lambda: anthropic._process_response_data(
            data=json.loads(body), cast_to=Message, response=response
        )
    openai = OpenAI(**KEY)
    return lambda: openai._process_response_data(
        data=json.loads(body), cast_to=ChatCompletion, response=response
    )


def our_decode(provider: Provider, body: bytes) -> Call:
    codec = anthropic_messages if provider == "anthropic" else openai_chat
    return lambda: codec.decode_response(body).unwrap()


def sdk_encode(provider: Provider, length: int) -> Call:
    """What `create` does between its arguments and the socket."""
    arguments = sdk_arguments(provider, length)
    if provider == "anthropic":
        from anthropic._models import FinalRequestOptions

        anthropic = Anthropic(**KEY)

        def prepared() -> object:
            options = FinalRequestOptions.construct(method="post", url="/v1/messages", json_data=arguments)
            return anthropic._build_request(anthropic._copy_and_prepare(options))

        return prepared

    from openai._models import FinalRequestOptions as Options
    from openai._utils import maybe_transform
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

    openai = OpenAI(**KEY)

    def built() -> object:
        data = maybe_transform(arguments, CompletionCreateParamsNonStreaming)
        options = Options.construct(method="post", url="/chat/completions", json_data=data)
        return openai._build_request(options)

    return built


def our_encode(provider: Provider, length: int) -> Call:
    codec = anthropic_messages if provider == "anthropic" else openai_chat
    completion = conversation(provider, length)
    return lambda: codec.encode_request(completion).unwrap().payload


def our_body(provider: Provider, length: int, *, anew: bool) -> Call:
    """The bytes that go out. `anew`: of messages that were never sent (to make them forget is measured too)."""
    codec = anthropic_messages if provider == "anthropic" else openai_chat
    completion = conversation(provider, length)

    def written() -> object:
        return codec.encode_request(completion).unwrap().body().unwrap()

    def first_written() -> object:
        for message in completion.messages:
            if hasattr(message, "memo"):
                object.__delattr__(message, "memo")
        return written()

    return first_written if anew else written


# ---------------------------------------------------------------- a whole call


def runner_at(provider: Provider, url: str) -> Runner:
    """A runner of both colours, on clients with the SDK's own settings."""
    if provider == "anthropic":
        return anthropic_runner(
            Anthropic(base_url=url, **KEY), async_client=AsyncAnthropic(base_url=url, **KEY)
        )
    return openai_chat_runner(
        OpenAI(base_url=url + "/v1", **KEY), async_client=AsyncOpenAI(base_url=url + "/v1", **KEY)
    )


def _bare(runner: Runner) -> Runner:
    return runner


def asked(provider: Provider, length: int, *, anew: bool) -> Callable[[], Completion]:
    """The completion; `anew`: one that was never asked before."""
    if anew:
        numbers = count()
        return lambda: conversation(provider, length, note=f" ({next(numbers)})")
    completion = conversation(provider, length)
    return lambda: completion


def sdk_call(provider: Provider, url: str, length: int) -> Call:
    arguments = sdk_arguments(provider, length)
    if provider == "anthropic":
        anthropic: Any = Anthropic(base_url=url, **KEY)
        return lambda: anthropic.messages.create(**arguments).content[0].text
    openai: Any = OpenAI(base_url=url + "/v1", **KEY)
    return lambda: openai.chat.completions.create(**arguments).choices[0].message.content


def our_call(provider: Provider, url: str, length: int, stack: Stack = _bare, *, anew: bool = False) -> Call:
    runner = stack(runner_at(provider, url))
    ask = asked(provider, length, anew=anew)
    return lambda: run(runner, ask()).unwrap().text


def sdk_acall(provider: Provider, url: str, length: int) -> ACall:
    arguments = sdk_arguments(provider, length)
    if provider == "anthropic":
        anthropic: Any = AsyncAnthropic(base_url=url, **KEY)

        async def message() -> object:
            return (await anthropic.messages.create(**arguments)).content[0].text

        return message

    openai: Any = AsyncOpenAI(base_url=url + "/v1", **KEY)

    async def chat() -> object:
        return (await openai.chat.completions.create(**arguments)).choices[0].message.content

    return chat


def our_acall(
    provider: Provider, url: str, length: int, stack: Stack = _bare, *, anew: bool = False
) -> ACall:
    runner = stack(runner_at(provider, url))
    ask = asked(provider, length, anew=anew)

    async def answer() -> object:
        return (await arun(runner, ask())).unwrap().text

    return answer


# ---------------------------------------------------------------- a stream


def sdk_stream(provider: Provider, url: str) -> Call:
    arguments = {**sdk_arguments(provider, 2), "stream": True}
    if provider == "anthropic":
        anthropic: Any = Anthropic(base_url=url, **KEY)
        return lambda: "".join(
            [
                event.delta.text
                for event in anthropic.messages.create(**arguments)
                if event.type == "content_block_delta"
            ]
        )
    openai: Any = OpenAI(base_url=url + "/v1", **KEY)
    return lambda: "".join(
        [
            chunk.choices[0].delta.content or ""
            for chunk in openai.chat.completions.create(**arguments)
            if chunk.choices
        ]
    )


def our_stream(provider: Provider, url: str) -> Call:
    runner = runner_at(provider, url)
    completion = conversation(provider, 2)
    return lambda: "".join(
        [event.text for event in stream(runner, completion) if isinstance(event, TextDelta)]
    )


def sdk_astream(provider: Provider, url: str) -> ACall:
    arguments = {**sdk_arguments(provider, 2), "stream": True}
    if provider == "anthropic":
        anthropic: Any = AsyncAnthropic(base_url=url, **KEY)

        async def message() -> object:
            events = await anthropic.messages.create(**arguments)
            return "".join(
                [event.delta.text async for event in events if event.type == "content_block_delta"]
            )

        return message

    openai: Any = AsyncOpenAI(base_url=url + "/v1", **KEY)

    async def chat() -> object:
        chunks = await openai.chat.completions.create(**arguments)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])

    return chat


def our_astream(provider: Provider, url: str) -> ACall:
    runner = runner_at(provider, url)
    completion = conversation(provider, 2)

    async def text() -> object:
        return "".join(
            [event.text async for event in astream(runner, completion) if isinstance(event, TextDelta)]
        )

    return text
