"""The runner: what it reports on decoders of every kind, as a command and in batch mode."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from nntc.conformance.main import main
from nntc.conformance.suite import SuiteError, find_suite, read_suite

from tests.conformance.vectors import CONFORMANCE, MANIFEST

ROOT = CONFORMANCE.parent
PYTHON = sys.executable
BAD_CRC = "crc-of-tensor"
FEW = [word for name in ("empty", "external", "major-2", BAD_CRC, "section-count-0")
       for word in ("--run", name)]  # fmt: skip

Outcome = tuple[int, str]
Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return the runner: exit code, and what it writes on both outputs."""

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            sys.exit(main([str(argument) for argument in arguments], "run"))
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out + captured.err

    return call


def python(folder: Path, body: str) -> str:
    """Return the command of a decoder written in Python; `source` and `target` are its arguments."""
    script = folder / "decoder.py"
    script.write_text(
        "import os, sys, time\nfrom pathlib import Path\n"
        f"source, target = Path(sys.argv[1]), Path(sys.argv[2])\n{body}\n"
    )
    return f"{PYTHON} {script} {{input}} {{output}}"


def nntc(*options: str) -> str:
    return " ".join([PYTHON, "-m", "nntc.cli", "decode", *options, "{input}", "{output}"])


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


BATCH = ("conformance.adapters.nntc_batch", "conformance.reference_decoder --batch")


@pytest.mark.parametrize("module", BATCH)
def test_our_decoders_pass(run: Run, module: str) -> None:
    # All vectors are in test_vectors; here some of each kind.
    some = [word for glob in ("*-1*", "first-*", "memory-*", "uniform-float*") for word in ("--run", glob)]
    code, text = run("--batch", f"{PYTHON} -m {module}", "--require-errors", *some, "--slow", "9")
    assert code == 0, text
    assert "failed" in text


def test_our_command_keeps_the_contract(run: Run) -> None:
    limited = ["--memory-limited", nntc("--max-memory", "{limit}")]
    limited += ["--output-limited", nntc("--max-output", "{limit}")]
    some = "--run", "output-external", "--run", "memory-before-graph"
    code, text = run("--decoder", nntc(), *limited, *FEW, *some, "--require-errors", "--slow", "9")
    assert code == 0, text


def test_the_reference_decoder_keeps_the_contract(run: Run) -> None:
    command = f"{PYTHON} -m conformance.reference_decoder {{input}} {{output}}"
    code, text = run("--decoder", command, *FEW, "--require-errors", "--slow", "9")
    assert code == 0, text


def test_it_needs_the_standard_library_alone(tmp_path: Path) -> None:
    command = python(tmp_path, "sys.exit(1)")
    script = str(CONFORMANCE / "run.py")
    words = [PYTHON, "-I", "-S", script, "--decoder", command, "--run", BAD_CRC]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    script = "import sys; sys.path[:0] = [{!r}]; import nntc.conformance.main; print(*sys.modules)"
    words = [PYTHON, "-I", "-S", "-c", script.format(str(ROOT / "codec"))]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "nntc", "__main__"}


MUCH = "bytearray(1 << 29)[::4096] = bytes(1 << 17)"  # half a GiB, every page written


@pytest.mark.parametrize(
    ("body", "names", "kind", "text"),
    [
        ("sys.exit(0)", ["empty"], "output", "the model has not been written"),
        ("target.write_bytes(b'x')", ["empty"], "output", "the model is wrong"),
        ("sys.exit(1)", ["empty"], "verdict", "must be accepted; was rejected"),
        ("sys.exit(3)", [BAD_CRC], "verdict", "was unsupported"),
        ("sys.exit(2)", ["empty"], "crash", "exit code 2"),
        ("os.abort()", ["empty"], "crash", "signal 6"),
        ("sys.exit('x: E_CRC @ 21: bad')", [BAD_CRC], "error", "reported E_CRC @ 21"),
        ("sys.exit('E_ZSTD @ 20')", [BAD_CRC], "error", "must report E_CRC @ "),
        ("(target.parent / 'x').write_text(''); sys.exit(1)", [BAD_CRC], "leftover", "left x"),
        ("(target.parent / 'x').mkdir(); sys.exit(1)", [BAD_CRC], "leftover", "left x"),
        ("(target.parents[1] / 'x').write_text(''); sys.exit(1)", [BAD_CRC], "leftover", "../x"),
        ("time.sleep(60)", ["empty"], "stopped", "took more than 2 s"),
        (f"{MUCH}; time.sleep(60)", ["section-count-0"], "stopped", "memory"),
        (f"{MUCH}; sys.exit(1)", ["section-count-0"], None, "memory"),
    ],
)
def test_what_decoders_do_wrong(
    run: Run, tmp_path: Path, body: str, names: list[str], kind: str | None, text: str
) -> None:
    report = tmp_path / "report.json"
    chosen = [word for name in names for word in ("--run", name)]
    # With the vector `empty` the decoder is sound where its memory is measured.
    guard = "if source.name == 'empty.nntc': sys.exit(1)\n" if "empty" not in names else ""
    waits = "2" if "sleep" in body and kind == "stopped" and text != "memory" else "60"
    arguments = ["--decoder", python(tmp_path, guard + body), *chosen, "--timeout", waits, "--json", report]
    code, output = run(*arguments)
    assert code == 1
    assert text in output
    [result] = json.loads(report.read_text())["results"]
    kinds = {problem["kind"] for problem in result["problems"]}
    assert kinds == ({kind} if kind else kinds & {"memory", "stopped"})
    assert kinds


def test_memory_of_the_runner_is_not_taken_for_the_decoders(run: Run, tmp_path: Path) -> None:
    # Of a process that has ended the system tells no less than its parent's peak.
    own = bytearray(1 << 28)
    own[::4096] = bytes(1 << 16)
    body = "if source.name != 'empty.nntc': bytearray(1 << 27)[::4096] = bytes(1 << 15)\nsys.exit(1)"
    code, text = run("--decoder", python(tmp_path, body), "--run", BAD_CRC, "--memory", "64MiB")
    assert code == 1
    assert "memory" in text


def test_first_difference_is_shown(run: Run, tmp_path: Path) -> None:
    body = "target.write_bytes(bytes(9))"
    code, text = run("--decoder", python(tmp_path, body), "--run", "planes-packed")
    assert code == 1
    assert "wrong from byte 0 on: must be" in text


def test_a_rejection_needs_no_words_unless_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    arguments = ["--decoder", python(tmp_path, "sys.exit(1)"), "--run", BAD_CRC]
    assert run(*arguments)[0] == 0
    code, text = run(*arguments, "--require-errors")
    assert code == 1
    assert "reported nothing" in text


def test_a_decoder_of_baseline_leaves_main_alone(run: Run, tmp_path: Path) -> None:
    body = "sys.stderr.write('E_UNSUPPORTED @ 11'); sys.exit(3)"
    arguments = ["--decoder", python(tmp_path, body), "--run", "trellis", "--require-errors"]
    assert run(*arguments, "--profile", "baseline")[0] == 0
    assert run(*arguments)[0] == 1


@pytest.mark.parametrize("name", ["missing", "altered", "shorter"])
def test_vectors_that_are_not_right_are_failures(run: Run, tmp_path: Path, name: str) -> None:
    suite = tmp_path / "suite"
    for vector in ("empty", "planes-packed"):
        place = Path("vectors/valid") / f"{vector}.nntc"
        (suite / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONFORMANCE / place, suite / place)
    entries = [v for v in MANIFEST["vectors"] if v["id"] in ("empty", "planes-packed")]
    (suite / "manifest.json").write_text(json.dumps(MANIFEST | {"vectors": entries}))
    models = {v["id"]: v["output"][0]["hex"] for v in entries}
    decoder = python(tmp_path, f"target.write_bytes(bytes.fromhex({models}[source.stem]))")
    arguments = ["--decoder", decoder, "--suite", suite]
    assert run(*arguments)[0] == 0
    path = suite / "vectors/valid/planes-packed.nntc"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if name == "altered" else data[:-1])
    if name == "missing":
        path.unlink()
    code, text = run(*arguments)
    assert code == 1
    assert "FAIL planes-packed" in text
    assert "  vector: " in text
    (suite / "vectors/valid/empty.nntc").unlink()
    assert run(*arguments)[0] == 2


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
        text = run("--decoder", command, "--run", "crc-*", *FEW, "--jobs", jobs, "--json", "-")[1]
        reports.append([(r["name"], r["problems"]) for r in json.loads(text)["results"]])
    assert reports[0] == reports[1]
    assert len(reports[0]) > 5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--decoder"),
        (["--decoder", "x {input}"], "no {output}"),
        (["--decoder", "x '{input} {output}"], "quotation"),
        (["--batch", ""], "--batch"),
        (["--decoder", "/not/there {input} {output}"], "/not/there"),
        (["--batch", "/not/there"], "/not/there"),
        (["--batch", "x", "--run", "no-such-vector"], "no vector"),
        (["--batch", "x", "--class", "wrong"], "invalid choice"),
        (["--batch", "x", "--suite", "/not/there"], "manifest.json"),
        (["--batch", "x", "--jobs", "0"], "--jobs"),
        (["--batch", "x", "--timeout", "-1"], "--timeout"),
        (["--batch", "x", "--memory", "much"], "--memory"),
        (["--batch", "x", "--memory-limited", "x {input} {output}"], "{limit}"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], text: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert text in output


def test_a_manifest_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(SuiteError, match="no manifest"):
        read_suite(tmp_path)


def test_the_suite_is_found_beside_the_package() -> None:
    assert find_suite() == CONFORMANCE
    assert len(read_suite(CONFORMANCE).vectors) == len(MANIFEST["vectors"])


def test_no_output_file_of_a_vector_is_called_as_the_model() -> None:
    names = {o.name for vector in read_suite(CONFORMANCE).vectors for o in vector.expected.output}
    assert "decoded.onnx" not in {name.lower() for name in names if name}


def test_wheels_carry_the_suite() -> None:
    files = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["data-files"]
    carried = {path for patterns in files.values() for pattern in patterns for path in ROOT.glob(pattern)}
    needed = {vector.path for vector in read_suite(CONFORMANCE).vectors} | {CONFORMANCE / "manifest.json"}
    assert needed <= carried
