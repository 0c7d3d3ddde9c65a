"""All vectors, in the order of the manifest."""

from __future__ import annotations

from conformance.generator.cases import basics, directory, graph, header, names, streams
from conformance.generator.suite import Suite


def make_suite() -> Suite:
    """Return all vectors."""
    suite = Suite()
    for module in (basics, header, directory, graph, names, streams):
        module.add(suite)
    return suite
