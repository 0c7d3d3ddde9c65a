"""Reports of the runner."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.conformance.running import BAD_CRC, FEW, Run, python


def test_junit(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    code, _ = run("--decoder", python(tmp_path, "sys.exit(1)"), *FEW, "--junit", report)
    assert code == 1
    tree = ElementTree.parse(report)  # noqa: S314 - our own
    failed = {case.attrib["name"] for case in tree.iter("testcase") if case.find("failure") is not None}
    assert failed == {"empty", "external", "major-2"}
    for suite in tree.iter("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == sum(case.find("failure") is not None for case in cases)


def test_reports_can_go_to_standard_output(run: Run, tmp_path: Path) -> None:
    arguments = ["--decoder", python(tmp_path, "sys.exit(1)"), "--run", BAD_CRC]
    report = json.loads(run(*arguments, "--json", "-")[1])
    assert (report["passed"], report["failed"]) == (1, 0)
    assert run(*arguments, "--junit", "-")[1].startswith("<?xml")


def test_results_have_an_order_of_their_own(run: Run, tmp_path: Path) -> None:
    command = python(tmp_path, "sys.exit(1)")
    reports = []
    for jobs in ("1", "4"):
        text = run("--decoder", command, "--run", "digest-*", *FEW, "--jobs", jobs, "--json", "-")[1]
        reports.append([(r["name"], r["problems"]) for r in json.loads(text)["results"]])
    assert reports[0] == reports[1]
    assert len(reports[0]) > 5
