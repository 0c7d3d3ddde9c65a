"""TENSOR sections decoded in order, several at a time; the first fault in order is reported.

Implements SPEC.md 6.4, 9.1, 9.2 and 9.3 (R-501, R-503).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.base import NO_BASE, Base
from nntc.decoder.directory import Directory, Section, read_section
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.entropy.tables import read_tables
from nntc.decoder.tensor.record import Payload, TensorRecord, WorkingMemory, decode_records, read_tensor
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.graph import BaseFile
from nntc.format.tables import TABLE_COUNT, FrequencyTable
from nntc.format.view import MAX_RAGGED_OUTPUT
from nntc.kernels.choice import chosen
from nntc.sources.source import Source

if TYPE_CHECKING:
    from concurrent.futures import Future

BATCH_COST = 48 << 20
"""Payload bytes, and four times the stored bytes, decoded together: many lanes, little memory."""
BATCH_SECTIONS = 256
_OUTPUT_COST, _STORED_COST = 6, 6
"""Bytes of memory that decoding takes for each byte of output, and of a section, as in the bound of 11.2."""


def read_parse_context(source: Source, directory: Directory, bases: Sequence[BaseFile] = ()) -> ParseContext:
    """Return profile, shared tables from the TABLES section if there is one, and sizes of the base."""
    shared: Sequence[FrequencyTable] = ()
    if directory.tables is not None:
        stream = SectionStream(read_section(source, directory.tables), directory.tables.offset)
        shared = read_tables(stream, TABLE_COUNT.read(stream))
        stream.finish("TABLES section")
    sizes = tuple(file.size for file in bases)
    return ParseContext(directory.profile, shared, directory.working_memory, sizes)


@in_standard_arithmetic
def read_record(source: Source, section: Section, context: ParseContext) -> TensorRecord:
    """Read and parse one TENSOR section."""
    return read_tensor(read_section(source, section), section.offset, section.output, context)


Decoded = tuple[TensorRecord, Payload]
Batch = Generator[Decoded, None, None]
"""A batch's decoded sections; raises its first fault after what comes before it."""


def decode_sections(
    source: Source,
    sections: Sequence[Section],
    context: ParseContext,
    jobs: int = 1,
    memory: int | None = None,
    base: Base = NO_BASE,
) -> Generator[Decoded, None, None]:
    """Yield every section's record and payload in order; the first fault in order is the one raised.

    Whoever stops early closes the generator, which then waits for its threads.

    Parameters
    ----------
    source
        The file.
    sections
        TENSOR sections in their order in the file.
    context
        Profile and shared tables.
    jobs
        Threads; results do not change.
    memory
        Bytes within which threads work: where sections are large, fewer of them do. None is no limit.
    base
        What an update changes.
    """
    batches = _batches(sections)
    results: Generator[Batch, None, None] = (_decode_batch(source, batch, context, base) for batch in batches)
    if jobs > 1:
        results = _in_threads(source, batches, context, jobs, memory, base)
    offsets = iter([section.offset for section in sections])
    needed = WorkingMemory()
    with closing(results):
        for batch in results:
            for record, payload in batch:
                needed.add(record)
                offset = next(offsets)
                if needed.ragged > MAX_RAGGED_OUTPUT:
                    raise FormatError("E_LIMIT", "ragged tensors are too large together", offset)
                if needed.most > context.working_memory:
                    raise FormatError("E_LIMIT", "ragged tensors need more than the header says", offset)
                yield record, payload
                del record, payload  # nothing here keeps them alive while the next is decoded


def _batch_cost() -> int:
    """Return the cost of a batch: native kernels gain nothing by many lanes, threads by many batches."""
    return BATCH_COST if chosen() == "numpy" else BATCH_COST // 16


def _batches(sections: Sequence[Section]) -> Iterator[list[Section]]:
    batch: list[Section] = []
    total, most = 0, _batch_cost()
    for section in sections:
        cost = section.output + 4 * section.length
        if batch and (total + cost > most or len(batch) == BATCH_SECTIONS):
            yield batch
            batch, total = [], 0
        batch.append(section)
        total += cost
    if batch:
        yield batch


def _decode_batch(source: Source, sections: Sequence[Section], context: ParseContext, base: Base) -> Batch:
    """Decode a batch: all tokens together, then one payload after the other as it is asked for."""
    records: list[TensorRecord] = []
    fault = None
    for section in sections:
        try:
            records.append(read_record(source, section, context))
        except FormatError as e:
            fault = e
            break
    tokens = decode_records(records)
    for number, record in enumerate(records):
        own, tokens[number] = tokens[number], []
        yield record, record.payload(own, base)
    if fault is not None:
        raise fault


def _in_threads(
    source: Source,
    batches: Iterator[list[Section]],
    context: ParseContext,
    jobs: int,
    memory: int | None,
    base: Base,
) -> Generator[Batch, None, None]:
    # Few want threads, and importing them takes a small model longer than being decoded.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(jobs) as executor:
        waiting: deque[tuple[Future[_Finished], int]] = deque()
        taken = 0
        for batch in batches:
            need = sum(_OUTPUT_COST * s.output + _STORED_COST * s.length for s in batch)
            while waiting and (len(waiting) > jobs or (memory is not None and taken + need > memory)):
                finished, own = waiting.popleft()
                yield _replay(*finished.result())  # until it has been used, it takes its place
                taken -= own
            waiting.append((executor.submit(_finish, source, batch, context, base), need))
            taken += need
        while waiting:
            yield _replay(*waiting.popleft()[0].result())


_Finished = tuple[deque[Decoded], FormatError | None]


def _finish(source: Source, sections: Sequence[Section], context: ParseContext, base: Base) -> _Finished:
    """Decode a whole batch; return its sections and what it would raise after them."""
    decoded: deque[Decoded] = deque()
    try:
        decoded.extend(_decode_batch(source, sections, context, base))
    except FormatError as e:
        return decoded, e
    return decoded, None


def _replay(decoded: deque[Decoded], fault: FormatError | None) -> Batch:
    while decoded:
        yield decoded.popleft()
    if fault is not None:
        raise fault
