"""One merging: composed of the records that there are, or coded exactly where that is smaller."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from zstandard import ZstdCompressor

from nntc.decoder.base import Base
from nntc.decoder.base_files import Bases, as_list
from nntc.decoder.directory import read_directory
from nntc.decoder.folder import temporary_folder
from nntc.decoder.graph import OutputFile
from nntc.decoder.model import decode, verify
from nntc.encoder.container import CodedFile
from nntc.encoder.encode import encode
from nntc.encoder.index import indexed_file
from nntc.encoder.merge.compose import check_base, compose
from nntc.encoder.merge.recipe import Recipe, Unmergeable, read_recipe
from nntc.encoder.merge.writing import Written, write_recipe
from nntc.encoder.store import Store
from nntc.errors import FormatError, ModelError, NntcError
from nntc.format.registry import SectionType
from nntc.limits import NO_LIMITS, Limits
from nntc.progress import Progress
from nntc.sources.source import FileSource, Source

_CHUNK = 1 << 22
_MODEL = "model"
_QUICK_LEVEL, _SLACK = 3, 4
"""Level of a quick zstd, and how much more it gives than a composed file has where exact coding is larger."""
_LEFT_OUT = {
    SectionType.SIGNATURE: "signatures are left out: they were of other files",
    SectionType.NOTES: "errors of tensors are left out: they were those of each step",
}


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What merging has made.

    Parameters
    ----------
    size
        Bytes of the file.
    sources
        Bytes of each of those that it was made of.
    working_memory
        Bytes that a section-wise decoder needs: several records take more than each of them by itself.
    is_update
        Whether it needs a base: that of the first file.
    is_composed
        Whether it is made of the records of these files; else what they decode to was coded exactly.
    sections, stacked
        TENSOR sections of a composed file, and how many of them have several records.
    decoded
        Pieces of it that could not be composed, and were coded exactly.
    remarks
        What else there is to know, for people.
    """

    size: int
    sources: tuple[int, ...]
    working_memory: int
    is_update: bool
    is_composed: bool
    sections: int
    stacked: int
    decoded: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """What the last file decodes to.

    Parameters
    ----------
    model
        The model, in a folder with its other files.
    files
        All of them.
    """

    model: Path
    files: Sequence[Source]

    def may_be_smaller(self, size: int) -> bool:
        """Return whether exact coding of it, which takes long, may give fewer bytes than `size`."""
        compressor = ZstdCompressor(_QUICK_LEVEL).compressobj()
        coded = 0
        for file in self.files:
            for at in range(0, file.size, _CHUNK):
                coded += len(compressor.compress(file.read(at, _CHUNK)))
                if coded > _SLACK * size:
                    return False
        return True


class Merging:
    """One run, with all that it works with.

    Parameters
    ----------
    sources
        The files, two or more.
    base
        What the first one needs, if that is known.
    store
        Where sections are put aside.
    stack
        Closes what is opened.
    jobs, limits, progress
        As for `merge`.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        base: Bases,
        store: Store,
        stack: ExitStack,
        *,
        jobs: int = 1,
        limits: Limits = NO_LIMITS,
        progress: Progress | None = None,
    ) -> None:
        if len(sources) < 2:
            raise ValueError("merging takes two files or more")
        self._sources, self._base, self._store, self._stack = sources, as_list(base), store, stack
        self._jobs, self._limits, self._progress = jobs, limits, progress

    def run(self) -> tuple[Source, MergeReport]:
        """Return the file and what it is made of."""
        recipes = [read_recipe(source, self._store, self._limits) for source in self._sources]
        for number, (old, new) in enumerate(pairwise(recipes), 2):
            check_base(old, new, number)
        is_update, extras = bool(recipes[0].bases), frozenset[int]().union(*(own.extras for own in recipes))
        remarks = [text for kind, text in _LEFT_OUT.items() if kind in extras]
        decoded = None if is_update and not self._base else self._decoded(recipes[-1].files, is_update)
        written, why = self._composed(recipes, decoded)
        if written is None and decoded is None:
            message = f"these updates cannot be merged without what the first one needs (base): {why}"
            raise FormatError("E_BASE", message)
        has_index = not is_update and SectionType.INDEX in recipes[0].extras
        exact = None
        if decoded is not None and (written is None or decoded.may_be_smaller(written.file.size)):
            exact = self._exact(decoded.model, is_update=is_update, has_index=has_index)
        file: Source | None = exact
        if written is not None:
            composed = self._finished(written.file, has_index, remarks)
            if exact is None or composed.size <= exact.size:
                self._check(composed, is_decoded=decoded is not None)
                return composed, self._report(composed, is_update, written, remarks)
            why = f"the composed file has {composed.size:,} bytes"
        if file is None:
            raise FormatError("E_LIMIT", f"these files cannot be merged: {why}")
        return file, self._report(file, is_update, None, [*remarks, f"coded anew, exactly: {why}"])

    def _composed(self, recipes: Sequence[Recipe], decoded: _Decoded | None) -> tuple[Written | None, str]:
        """Return the composed file; None, and the reason, where there is none."""
        content = None if decoded is None else Base(decoded.files).read
        try:
            recipe = recipes[0]
            for new in recipes[1:]:
                recipe = compose(recipe, new, self._store)
            return write_recipe(recipe, self._store, content), ""
        except Unmergeable as e:
            return None, str(e)

    def _decoded(self, files: Sequence[OutputFile], is_update: bool) -> _Decoded:
        """Decode the last file, which gives `files`, into a temporary folder, and so check all of them."""
        model = self._stack.enter_context(temporary_folder()) / _MODEL
        first = 0 if is_update else 1
        decode(
            self._sources[-1],
            model,
            jobs=self._jobs,
            limits=self._limits,
            progress=self._progress,
            base=self._sources[:1] if first else self._base,
            via=self._sources[first:-1],
        )
        opened = [FileSource(model.parent / (own.name or _MODEL)) for own in files]
        for own in opened:
            self._stack.callback(own.close)
        return _Decoded(model, opened)

    def _exact(self, model: Path, *, is_update: bool, has_index: bool) -> FileSource | None:
        """Return an exact file of what was decoded; None where that is no model."""
        options: dict[str, Any] = {"index": has_index}
        if is_update:
            base = self._base[0] if len(self._base) == 1 else None
            if not isinstance(base, str | os.PathLike | bytes):
                return None
            options = {"base": base}
        target = self._stack.enter_context(temporary_folder()) / "exact.nntc"
        try:
            encode(model, target, method="lossless", jobs=self._jobs, **options)
        except ModelError:
            return None
        source = FileSource(target)
        self._stack.callback(source.close)
        return source

    def _finished(self, file: CodedFile, has_index: bool, remarks: list[str]) -> CodedFile:
        """Return a composed file with an index, if there was one."""
        if not has_index:
            return file
        try:
            return indexed_file(file)
        except NntcError:
            remarks.append("the index is left out: it cannot hold the names of the new version")
            return file

    def _check(self, file: CodedFile, *, is_decoded: bool) -> None:
        """Decode a composed file, or read it where its base is not there; raises E_INTERNAL for a fault."""
        try:
            if is_decoded:
                verify(file, jobs=self._jobs, base=self._base)
            else:
                read_recipe(file, self._store, self._limits)
        except FormatError as e:
            message = f"the merged file does not give the files back, please report this: {e}"
            raise NntcError("E_INTERNAL", message) from e

    def _report(
        self, file: Source, is_update: bool, written: Written | None, remarks: Sequence[str]
    ) -> MergeReport:
        sizes = tuple(source.size for source in self._sources)
        counts = (0, 0, 0) if written is None else (written.sections, written.stacked, written.decoded)
        memory = read_directory(file).working_memory
        return MergeReport(file.size, sizes, memory, is_update, written is not None, *counts, tuple(remarks))
