"""Look into a `.nntc` file: sections, and tensors as arrays, each decoded on its own when asked for.

Tensors have the names that the ONNX graph gives them (SPEC.md, clause 17). What is handed out here is
protected by the digests of the sections it comes from; `nntc.decode` checks the SHA-256 of whole files too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType, TracebackType
from typing import Any

from numpy.typing import NDArray

from nntc.decoder.base_files import Bases
from nntc.decoder.directory import Section, read_directory
from nntc.decoder.graph import OutputFile
from nntc.decoder.model import base_files
from nntc.decoder.signatures import check_signatures, read_signatures
from nntc.format.container import MAJOR
from nntc.limits import Limits
from nntc.reader.content import Content
from nntc.reader.indexed import Indexed, IndexedTensor, index_of
from nntc.reader.lazy import GraphTensor, LazyTensor
from nntc.reader.notes import Notes
from nntc.signing.public import KeysLike, TrustedKeys
from nntc.sources.source import SourceLike, open_source

LISTED = Limits.of(tensors=Limits().tensors, fields=Limits().fields)
"""Limits of who lists tensors: unlike those of decoding, the format has none that would suit."""


def open(  # noqa: A001 - as nntc.open
    source: SourceLike,
    *,
    limits: Limits = LISTED,
    require_key: KeysLike | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
) -> Container:
    """Open a `.nntc` file without decoding its tensors.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`: header, directory, GRAPH and the
        sections asked for are all that is read, of a URL in few requests. `http` and `https` need nothing
        more, others (`s3`, `gs`, `hf`, `memory`) the extra `remote`.
    limits
        What the file may take; by default what listing its tensors may, as in `Limits()`, and anything else.
    require_key
        As for `nntc.decode`: each section that is read is then the signer's, by its digest.
    base, via
        What an update needs, as for `nntc.decode`.

    Returns
    -------
    A context manager.

    Raises
    ------
    FormatError
        Header, directory or graph is at fault. E_SIGNED: the file is not signed as is required; E_BASE: it is
        an update, and its base is not given.
    UnsupportedError
        The input needs a newer or fuller decoder.
    SourceError
        E_SOURCE, E_SOURCE_CHANGED: the input cannot be read from its URL.
    """
    return Container(source, limits=limits, require_key=require_key, base=base, via=via)


class Container:
    """An open `.nntc` file; a context manager.

    Parameters
    ----------
    source, limits, require_key, base, via
        See `open`.
    """

    def __init__(
        self,
        source: SourceLike,
        *,
        limits: Limits = LISTED,
        require_key: KeysLike | None = None,
        base: Bases = (),
        via: Sequence[SourceLike] = (),
    ) -> None:
        trusted = None if require_key is None else TrustedKeys.of(require_key)
        self._source, self._own = open_source(source)
        self._bases = base_files(base, via, limits=limits)
        try:
            self._directory = read_directory(self._source, limits.memory)
            self._signed_by = (
                () if trusted is None else check_signatures(self._source, self._directory, trusted)
            )
            self._limits = limits
            self._content = Content(self._source, self._directory, self._bases, limits)
            # Whoever gives a base has an update, whose graph is needed for all that it changes.
            index = None if base or via else index_of(self._source, self._directory)
            self._indexed = None if index is None else Indexed(self._source, self._directory, index)
            self._index = index
            if index is None:
                self._content.check_graph()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was opened here, and what was opened or decoded as its base."""
        self._bases.close()
        if self._own is not None:
            self._own.close()

    @property
    def size(self) -> int:
        """Bytes of the `.nntc` file."""
        return self._source.size

    @property
    def version(self) -> str:
        """Format version by which it was written, such as 1.0."""
        return f"{MAJOR}.{self._directory.minor}"

    @property
    def profile(self) -> str:
        """Profile that a decoder needs: device, main or full."""
        return self._directory.profile.name.lower()

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order; types are those of `nntc.format.registry.SectionType`."""
        return self._directory.sections

    @property
    def is_update(self) -> bool:
        """Whether it is decoded with the help of a base."""
        return bool(self._content.graph.bases)

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The files that decoding gives, the model first."""
        return self._content.graph.files

    @property
    def graph_size(self) -> int:
        """Bytes of the graph without payloads, before compression."""
        return len(self._content.graph.skeleton)

    @property
    def memory_bound(self) -> int:
        """Most bytes of memory that decoding the whole file needs."""
        return self._directory.memory_bound()

    @property
    def working_memory(self) -> int:
        """Bytes that a decoder of one section after the other needs for the tensors (SPEC.md 11.2)."""
        return self._directory.working_memory

    @property
    def signed_by(self) -> tuple[str, ...]:
        """Ids of the required keys that have signed it."""
        return self._signed_by

    @cached_property
    def key_ids(self) -> tuple[str, ...]:
        """Ids of the keys that the file names as its signers', which says nothing before it is verified."""
        return tuple(found.key_id.hex() for found in read_signatures(self._source, self._directory))

    @property
    def notes(self) -> Notes | None:
        """What the encoder noted, if it did."""
        return self._content.notes

    @property
    def has_index(self) -> bool:
        """Whether the file has an index that can be used."""
        return self._index is not None

    @cached_property
    def tensors(self) -> Mapping[str, LazyTensor]:
        """All tensors by name: in the order of the names as the index has them, or else in file order.

        Of a file with an index the graph is not read, but for what the index does not tell: `path`, `error`,
        and arrays of tensors that are not in sections. Whether an index is right, its maker alone knows:
        `graph_tensors` are those of the model that decoding gives.

        Raises
        ------
        LimitError
            E_LIMIT: there are more tensors than `limits` allow.
        FormatError, ModelError
            As `graph_tensors`, without an index.
        """
        if self._index is None or self._indexed is None:
            return self.graph_tensors
        self._limits.check("tensors", len(self._index), "tensors are in the index")
        found: dict[str, LazyTensor] = {}
        first: dict[tuple[int, int, int], str] = {}  # where they are -> key
        for name, entry in self._index.items():
            place = entry.sections.start, len(entry.sections), entry.part
            owner = first.setdefault(place, name) if entry.sections else name
            same_as = None if owner == name else owner
            found[name] = IndexedTensor(self._indexed, name, entry, same_as, lambda: self.graph_tensors)
        return MappingProxyType(found)

    @cached_property
    def graph_tensors(self) -> Mapping[str, GraphTensor]:
        """All tensors in file order, by name, as the graph has them.

        A tensor without a name, or with one that an earlier tensor has, goes by its path:
        "graph/node/3/attribute/0/t".

        Raises
        ------
        FormatError
            E_SPLICE; or E_DIGEST and others in a section that holds several tensors.
        ModelError
            E_PROTOBUF, E_EXTERNAL, E_LOCATION: what was encoded is no valid ONNX model.
        LimitError
            E_LIMIT: there are more tensors, or more fields of the graph, than `limits` allow.
        """
        found: dict[str, GraphTensor] = {}
        first: dict[tuple[int, int], str] = {}  # section, part -> key
        for wire in self._content.find_tensors():
            parts = [piece for piece in self._content.pieces_of(wire) if piece.skeleton is None]
            key = wire.name if wire.name and wire.name not in found else "/".join(map(str, wire.path))
            owners = [first.setdefault((p.section, p.part), key) for p in parts if p.section >= 0]
            same_as = next((owner for owner in owners if owner != key), None)
            found[key] = GraphTensor(self._content, wire, tuple(parts), same_as)
        return MappingProxyType(found)

    def arrays(self, names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
        """Decode several tensors together, which takes little longer than one of them.

        Parameters
        ----------
        names
            Keys of `tensors`; all of them if None.

        Returns
        -------
        Arrays as those of `LazyTensor.array`, in the order asked for.

        Raises
        ------
        KeyError
            There is no such tensor.
        FormatError
            A section that holds one of them is at fault.
        ModelError
            E_TENSOR, E_PROTOBUF: the data of one does not fit its shape or type.
        """
        wanted = {name: self.tensors[name] for name in (self.tensors if names is None else names)}
        found: dict[str, NDArray[Any]] = {}
        if self._indexed is not None:
            indexed = [tensor for tensor in wanted.values() if isinstance(tensor, IndexedTensor)]
            for number, data in self._indexed.data([tensor.entry for tensor in indexed]):
                if data is not None:
                    found[indexed[number].name] = indexed[number].array_of(data)
        left = [name for name in wanted if name not in found]
        if left:
            tensors = [wanted[name].in_graph for name in left]
            several = self._content.tensors_data([tensor.wire for tensor in tensors])
            found |= {n: t.array_of(d) for n, t, d in zip(left, tensors, several, strict=True)}
        return {name: found[name] for name in wanted}

    def outline(self) -> bytes:
        """Return the model file without payloads: nodes, names, shapes, and data of the smallest tensors."""
        return self._content.outline(tensor.wire for tensor in self.graph_tensors.values())
