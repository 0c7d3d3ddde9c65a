"""All vectors, in the order of the manifest."""

from __future__ import annotations

from types import ModuleType

from conformance.generator.cases import (
    basics,
    chains,
    coders,
    common,
    conversions,
    devices,
    difference_faults,
    differences,
    directory,
    examples,
    graph,
    header,
    index,
    integers,
    lanes,
    leading,
    limits,
    lossless,
    names,
    networks,
    pairs,
    precedence,
    rans,
    rounding,
    scale,
    signatures,
    streams,
    tables,
    transform,
    uniform,
    uniform_integers,
    uniform_trellis,
    updates,
    views,
)
from conformance.generator.suite import Suite

SUBJECTS: tuple[ModuleType, ...] = (
    examples,
    basics,
    header,
    directory,
    leading,
    graph,
    names,
    streams,
    tables,
    coders,
    rans,
    lanes,
    views,
    lossless,
    common,
    integers,
    uniform,
    uniform_integers,
    uniform_trellis,
    transform,
    rounding,
    pairs,
    signatures,
    limits,
    devices,
    index,
    scale,
    precedence,
    networks,
    updates,
    differences,
    conversions,
    difference_faults,
    chains,
)


def make_suite() -> Suite:
    """Return all vectors."""
    suite = Suite()
    for subject in SUBJECTS:
        subject.add(suite)
    return suite
