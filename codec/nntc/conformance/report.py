"""Reports on a run: for a person, as JSON, as JUnit's XML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from nntc.conformance.runner import Result
from nntc.conformance.suite import CLASSES, Suite
from nntc.printable import printable


def human(results: Sequence[Result]) -> str:
    """Return what is wrong, vector by vector, and a table."""
    return "\n".join([*_failures(results), *_table(results), *_extremes(results)])


def _failures(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.problems:
            yield f"FAIL {result.name} ({result.vector.kind})"
            for problem in result.problems:
                yield f"  {problem.kind}: {problem.text}"
            yield f"  {result.vector.comment} [{' '.join(result.vector.requirements)}]"
            yield ""


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield f"{'class':<12}{'passed':>8}{'failed':>8}"
    groups = {kind: [r for r in results if r.vector.kind == kind] for kind in CLASSES}
    for name, group in [*groups.items(), ("all", results)]:
        if group:
            failed = sum(bool(result.problems) for result in group)
            yield f"{name:<12}{len(group) - failed:>8}{failed:>8}"


def _extremes(results: Sequence[Result]) -> Iterator[str]:
    timed = [(r.answer.seconds, r.name) for r in results if r.answer is not None]
    if timed:
        seconds, name = max(timed)
        yield f"longest: {seconds:.1f} s for {name}"
    measured = [(r.memory, r.name) for r in results if r.memory is not None]
    if measured:
        memory, name = max(measured)
        yield f"most memory: {memory / 2**20:.0f} MiB beyond an empty file, for {name}"
    else:
        yield "memory: this system does not tell, so no cap on it was checked"


def as_json(suite: Suite, command: str, profile: str, results: Sequence[Result]) -> str:
    """Return all results as a JSON object."""
    failed = sum(bool(result.problems) for result in results)
    value = {
        "format": suite.format,
        "decoder": command,
        "profile": profile,
        "passed": len(results) - failed,
        "failed": failed,
        "results": [_entry(result) for result in results],
    }
    return json.dumps(value, indent=1) + "\n"


def _entry(result: Result) -> dict[str, Any]:
    vector, answer = result.vector, result.answer
    fault = answer.fault if answer is not None else None
    return {
        "name": result.name,
        "id": vector.id,
        "class": vector.kind,
        "requirements": list(vector.requirements),
        "passed": not result.problems,
        "outcome": answer.outcome if answer is not None else None,
        "error": {"id": fault.id, "offset": fault.offset} if fault is not None else None,
        "seconds": round(answer.seconds, 3) if answer is not None else None,
        "memory": result.memory,
        "problems": [{"kind": problem.kind, "text": problem.text} for problem in result.problems],
    }


def as_junit(results: Sequence[Result]) -> str:
    """Return all results as JUnit's XML, a suite for each class."""
    top = ElementTree.Element("testsuites", name="nntc conformance")
    for kind in CLASSES:
        group = [result for result in results if result.vector.kind == kind]
        if not group:
            continue
        failed = sum(bool(result.problems) for result in group)
        attributes = {"name": kind, "tests": str(len(group)), "failures": str(failed), "errors": "0"}
        suite = ElementTree.SubElement(top, "testsuite", attributes)
        for result in group:
            seconds = result.answer.seconds if result.answer is not None else 0.0
            attributes = {"classname": f"nntc.{kind}", "name": result.name, "time": f"{seconds:.3f}"}
            case = ElementTree.SubElement(suite, "testcase", attributes)
            for problem in result.problems:
                text = printable(problem.text)
                failure = ElementTree.SubElement(case, "failure", {"type": problem.kind, "message": text})
                failure.text = f"{result.vector.comment} [{' '.join(result.vector.requirements)}]"
    ElementTree.indent(top)
    content: bytes = ElementTree.tostring(top, "us-ascii", xml_declaration=True)
    return content.decode() + "\n"
