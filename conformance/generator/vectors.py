"""All vectors, in the order of the manifest."""

from __future__ import annotations

from conformance.generator.cases import basics, coders, directory, graph, header, names, rans, streams, tables
from conformance.generator.suite import Suite


def make_suite() -> Suite:
    """Return all vectors."""
    suite = Suite()
    for module in (basics, header, directory, graph, names, streams, tables, coders, rans):
        module.add(suite)
    return suite
