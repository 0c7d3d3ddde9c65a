"""Files that a caller names and that belong together, such as a file and a page about it.

Implements SPEC.md 10 (R-600, R-607, R-608).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from nntc.decoder.folder import FolderSink
from nntc.errors import OutputError
from nntc.format.names import is_file_name


class OutputSet:
    """Files to be written together: claimed when this is entered, in place when it is left without an error.

    In one folder they are a set: stopped at any moment, all are of before, all are new, or the first is not
    there, and the next run puts back what was before. In several folders, the first comes first: another one
    that cannot be put in its place leaves the first where it is.

    Parameters
    ----------
    paths
        The files, the main one first; what has these names is replaced.

    Raises
    ------
    OutputError
        E_OUTPUT: a place cannot be written. E_OUTPUT_BUSY: another run is writing there.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        is_set = len({path.parent for path in paths}) == 1 and all(
            is_file_name(os.fsencode(path.name)) for path in paths
        )
        self._groups = [list(paths)] if is_set else [[path] for path in paths]
        self._sinks = [FolderSink(group[0], replace_external=True) for group in self._groups]

    def __enter__(self) -> OutputSet:
        try:
            for sink, group in zip(self._sinks, self._groups, strict=True):
                sink.claim()
                for path in group[1:]:
                    sink.check(path.name)
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, contents: Sequence[Iterable[bytes]]) -> None:
        """Write the files, in the order of their paths and each in chunks; raises OutputError, E_OUTPUT."""
        remaining = iter(contents)
        for sink, group in zip(self._sinks, self._groups, strict=True):
            for path in group:
                sink.begin(None if path is group[0] else path.name)
                for chunk in next(remaining):
                    sink.write(memoryview(chunk))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            self._discard()

    def _publish(self) -> None:
        for number, sink in enumerate(self._sinks):
            try:
                sink.publish()
            except OutputError as e:
                if not number:
                    raise
                message = f"{e.message}; {self._groups[0][0]} is complete, and in its place"
                raise OutputError(e.id, message) from e

    def _discard(self) -> None:
        for sink in self._sinks:
            sink.discard()
