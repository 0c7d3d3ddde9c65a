"""The vectors: valid files, and bad ones made from them by a patch with one fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError

from conformance.generator.build import Built, build
from conformance.generator.files import INDEX, NO_CHANGE, NOTES, Change, File
from conformance.generator.patches import patch
from conformance.generator.records import Record
from conformance.generator.vector import (
    MAX_MEMORY,
    MAX_SECONDS,
    NO_INDEX,
    CallerKeys,
    CallerLimit,
    Fault,
    Indexed,
    Vector,
)


class Suite:
    """Collects vectors in order."""

    def __init__(self) -> None:
        self._vectors: dict[str, Vector] = {}
        self._sources: dict[str, tuple[File, Built]] = {}

    def __iter__(self) -> Iterator[Vector]:
        return iter(self._vectors.values())

    def file(self, id: str) -> File:  # noqa: A002 - the field's name
        """Return what a valid vector was made of."""
        return self._sources[id][0]

    def built(self, id: str) -> Built:  # noqa: A002
        """Return the fields of a valid vector."""
        return self._sources[id][1]

    def _add(self, vector: Vector) -> None:
        if vector.id in self._vectors:
            raise ValueError(f"two vectors are called {vector.id}")
        self._vectors[vector.id] = vector

    def valid(
        self,
        id: str,  # noqa: A002
        comment: str,
        requirements: str,
        *records: Record,
        file: File | None = None,
        change: Change = NO_CHANGE,
        contents: Sequence[bytes] | None = None,
        features: str = "",
        index: Sequence[Indexed] | None = NO_INDEX,
        bounded: bool = False,
        caller_limits: Sequence[CallerLimit] = (),
        caller_keys: Sequence[CallerKeys] = (),
    ) -> None:
        """Add a file that must be decoded: `file`, or one around `records`.

        Parameters
        ----------
        contents
            The output files where `change` makes them others than those of `file`.
        requirements, features
            Requirement ids and further features, separated by spaces.
        index
            See `Vector`.
        bounded
            Whether a bound on memory and time is stated.
        """
        file = File(records) if file is None else file
        contents = file.contents() if contents is None else contents
        built = build(file, change, [hashlib.sha256(data).digest() for data in contents])
        self._sources[id] = file, built
        names = [o.name.decode() if isinstance(o.name, bytes) else o.name for o in file.output_files]
        self._add(
            Vector(
                id,
                built.data,
                comment,
                tuple(requirements.split()),
                _features(file, features),
                tuple(zip(names, contents, strict=True)),
                tuple((built.offset(f"TENSOR[{i}]"), record) for i, record in enumerate(file.records)),
                index=None if index is None else tuple(index),
                max_memory=MAX_MEMORY * bounded,
                max_seconds=MAX_SECONDS * bounded,
                caller_limits=tuple(caller_limits),
                caller_keys=tuple(caller_keys),
                bases=tuple(file.bases),
                without_base=_without_base(built, file.bases),
            )
        )

    def bad(
        self,
        id: str,  # noqa: A002
        parent: str,
        error: str,
        at: str | int,
        requirements: str,
        comment: str,
        fields: Mapping[str, bytes] | None = None,
        *,
        change: Change = NO_CHANGE,
        file: File | None = None,
        features: str = "",
        bounded: bool = False,
        caller_limits: Sequence[tuple[str, int, str, str | int]] = (),
        caller_keys: Sequence[tuple[tuple[bytes, ...], int, str, str | int]] = (),
        bases: Sequence[bytes] | None = None,
    ) -> None:
        """Add a file that must be rejected.

        Parameters
        ----------
        parent
            The valid vector that it is made from.
        at
            Field, section or offset at which the error must be reported (see `Built.offset`).
        fields, change, file
            What differs from the parent: fields, anything else, or what the file is made of.
        caller_limits
            What, bytes allowed, error id and place of another outcome under a caller's limit.
        caller_keys
            Keys, threshold, error id and place of the outcome where a caller demands signatures.
        bases
            What the decoder is given as the base; None for that of `file`.
        """
        source, before = self._sources[parent]
        if fields is not None:
            change = replace(change, fields=fields)
        after = build(file or source, change, self._digests(before, file or source))
        if after.data == before.data:
            raise ValueError(f"{id} does not differ from {parent}")
        fault = Fault(error, after.offset(at))
        given = tuple((file or source).bases if bases is None else bases)
        bounded = bounded or fault.kind == "limit"
        self._add(
            Vector(
                id,
                after.data,
                comment,
                tuple(requirements.split()),
                tuple(sorted({*self._vectors[parent].features, *features.split()})),
                fault=fault,
                parent=parent,
                patch=tuple(patch(before, after)),
                max_memory=MAX_MEMORY * bounded,
                max_seconds=MAX_SECONDS * bounded,
                caller_limits=tuple(
                    CallerLimit(what, allowed, Fault(own, after.offset(place)))
                    for what, allowed, own, place in caller_limits
                ),
                caller_keys=tuple(
                    CallerKeys(keys, threshold, Fault(own, after.offset(place)))
                    for keys, threshold, own, place in caller_keys
                ),
                bases=given,
                without_base=_without_base(after, given),
            )
        )

    def fault(
        self,
        id: str,  # noqa: A002
        parent: str,
        place: str,
        value: bytes,
        error: str,
        requirements: str,
        comment: str,
        *,
        at: str | int | None = None,
        features: str = "",
        bounded: bool = False,
    ) -> None:
        """Add a file that must be rejected for the value of one field, reported there or `at`."""
        where = place if at is None else at
        fields = {place: value}
        self.bad(id, parent, error, where, requirements, comment, fields, features=features, bounded=bounded)

    def _digests(self, parent: Built, file: File) -> list[bytes]:
        own = [data for name, data in parent.fields if name.endswith(".sha256")]
        count = len(file.output_files)
        return (own + [bytes(32)] * count)[:count]


def _without_base(built: Built, bases: Sequence[bytes]) -> Fault | None:
    """Return what a decoder without base must say: E_BASE, or of a fault that it finds before."""
    if not bases:
        return None
    try:
        decode_bytes(built.data)
    except FormatError as e:
        return Fault(e.id, e.offset or 0)
    raise ValueError("no base is needed")


def _features(file: File, more: str) -> tuple[str, ...]:
    found = {feature for record in file.records for feature in record.features} | set(more.split())
    if len(file.output_files) > 1:
        found.add("external-data")
    items = [item for output in file.output_files for item in output.items if isinstance(item, int)]
    if any(item and item % 2 == 0 for item in items):
        found.add("repeated-piece")
    if file.bases:
        found.add("update")
    for kind, _ in file.others:
        found.add({NOTES: "notes", INDEX: "index"}.get(kind, "ignorable-section"))
    return tuple(sorted(found))
