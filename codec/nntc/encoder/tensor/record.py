"""Records of the encoder, and the head of every TENSOR record.

Implements SPEC.md 7.1 and 11.1 (R-159).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.encoder.entropy.fragments import Fragment, expected_size
from nntc.encoder.entropy.rans import EncoderStream
from nntc.format.container import MAX_EXPANSION
from nntc.format.record import RECORD_HEAD, RecordHead
from nntc.format.registry import ElementType, Tool
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A TENSOR record to be assembled.

    Parameters
    ----------
    fragments
        Its bytes, rANS streams not yet encoded.
    element, view
        What it decodes to.
    note
        Why it was coded so, where that is not what was asked for; for the report.
    """

    fragments: list[Fragment]
    element: ElementType
    tool: Tool
    view: View
    note: str = ""

    @property
    def output(self) -> int:
        """Payload bytes."""
        return self.view.size * self.element.width

    @property
    def expected_size(self) -> float:
        """Bytes it will take, to a few."""
        return expected_size(self.fragments)

    @property
    def is_long_enough(self) -> bool:
        """Whether it is not shorter than a section of its output may be (SPEC.md, R-159).

        Where nearly all elements are equal, sparse rows, bzip2 and zstd can be; rANS of all elements
        never is, because of its lanes.
        """
        length = sum(4 * p.lanes if isinstance(p, EncoderStream) else len(p) for p in self.fragments)
        return self.output <= MAX_EXPANSION * (length + 1)


def record_head(tool: Tool, element: ElementType, view: View) -> bytes:
    """Return tool, element type and view."""
    return RECORD_HEAD.write(RecordHead.of(tool, element, view))
