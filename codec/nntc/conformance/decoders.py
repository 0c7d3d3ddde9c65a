"""The two ways to ask a decoder: a process for each file, or one process and a line for each file."""

from __future__ import annotations

import json
import queue
import re
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from nntc.conformance.process import (
    Caps,
    beginning,
    forget_peak_memory,
    kill,
    peak_memory,
    run,
    start,
    watch,
)
from nntc.conformance.suite import Fault, Verdict

Outcome = Verdict | Literal["crash", "stopped"]

_VERDICTS: dict[int, Outcome] = {0: "accepted", 1: "rejected", 3: "unsupported"}
_BASE = "{base}"
_REPORT = re.compile(r"\b(E_[A-Z0-9_]+) @ (\d+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decoder did with a file.

    Parameters
    ----------
    fault
        What it reported, None if nothing.
    text
        For a person: why it was stopped, or how it crashed.
    memory
        Peak in bytes, None if not known.
    """

    outcome: Outcome
    fault: Fault | None
    text: str
    seconds: float
    memory: int | None


class Decoder(Protocol):
    """Whatever can be asked to decode a file; used by one thread."""

    @property
    def takes_bases(self) -> bool:
        """Whether it can be given the base of an update."""

    def decode(self, source: Path, target: Path, caps: Caps, bases: Sequence[Path] = ()) -> Answer:
        """Let it decode `source` to `target`, with external data beside it."""

    def close(self) -> None:
        """End what is still running."""


class CommandError(Exception):
    """A command that cannot be used as it is."""


def split_command(command: str, names: Sequence[str]) -> list[str]:
    """Split a command into words; CommandError if a placeholder is missing."""
    try:
        words = shlex.split(command)
    except ValueError as e:
        raise CommandError(f"{command!r}: {e}") from e
    for name in names:
        if not any(f"{{{name}}}" in word for word in words):
            raise CommandError(f"{command!r} has no {{{name}}}")
    if not words:
        raise CommandError("empty command")
    return words


class CommandDecoder:
    """A process for each file.

    Parameters
    ----------
    words
        Command with `{input}`, `{output}` and the names in `values`. A word with `{base}` stands there once
        for each base file.
    """

    def __init__(self, words: Sequence[str], **values: str) -> None:
        self._words = words
        self._values = values

    @property
    def takes_bases(self) -> bool:
        """Whether the command has a word with `{base}`."""
        return any(_BASE in word for word in self._words)

    def decode(self, source: Path, target: Path, caps: Caps, bases: Sequence[Path] = ()) -> Answer:
        """Run the command; OSError if it cannot be started."""
        values = {**self._values, "input": str(source), "output": str(target)}
        words = []
        for word in self._words:
            for base in map(str, bases) if _BASE in word else ("",):
                words.append(_filled(word, {**values, "base": base}))
        ended = run(words, caps)
        if ended.stopped is not None:
            return Answer("stopped", None, ended.stopped, ended.seconds, ended.memory)
        outcome = _VERDICTS.get(ended.code, "crash")
        match = _REPORT.search(ended.text)
        fault = Fault(match[1], int(match[2])) if match and outcome != "accepted" else None
        text = ""
        if outcome == "crash":
            how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
            text = f"{how}: {_last_line(ended.text)}"
        return Answer(outcome, fault, text, ended.seconds, ended.memory)

    def close(self) -> None:
        """Nothing is left running."""


def _filled(word: str, values: Mapping[str, str]) -> str:
    """Return a word with its placeholders filled, all at once: what is put in is not looked through again."""
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), word)


class BatchDecoder:
    """One process for many files: a JSON object on a line for each, and one in answer.

    It is started anew when it has crashed or been stopped.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._conversation: _Conversation | None = None

    @property
    def takes_bases(self) -> bool:
        """It is told of them."""
        return True

    def decode(self, source: Path, target: Path, caps: Caps, bases: Sequence[Path] = ()) -> Answer:
        """Send a line and read one; OSError if the process cannot be started."""
        begin = time.monotonic()
        if self._conversation is None:
            self._conversation = _Conversation(self._words)
        process = self._conversation.process
        forget_peak_memory(process.pid)
        request: dict[str, Any] = {"input": str(source), "output": str(target)}
        if bases:
            request["base"] = list(map(str, bases))
        self._conversation.send(request)
        stopped = watch(process.pid, caps, self._conversation.has_answer)
        memory = peak_memory(process.pid)
        seconds = time.monotonic() - begin
        if stopped is not None:
            self.close()
            return Answer("stopped", None, stopped, seconds, memory)
        line = self._conversation.answer()
        try:
            return _answer(json.loads(line), seconds, memory)
        except (ValueError, KeyError, TypeError):
            said = line.decode("utf-8", "replace").strip()
            text = f"answered {said!r}" if said else f"ended: {_last_line(self._conversation.stderr_text())}"
            self.close()
            return Answer("crash", None, text, seconds, memory)

    def close(self) -> None:
        """End the process."""
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None


class _Conversation:
    """A process that answers line by line."""

    def __init__(self, words: Sequence[str]) -> None:
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        try:
            self.process = start(words, self._stderr, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError:
            self._stderr.close()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Keep every line, and an empty one for the end."""
        for line in self.process.stdout or ():
            self._lines.put(line)
        self._lines.put(b"")

    def send(self, request: dict[str, Any]) -> None:
        """Send a line; where nobody is there to read it, the answer is the empty line."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                self.process.stdin.flush()

    def has_answer(self) -> bool:
        """Whether there is a line, or the end, to be read."""
        return not self._lines.empty()

    def answer(self) -> bytes:
        """Return the next line, empty at the end."""
        return self._lines.get()

    def stderr_text(self) -> str:
        """Return the beginning of what it wrote on standard error."""
        return beginning(self._stderr)

    def close(self) -> None:
        """End it."""
        kill(self.process.pid)
        self.process.wait()
        self._reader.join()
        for file in (self.process.stdin, self.process.stdout, self._stderr):
            if file is not None:
                with suppress(OSError):  # what has not been sent is not wanted any more
                    file.close()


def _answer(line: dict[str, Any], seconds: float, memory: int | None) -> Answer:
    outcome = line["status"]
    if outcome not in _VERDICTS.values():
        return Answer("crash", None, str(line.get("text") or outcome), seconds, memory)
    fault = None
    if outcome != "accepted" and line.get("error") is not None:
        fault = Fault(str(line["error"]), int(line["offset"]))
    return Answer(outcome, fault, "", seconds, memory)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "nothing on standard error"
