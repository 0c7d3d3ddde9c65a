"""libnntc stays within the memory it is given, and says what failed, whichever call out of it fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conformance.vectors import CONFORMANCE, VECTORS

from .building import CODERS, LIBRARY, LINKED, PROGRAMS, ROOT, build, compiles, core, missing, require_coders

FILES = sorted(
    " ".join([vector["file"], *(base["file"] for base in vector.get("base", ()))])
    for vector in VECTORS.values()
)
FOLDERS = ("codec/nntc/demo", "reference_models/trained")
NETWORKS = sorted(str(path) for folder in FOLDERS for path in (ROOT / folder).glob("*.nntc"))
SANITIZED = ("-O1", "-g", "-fsanitize=thread")
CHECKLESS = "-DNNTC_FUZZING"
"""A byte that changes gets past checksums."""


def run(command: Path, files: list[str]) -> list[list[str]]:
    """Lines of what a program prints; each of `files` is a path and those of its base."""
    cases = command.with_suffix(".txt")
    cases.write_text("".join(f"{file}\n" for file in files), "utf-8")
    done = subprocess.run(
        [str(command), str(cases)], cwd=CONFORMANCE, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("options", [["-O3"], ["-Os"], ["-O2", "-DNNTC_SMALL"]], ids="".join)
def test_nothing_outside_input_stated_memory_and_output_is_touched_and_spans_reads_and_streams_give_the_same(
    tmp_path: Path, options: list[str]
) -> None:
    require_coders()
    command = build([*core(), PROGRAMS / "guarded.c"], tmp_path / "guarded", *options, *CODERS, *LINKED)
    found = {Path(name).stem: (error, int(offset)) for name, error, offset in run(command, FILES)}
    promised = {name: vector.get("error", {"id": "OK", "offset": 0}) for name, vector in VECTORS.items()}
    assert found == {name: (error["id"], error["offset"]) for name, error in promised.items()}
    assert [error for _, error, _ in run(command, NETWORKS)] == ["OK"] * len(NETWORKS)


def test_a_file_is_decoded_while_it_arrives(tmp_path: Path) -> None:
    require_coders()
    command = build([*core(), PROGRAMS / "arriving.c"], tmp_path / "arriving", "-O2", *CODERS, *LINKED)
    found = {Path(name).stem: (error, int(offset)) for name, error, offset in run(command, FILES)}
    promised = {name: vector.get("error", {"id": "OK", "offset": 0}) for name, vector in VECTORS.items()}
    assert found == {name: (error["id"], error["offset"]) for name, error in promised.items()}


def test_a_file_that_changes_while_it_is_read_leads_nowhere_else(tmp_path: Path) -> None:
    require_coders()
    sources = [*core(), PROGRAMS / "changing.c"]
    command = build(sources, tmp_path / "changing", "-O1", CHECKLESS, *CODERS, *LINKED)
    found = run(command, [name for name in FILES if "/valid/" in name][::3])
    assert sum(int(decodings) for _, decodings in found) > len(found)


def test_an_arena_that_lacks_a_byte_and_calls_that_fail_are_told(tmp_path: Path) -> None:
    require_coders()
    command = build([*core(), PROGRAMS / "faults.c"], tmp_path / "faults", "-O2", *CODERS, *LINKED)
    found = run(command, FILES)
    assert len(found) == len(FILES)
    assert sum(int(calls) for *_, calls in found) > len(FILES)


def test_threads_share_a_handle_and_open_others_meanwhile(tmp_path: Path) -> None:
    require_coders()
    if not compiles("int main(void) { return 0; }", *SANITIZED):
        missing("compiler has no ThreadSanitizer")
    sources = [*core(), LIBRARY / "posix" / "heap.c", PROGRAMS / "threads.c"]
    command = build(sources, tmp_path / "threads", *SANITIZED, *CODERS, *LINKED, "-pthread")
    run(command, FILES[::7])
