"""What has to be measured in a process of its own: imports, memory, and what is made once per process.

python benchmarks/alone.py import MODULES           seconds of processor time
python benchmarks/alone.py memory WHO PROVIDER URL  bytes per call, 1,000 in flight; WHO is `sdk` or `ours`
python benchmarks/alone.py shared URL               TLS contexts, and clients, made by three calls of each of four kinds
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

__all__ = ["alone", "seconds_to_import"]

IN_FLIGHT = 1000


def alone(*arguments: str) -> list[float]:
    """The numbers that a run of this program prints."""
    command = [sys.executable, __file__, *arguments]
    return [
        float(word)
        for word in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    ]


def seconds_to_import(modules: str) -> float:
    """Processor time that an import takes in an interpreter that has loaded nothing else."""
    program = f"from time import process_time as t; a = t(); import {modules}; print(t() - a)"
    command = [sys.executable, "-I", "-c", program]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


# ---------------------------------------------------------------- memory


def _peak() -> int:
    """The most that this process has ever held, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _held() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def _memory(who: str, provider: str, url: str) -> list[float]:
    import resource

    from benchmarks import sides

    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    named = sides.provider_named(provider)
    call: Callable[[str], Callable[[], Coroutine[object, object, object]]] = {
        "sdk": lambda at: sides.sdk_acall(named, at, 2),
        "ours": lambda at: sides.our_acall(named, at, 2),
    }[who]

    async def measured() -> float:
        if not await call(url)():
            raise RuntimeError("nothing came out")
        once = call(url + "/latency=3000")
        gc.collect()
        before = _held()
        answers = await asyncio.gather(*[once() for _ in range(IN_FLIGHT)])
        if not all(answers):
            raise RuntimeError("nothing came out")
        return (_peak() - before) / IN_FLIGHT

    return [asyncio.run(measured())]


# ---------------------------------------------------------------- what there must be one of


def _shared(url: str) -> list[float]:
    import ssl

    import anthropic
    import openai

    from benchmarks import inputs
    from llm_effects import Runner, anthropic_runner, arun, openai_chat_runner, run

    os.environ |= {"ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": url}
    os.environ |= {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url + "/v1"}
    contexts = _counted(ssl.SSLContext, "__new__")
    kinds: list[Any] = [anthropic.Anthropic, anthropic.AsyncAnthropic, openai.OpenAI, openai.AsyncOpenAI]
    clients = [_counted(kind, "__init__") for kind in kinds]

    async def on_a_loop(runner: Runner, provider: inputs.Provider) -> None:
        for _ in range(3):
            (await arun(runner, inputs.conversation(provider, 2))).unwrap()

    runners: list[tuple[Runner, inputs.Provider]] = [
        (anthropic_runner(), "anthropic"),
        (openai_chat_runner(), "openai"),
    ]
    for runner, provider in runners:
        for _ in range(3):
            run(runner, inputs.conversation(provider, 2)).unwrap()
        asyncio.run(on_a_loop(runner, provider))
    return [len(contexts), max(map(len, clients))]


def _counted(kind: type, method: str) -> list[None]:
    """One item for each time the method is called from now on."""
    calls: list[None] = []
    original = getattr(kind, method)

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return original(*args, **kwargs)

    setattr(kind, method, staticmethod(counting) if method == "__new__" else counting)
    return calls


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    what, *rest = sys.argv[1:]
    kinds: dict[str, Callable[..., list[float]]] = {"memory": _memory, "shared": _shared}
    print(*kinds[what](*rest))
