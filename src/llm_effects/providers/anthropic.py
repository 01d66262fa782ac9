"""The official Anthropic SDK as a leaf.

Law: the SDK is imported when a runner is first used, not before. Bedrock, Vertex, Foundry, a proxy: whatever client is
given is used as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, final

from typing_extensions import override

from llm_effects.operations import HttpRequest
from llm_effects.providers.door import Sdk, SdkDoor, bounded, endpoint_of, ssl_context
from llm_effects.providers.leaf import Leaf
from llm_pure.target import Target

if TYPE_CHECKING:
    import httpx2
    from anthropic import Anthropic, AsyncAnthropic
    from anthropic._types import RequestOptions  # the type of a public parameter; it has no public name

__all__ = ["anthropic_runner"]

LONGEST_CALL: Final = 21_333
"""`max_tokens` above which the SDK itself refuses a call that does not stream: it may take longer than ten minutes."""


def anthropic_runner(
    client: Anthropic | None = None, *, async_client: AsyncAnthropic | None = None, model: str | None = None
) -> Leaf:
    """A runner on the Anthropic SDK.

    With no client each interpreter makes one of its own colour from the environment (`ANTHROPIC_API_KEY`, …), once
    per process, or per event loop. A client of one colour serves that colour alone; the other is a
    `Failure(Misconfigured)`. `model` is asked where a completion names none.
    """
    endpoint = endpoint_of(client or async_client, "ANTHROPIC_BASE_URL", "https://api.anthropic.com")
    target = Target("anthropic", "anthropic_messages", endpoint, model)
    return Leaf(SdkDoor(_SDK, client, async_client), target, longest=LONGEST_CALL)


@final
class _Anthropic(Sdk["Anthropic", "AsyncAnthropic"]):
    __slots__ = ()

    @override
    def __reduce__(self) -> str:
        return "_SDK"

    @override
    def client(self) -> Anthropic:
        from anthropic import Anthropic, DefaultHttpxClient

        return Anthropic(max_retries=0, http_client=DefaultHttpxClient(verify=ssl_context()))

    @override
    def async_client(self) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        return AsyncAnthropic(max_retries=0, http_client=DefaultAsyncHttpxClient(verify=ssl_context()))

    # With `cast_to=Response` the SDK hands out the response itself, unread, though its type says a stream.

    @override
    def post(self, client: Anthropic, request: HttpRequest, limit: float | None) -> httpx2.Response:
        from anthropic import APIStatusError, Stream
        from httpx2 import Response

        options = _options(request, client.timeout, limit)
        try:
            answer = client.post(
                request.path,
                content=request.body,
                cast_to=Response,
                options=options,
                stream=True,
                stream_cls=Stream[object],
            )
        except APIStatusError as error:
            return error.response
        return cast("httpx2.Response", answer)

    @override
    async def apost(
        self, client: AsyncAnthropic, request: HttpRequest, limit: float | None
    ) -> httpx2.Response:
        from anthropic import APIStatusError, AsyncStream
        from httpx2 import Response

        options = _options(request, client.timeout, limit)
        try:
            answer = await client.post(
                request.path,
                content=request.body,
                cast_to=Response,
                options=options,
                stream=True,
                stream_cls=AsyncStream[object],
            )
        except APIStatusError as error:
            return error.response
        return cast("httpx2.Response", answer)


def _options(
    request: HttpRequest, timeout: httpx2.Timeout | float | None, limit: float | None
) -> RequestOptions:
    headers = {"content-type": "application/json", **request.headers}
    options: RequestOptions = {"headers": headers, "max_retries": 0}
    if limit is not None:
        options["timeout"] = bounded(timeout, limit)
    return options


_SDK: Final = _Anthropic()
