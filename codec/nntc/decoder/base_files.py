"""Files of a base: as they are given, or what older `.nntc` files decode to, one after the other.

Implements SPEC.md 6.9 (R-216).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from nntc.decoder.base import Base, base_of
from nntc.decoder.folder import temporary_folder
from nntc.decoder.graph import Graph
from nntc.format.container import SIGNATURE
from nntc.sources.source import FileSource, Source, SourceLike, is_url, opened

Bases = SourceLike | Sequence[SourceLike]
"""What a caller gives as a base: a file, or several; a `.nntc` file stands for what it decodes to."""
DecodeInto = Callable[[Source, Path, "BaseFiles"], object]
"""Decodes a `.nntc` file to a path, with what it may need as its base."""


def as_list(given: Bases) -> list[SourceLike]:
    """Return the files that a caller gives as a base."""
    single = isinstance(given, str | os.PathLike | bytes | bytearray | memoryview | Source)
    return [given] if single else list(given)  # type: ignore[list-item, arg-type]


class BaseFiles:
    """Files to find a base among, looked at only where a base is needed.

    Parameters
    ----------
    given
        The base as the caller gives it.
    via
        Updates that lead from there to the base that is needed, in their order.
    decode
        How a `.nntc` file is decoded.
    """

    def __init__(self, given: Bases = (), via: Sequence[SourceLike] = (), *, decode: DecodeInto) -> None:
        self._given = as_list(given)
        self._via, self._decode = list(via), decode
        self._stack = ExitStack()

    def __enter__(self) -> BaseFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files, and remove what was decoded."""
        self._stack.close()

    def find(self, graph: Graph) -> Base:
        """Return the base that a graph names; E_BASE where it is not among the files."""
        return base_of(graph, self._candidates(graph) if graph.bases else iter(()))

    def _candidates(self, graph: Graph) -> Iterator[Source]:
        """Yield what may be a file of the base: what is given, what stands beside it, what it decodes to."""
        sources = [self._stack.enter_context(opened(own)) for own in self._given]
        if not self._via:
            yield from sources
            yield from self._beside([file.name for file in graph.files if file.name is not None])
        coded = [source for source in sources if source.read(0, len(SIGNATURE)) == SIGNATURE]
        decoded = [file for source in coded for file in self._decoded(source, ())]
        for number, update in enumerate(self._via):
            before = decoded if number else [*self._given, *decoded]
            decoded = self._decoded(self._stack.enter_context(opened(update)), before)
        yield from decoded

    def _decoded(self, source: Source, before: Sequence[SourceLike]) -> list[Source]:
        """Return the files that a `.nntc` file decodes to, which are gone when this is closed."""
        folder = self._stack.enter_context(temporary_folder())
        with BaseFiles(before, decode=self._decode) as base:
            self._decode(source, folder / "model", base)
        found = [FileSource(path) for path in sorted(folder.rglob("*")) if path.is_file()]
        for file in found:
            self._stack.callback(file.close)
        return list(found)

    def _beside(self, names: Sequence[str]) -> Iterator[Source]:
        """Yield files beside a base that have the names of the update's: most often its external data."""
        for own in self._given:
            if not isinstance(own, str | os.PathLike) or is_url(own):
                continue
            for name in names:
                with suppress(OSError):
                    source = FileSource(Path(own).parent / name)
                    self._stack.callback(source.close)
                    yield source
