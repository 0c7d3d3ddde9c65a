"""NOTES section: what the encoder knows and a decoder does not need.

Implements SPEC.md 6.6 and 16 (R-905).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntc.encoder.container import CodedFile, NewSection
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn
from nntc.encoder.report import COPIED, EncodeReport, TensorReport
from nntc.format.notes import NOTES, VERSION, NotedMeasure, NotedSamples, NotesContent, write_errors
from nntc.format.registry import SectionType

_ENCODER = b"nntc"
_MEASURES = {
    Measure.KL: NotedMeasure.KL_DIVERGENCE,
    Measure.SQUARED_ERROR: NotedMeasure.SQUARED_ERROR,
    Measure.MIXED: NotedMeasure.MIXED,
}
_SAMPLES = {
    MeasuredOn.EVALUATION: NotedSamples.EVALUATION,
    MeasuredOn.HELD_OUT: NotedSamples.HELD_OUT,
    MeasuredOn.CALIBRATION: NotedSamples.CALIBRATION,
}
_LARGEST = float(np.finfo(np.float32).max)  # outputs of which nothing is left may be farther apart


def notes_section(
    tensors: Sequence[TensorReport], fidelity: Fidelity | None = None, made: str = ""
) -> NewSection:
    """Return the section.

    Parameters
    ----------
    tensors
        A report for each part of each record, in order.
    fidelity
        How alike the decoded network's outputs are, if that was measured.
    made
        What made integers of the model, if something did.
    """
    name = _ENCODER + (f", {made}".encode() if made else b"")
    errors = write_errors(np.array([tensor.error for tensor in tensors], np.float64))
    content = NotesContent(
        VERSION,
        len(tensors),
        errors,
        NotedMeasure.NONE if fidelity is None else _MEASURES[fidelity.measure],
        None if fidelity is None else _SAMPLES[fidelity.measured_on],
        None if fidelity is None else fidelity.samples,
        None if fidelity is None else min(fidelity.divergence, _LARGEST),
        len(name),
        name,
    )
    return NewSection(SectionType.NOTES, NOTES.write(content), 0)


def with_fidelity(file: CodedFile, report: EncodeReport) -> CodedFile:
    """Return a file with the fidelity of its report in NOTES: it is known only once the file has been run."""
    coded = [tensor for tensor in report.tensors if tensor.tool != COPIED]
    made = "" if report.integers is None else report.integers.text
    return file.with_notes(notes_section(coded, report.fidelity, made))
