"""A download that survives: it goes on after any cut at any byte, in this process or another.

Ranges are asked for with `Range`, and with `If-Range` where the server has given the file a mark (RFC 9110,
clauses 13.1.5 and 14). A server that has no ranges, or whose ranges make no sense, sends the whole file, of
which the bytes that are there already are left out. Whether bytes are those of the file is told by digests,
not by the server: a file that was replaced meanwhile, or damaged on its way, costs the section that it
happened in.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntc.delivery.durable import write_durably
from nntc.delivery.pace import Patience
from nntc.delivery.part import DamagedHeadError, Part
from nntc.delivery.release import Release
from nntc.delivery.web import Answer, PassingError, Web, shown
from nntc.errors import SourceError
from nntc.progress import Phase, Progress, ProgressEvent

_GAIN = 1 << 14
"""Bytes that an attempt must bring, or all that is missing, to be worth something."""
_WHOLE, _PARTIAL = 200, 206
_TOO_OFTEN = 4
"""Times that a section may come damaged."""


@dataclass(slots=True)
class Transfer:
    """What a download took.

    Parameters
    ----------
    received
        Bytes of bodies of answers, not counted what came after the bytes asked for.
    fetched_before
        Bytes that were there when it began.
    requests
        Requests that were made.
    faults
        What went wrong and was overcome -> how often.
    """

    received: int = 0
    fetched_before: int = 0
    requests: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def fault(self, message: str) -> None:
        """Count something that went wrong."""
        self.faults[message] = self.faults.get(message, 0) + 1


class Download:
    """Fetches one target file.

    Parameters
    ----------
    web
        Client.
    url
        Of the file.
    release
        What it is.
    path
        Of the unfinished file; beside it, with `.json` at the end of its name, stands what the server has
        said.
    """

    def __init__(self, web: Web, url: str, release: Release, path: Path) -> None:
        self._web, self._url, self._release, self._path = web, url, release, path
        self._marks_path = path.with_name(f"{path.name}.json")
        self._marks = self._read_marks()
        self._has_ranges = True
        self.transfer = Transfer()

    def run(self, progress: Progress | None = None) -> None:
        """Fetch what is missing, and check the whole.

        Parameters
        ----------
        progress
            Called with events of phase `DOWNLOADING`: bytes that are there, fewer where some came damaged.

        Raises
        ------
        SourceError
            E_SOURCE: the server has not got it, or sends something else time and again.
        DeliveryError
            E_TRUST: what was signed is no `.nntc` file.
        OutputError
            E_OUTPUT: it cannot be written.
        """
        patience = Patience(self._web.settings)
        with Part(self._path, self._release) as part:
            self.transfer.fetched_before = part.fetched

            def tell() -> None:
                if progress is not None:
                    progress(ProgressEvent(Phase.DOWNLOADING, part.fetched, part.size))

            tell()
            while part.missing:
                before, asked = part.missing.size, None
                try:
                    self._attempt(part, tell)
                    fault = f"{shown(self._url)}: sends damaged bytes"
                except PassingError as e:
                    fault, asked = str(e), e.pause
                except DamagedHeadError:
                    fault = f"{shown(self._url)}: sends something else than what was signed"
                if not part.missing:
                    break
                self.transfer.fault(fault)
                gained = before - part.missing.size
                patience.wait(gained=gained >= min(_GAIN, before), asked=asked)
                if patience.is_over or max(part.damaged.values(), default=0) >= _TOO_OFTEN:
                    raise SourceError("E_SOURCE", fault)
            part.check_whole()

    def forget(self) -> None:
        """Remove the file and what was noted of it."""
        for path in (self._path, self._marks_path):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    def _attempt(self, part: Part, tell: Callable[[], None]) -> None:
        """Ask for the first stretch that is missing, and take what comes."""
        start, end = part.wanted()
        is_range = self._has_ranges and (start, end) != (0, part.size)
        self.transfer.requests += 1
        with self._web.get(self._url, self._headers(start, end) if is_range else {}) as answer:
            at = self._beginning(answer, start, part.size)
            if answer.status == _WHOLE:
                end = max(last for _, last in part.missing)
            is_replaced = self._note_marks(answer)
            damaged = sum(part.damaged.values())
            for piece in answer.pieces():
                self.transfer.received += min(len(piece), max(end - at, 0))
                at = part.write(at, piece)
                tell()
                if is_replaced and sum(part.damaged.values()) > damaged:  # what follows is of no use either
                    raise PassingError(f"{shown(self._url)}: was replaced meanwhile")
                if at >= end:
                    return
            raise PassingError(f"{shown(self._url)}: ends early")

    def _headers(self, start: int, end: int) -> dict[str, str]:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        mark = self._marks.get("ETag") or self._marks.get("Last-Modified")
        if start and mark and not mark.startswith("W/"):  # a weak one does not tell bytes apart
            headers["If-Range"] = mark
        return headers

    def _beginning(self, answer: Answer, start: int, size: int) -> int:
        """Return the place of an answer's first byte; PassingError for one that cannot be used."""
        if answer.status == _WHOLE:
            length = answer.headers.get("Content-Length", "")
            if answer.is_plain and length.isdecimal() and int(length) != size:
                raise PassingError(f"{shown(self._url)}: has {int(length):,} bytes instead of {size:,}")
            return 0
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if answer.status == _PARTIAL and answer.is_plain and found and int(found[1]) == start:
            if found[2] in ("*", str(size)):
                return start
            raise PassingError(f"{shown(self._url)}: has {int(found[2]):,} bytes instead of {size:,}")
        self._has_ranges = False
        raise PassingError(f"{shown(self._url)}: answers with another range than was asked for")

    def _note_marks(self, answer: Answer) -> bool:
        """Note what tells versions of the file apart; return whether it is another than before."""
        marks = {name: answer.headers[name] for name in ("ETag", "Last-Modified") if name in answer.headers}
        before, self._marks = self._marks, marks
        if marks != before:
            write_durably(self._marks_path, json.dumps(marks).encode())
        return bool(before) and marks != before

    def _read_marks(self) -> dict[str, str]:
        try:
            found: Any = json.loads(self._marks_path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): str(mark) for name, mark in found.items()} if isinstance(found, dict) else {}
