"""A runner: a frozen object that turns a completion into a program.

Law: a runner performs nothing; called, it gives a program that an interpreter drives. It knows where it goes
(`target`) and what is wrapped around it (`layers`, innermost first), and both survive every wrapper. The model
is filled in before anything decides.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from llm_effects.operations import Program
from llm_pure import Completion, Outcome, Response
from llm_pure.target import Target

__all__ = ["Runner", "Wrapped"]


class Runner(Protocol):
    """What every runner is, leaf or wrapped."""

    @property
    def target(self) -> Target:
        """Provider, wire format, endpoint and default model."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the leaf and of what is wrapped around it, innermost first."""
        ...

    def __call__(self, completion: Completion) -> Program[Outcome[Response]]: ...


@dataclass(frozen=True, slots=True)
class Wrapped(Runner):
    """A runner around a runner. A wrapper names itself and writes `program`."""

    inner: Runner
    _target: Target = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_target", self.inner.target)  # every call asks for it, at every layer

    @property
    @abstractmethod
    def layer(self) -> str:
        """The wrapper's name, as `compose` orders them."""

    @abstractmethod
    def program(self, completion: Completion) -> Program[Outcome[Response]]:
        """What is done; the completion's model is filled in."""

    @property
    @override
    def target(self) -> Target:
        return self._target

    @property
    @override
    def layers(self) -> tuple[str, ...]:
        return (*self.inner.layers, self.layer)

    @override
    def __call__(self, completion: Completion) -> Program[Outcome[Response]]:
        return self.program(self._target.filled(completion))
