"""A provider on loopback: for tests, demos and recordings, without a key.

    with Stub([RateLimited(retry_after=1), "Hello!"]) as stub:
        client = anthropic.Anthropic(api_key="-", base_url=stub.url)      # or openai.OpenAI(base_url=stub.openai_url)
        ...
        assert stub.requests[0].payload["max_tokens"] == 100

It speaks the formats that `llm_pure` has codecs for, streams exactly when a request asks for it, and answers by a
script: a list, used up in order, or a function of the decoded `Completion`. A step is an answer (a text, a `Response`,
an `LlmError`, `Raw` bytes), an answer with mischief (`Sent`), or no HTTP at all (`Refuse`, `Verbatim`). Without a
script it is `Echo`, a small deterministic model. `python -m llm_effects.stub` runs one for other programs.

Law: the same requests get the same bytes, in every run. It listens on 127.0.0.1 only.
"""

from llm_effects.stub.echo import Echo
from llm_effects.stub.script import Answer, Ending, Raw, Refuse, Sent, Step, Verbatim
from llm_effects.stub.server import Received, Script, Stub

__all__ = [
    "Answer",
    "Echo",
    "Ending",
    "Raw",
    "Received",
    "Refuse",
    "Script",
    "Sent",
    "Step",
    "Stub",
    "Verbatim",
]
