"""Let a decoder decode vectors, several at a time, and collect what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nntc.conformance.decoders import Answer, BatchDecoder, CommandDecoder, Decoder
from nntc.conformance.judge import Problem, judge
from nntc.conformance.keyed import KeyedDecoder
from nntc.conformance.process import Caps
from nntc.conformance.suite import Expected, Suite, SuiteError, Vector
from nntc.decoder.folder import temporary_folder
from nntc.progress import Phase, Progress, Steps

BASE = "empty"
"""The vector for which a decoder takes next to no memory beyond its program and libraries."""

_MODEL = "decoded.onnx"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run.

    Parameters
    ----------
    command, batch
        Words of the decoder's command, or of the one for batch mode; one of them.
    limited
        Words of the commands that tell the decoder to take no more than `{limit}` bytes of "memory" or
        "output", where it can be told.
    keyed
        Words of the command that demands signatures: each with `{key}` once for each key, `{threshold}`.
    seconds, memory
        Caps for each vector, which may have narrower ones; memory in bytes beyond what `empty` takes.
    slow
        By what all seconds are multiplied.
    """

    command: Sequence[str] | None
    batch: Sequence[str] | None
    limited: dict[str, Sequence[str]]
    profile: str
    jobs: int
    seconds: float
    slow: float
    memory: int
    require_errors: bool
    keyed: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a vector; without an answer where its own file is at fault.

    Parameters
    ----------
    name
        The vector's id, and the limit that the caller set if there is one.
    memory
        Bytes beyond what `empty` takes, None if not known.
    """

    name: str
    vector: Vector
    answer: Answer | None
    memory: int | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    vector: Vector
    expected: Expected
    decoder: Decoder | None
    """One of its own, in place of the thread's."""


class Runner:
    """A decoder under test."""

    def __init__(self, suite: Suite, settings: Settings) -> None:
        self._suite = suite
        self._settings = settings
        self._own = threading.local()
        self._started: list[Decoder] = []
        self._base_memory: int | None = None

    def run(self, vectors: Sequence[Vector], progress: Progress | None = None) -> list[Result]:
        """Return a result for each vector and each limit of a caller, in order; OSError if nothing starts."""
        cases = [case for vector in vectors for case in self._cases(vector)]
        results: list[Result] = []
        try:
            self._base_memory = self._measure_base()
            with ThreadPoolExecutor(self._settings.jobs) as executor:
                try:
                    steps = Steps(progress, Phase.TESTING, len(cases), "vector")
                    results += steps.through(executor.map(self._result, cases))
                except BaseException:
                    executor.shutdown(cancel_futures=True)
                    raise
        finally:
            for decoder in self._started:
                decoder.close()
        return results

    def _cases(self, vector: Vector) -> Iterator[_Case]:
        vector = vector.for_profile(self._settings.profile)
        alone = vector.alone()
        if alone is vector or self._decoder().takes_bases:
            yield _Case(vector.id, vector, vector.expected, None)
        if alone is not vector:
            yield _Case(f"{vector.id} without base", alone, alone.expected, None)
        for limit in vector.caller_limits:
            words = self._settings.limited.get(limit.kind)
            if words is not None:
                name = f"{vector.id} with {limit.kind} {limit.bytes}"
                decoder = CommandDecoder(words, limit=str(limit.bytes))
                yield _Case(name, vector, limit.expected, decoder)
        if self._settings.keyed is not None:
            for number, own in enumerate(vector.caller_keys):
                name = f"{vector.id} with keys {number}"
                yield _Case(name, vector, own.expected, KeyedDecoder(self._settings.keyed, own))

    def _measure_base(self) -> int | None:
        """Return the peak memory of decoding `empty`, with the seconds of any vector."""
        base = next((vector for vector in self._suite.vectors if vector.id == BASE), None)
        if base is None or base.fault_of_file() is not None:
            raise SuiteError(f"vector {BASE!r}, with which memory is compared, is missing or altered")
        with temporary_folder() as folder:
            caps = Caps(self._settings.seconds * self._settings.slow)
            return self._decoder().decode(base.path, folder / _MODEL, caps).memory

    def _result(self, case: _Case) -> Result:
        vector = case.vector
        fault = vector.fault_of_file()
        if fault is not None:
            return Result(case.name, vector, None, None, (Problem("vector", fault),))
        seconds = min(self._settings.seconds, vector.max_seconds or self._settings.seconds)
        allowed = min(self._settings.memory, vector.max_memory or self._settings.memory)
        most = None if self._base_memory is None else self._base_memory + allowed
        caps = Caps(seconds * self._settings.slow, most)
        with temporary_folder() as folder:
            # Inside a folder of its own, to find what a file name with `..` in it would write.
            target = folder / "output" / _MODEL
            target.parent.mkdir()
            decoder = case.decoder or self._decoder()
            answer = decoder.decode(vector.path, target, caps, [file.path for file in vector.base])
            demanded = self._settings.require_errors
            problems = list(judge(case.expected, answer, target, folder, require_errors=demanded))
        memory = None
        if self._base_memory is not None and answer.memory is not None:
            memory = max(answer.memory - self._base_memory, 0)
            if memory > allowed and answer.outcome != "stopped":
                problems.append(Problem("memory", f"took {memory} bytes of memory, {allowed} allowed"))
        return Result(case.name, vector, answer, memory, tuple(problems))

    def _decoder(self) -> Decoder:
        """Return the decoder of this thread."""
        if not hasattr(self._own, "decoder"):
            settings = self._settings
            decoder: Decoder
            if settings.batch is not None:
                decoder = BatchDecoder(settings.batch)
            else:
                decoder = CommandDecoder(settings.command or ())
            self._own.decoder = decoder
            self._started.append(decoder)
        own: Decoder = self._own.decoder
        return own
