"""The official Anthropic SDK as a leaf.

Law: the SDK is imported when a runner is first used, not before. Bedrock, Vertex, Foundry, a proxy: whatever client is
given is used as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import cache
from typing import TYPE_CHECKING, Final, cast, final

from typing_extensions import override

from llm_effects.operations import HttpRequest
from llm_effects.ports import MAX_SILENCE
from llm_effects.providers.clients import Clients, Sdk
from llm_effects.providers.door import SdkDoor
from llm_effects.providers.leaf import Leaf
from llm_effects.providers.settings import address_of, bounded, endpoint_of, named, ssl_context
from llm_effects.providers.unpack import ACCEPTED
from llm_pure.target import Target

if TYPE_CHECKING:
    import httpx2
    from anthropic import Anthropic, AsyncAnthropic, AsyncStream, Stream
    from anthropic._types import RequestOptions  # the type of a public parameter; it has no public name

__all__ = ["anthropic_runner"]

_VARIABLE: Final = "ANTHROPIC_BASE_URL"
_OWN: Final = "https://api.anthropic.com"

LONGEST_CALL: Final = 21_333
"""`max_tokens` above which the SDK itself refuses a call that does not stream: it may take longer than ten minutes."""


def anthropic_runner(
    client: Anthropic | None = None,
    *,
    async_client: AsyncAnthropic | None = None,
    model: str | None = None,
    max_silence: float | None = MAX_SILENCE,
) -> Leaf:
    """A runner on the Anthropic SDK.

    With no client each interpreter makes one of its own colour from the environment (`ANTHROPIC_API_KEY`, …), once
    per process, or per event loop; such a runner can be pickled, where one with a client cannot. A client of one
    colour serves that colour alone; the other is a `Failure(Misconfigured)`. `model` is asked where a completion
    names none. `max_silence`: how many seconds an answer may go without content, pings or not; then it is a
    `Deadline`. Raises ValueError for what is no time.
    """
    address = address_of(client or async_client, _VARIABLE)
    target = Target("anthropic", "anthropic_messages", endpoint_of(address, _OWN), model)
    door = SdkDoor(Clients(_SDK, client, async_client, address))
    return Leaf(door, target, longest=LONGEST_CALL, max_silence=max_silence)


@final
class _Anthropic(Sdk["Anthropic", "AsyncAnthropic"]):
    __slots__ = ()

    @override
    def __reduce__(self) -> str:
        return "_SDK"

    @override
    def client(self, address: str | None) -> Anthropic:
        from anthropic import Anthropic, DefaultHttpxClient

        http = DefaultHttpxClient(verify=ssl_context())
        return Anthropic(base_url=named(address, _VARIABLE, _OWN), max_retries=0, http_client=http)

    @override
    def async_client(self, address: str | None) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(verify=ssl_context())
        return AsyncAnthropic(base_url=named(address, _VARIABLE, _OWN), max_retries=0, http_client=http)

    # With `cast_to=Response` the SDK hands out the response itself, unread, though its type says a stream.

    @override
    def post(self, client: Anthropic, request: HttpRequest, limit: float | None) -> httpx2.Response:
        answer = client.post(
            request.path,
            content=request.body,
            cast_to=_kinds()[0],
            options=_options(request, client.timeout, limit),
            stream=True,
            stream_cls=_kinds()[1],
        )
        return cast("httpx2.Response", answer)

    @override
    def apost(
        self, client: AsyncAnthropic, request: HttpRequest, limit: float | None
    ) -> Awaitable[httpx2.Response]:
        answer = client.post(
            request.path,
            content=request.body,
            cast_to=_kinds()[0],
            options=_options(request, client.timeout, limit),
            stream=True,
            stream_cls=_kinds()[2],
        )
        return cast("Awaitable[httpx2.Response]", answer)

    @override
    def answer_in(self, error: Exception) -> httpx2.Response | None:
        from anthropic import APIStatusError

        return error.response if isinstance(error, APIStatusError) else None


@cache
def _kinds() -> tuple[type[httpx2.Response], type[Stream[object]], type[AsyncStream[object]]]:
    """What a call is to give, in the SDK's terms; looked up once, since each look-up costs a thousandth of a call."""
    from anthropic import AsyncStream, Stream
    from httpx2 import Response

    return Response, Stream[object], AsyncStream[object]


def _options(
    request: HttpRequest, timeout: httpx2.Timeout | float | None, limit: float | None
) -> RequestOptions:
    headers = {"content-type": "application/json", "accept-encoding": ACCEPTED, **request.headers}
    # A redirect would take the prompt to wherever an answer says.
    options: RequestOptions = {"headers": headers, "max_retries": 0, "follow_redirects": False}
    if limit is not None or request.max_silence is not None:
        options["timeout"] = bounded(timeout, limit, request.max_silence)
    return options


_SDK: Final = _Anthropic()
