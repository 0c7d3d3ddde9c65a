"""The runner and the vectors find each broken decoder, and say what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nntc.conformance.runner import Result, Runner, Settings
from nntc.conformance.suite import find_suite, read_suite

from tests.conformance import broken_decoders
from tests.conformance.vectors import CONFORMANCE

SUITE = read_suite(find_suite())
SCRIPT = str(Path(broken_decoders.__file__))

# Which vectors are enough, and what kinds of problem they show.
CASES = {
    "accepts_all": (["empty", "*-crc*", "digest-*"], {"verdict"}),
    "rejects_all": (["empty", "external"], {"verdict"}),
    "says_that_all_is_unsupported": (["empty", "major-2"], {"verdict"}),
    "never_says_unsupported": (["empty", "major-2"], {"verdict"}),
    "leaves_what_it_has_written": (["empty", "major-2"], {"leftover"}),
    "writes_beside_the_folder": (["empty"], {"leftover"}),
    "leaves_out_external_data": (["empty", "external"], {"output"}),
    "reports_everything_at_0": (["empty", "major-*"], {"error"}),
    "crashes_where_it_should_reject": (["empty", "major-*"], {"crash"}),
    "hangs_where_it_should_reject": (["empty", "major-2"], {"stopped"}),
    "allocates_before_it_checks": (["empty", "section-count-*"], {"memory", "stopped"}),
    "prints_instead_of_answering": (["empty"], {"crash"}),
    "ignores_checksums": (["empty", "*crc*", "*digest*", "*hash*", "*sha*"], {"verdict", "error"}),
    "ignores_reserved_bits": (
        ["empty", "uniform-flags-*", "rans-mode-*", "*flags*"],
        {"verdict", "error", "crash"},
    ),
    "ignores_bytes_left_over": (["empty", "*trailing*"], {"verdict", "error"}),
    "takes_any_profile_for_device": (["empty", "profile-*"], {"verdict", "error"}),
    "ignores_padding": (["empty", "*padding*"], {"verdict", "error"}),
    "writes_big_endian": (["empty", "uniform-float*"], {"verdict", "error"}),
    "rounds_twice": (["empty", "*round*", "*tie*"], {"verdict"}),
    "loses_subnormals": (["empty", "*round*", "*subnormal*"], {"verdict"}),
    "loses_the_sign_of_zero": (["empty", "*round*", "*zero*"], {"verdict"}),
    "truncates_instead_of_rounding": (["empty", "uniform-float32*"], {"verdict"}),
    "transforms_in_float32": (["empty", "transform-full-scale"], {"verdict"}),
    "is_off_by_one_in_the_last_lane": (["empty", "rans-*"], {"verdict", "error"}),
    "never_starts_the_trellis_anew": (["empty", "trellis*"], {"verdict"}),
}


def run(name: str, patterns: list[str]) -> list[Result]:
    settings = Settings(
        command=None,
        batch=["env", f"PYTHONPATH={CONFORMANCE.parent}", sys.executable, SCRIPT, name],
        limited={},
        profile="full",
        jobs=1,
        seconds=3 if name.startswith("hangs") else 60,
        slow=1,
        memory=1 << 30,
        require_errors=False,
    )
    vectors = SUITE.select([], patterns)
    heavy = {"splices-1048576"}
    return Runner(SUITE, settings).run([v for v in vectors if v.id not in heavy])


def test_every_broken_decoder_has_its_test() -> None:
    functions = (*broken_decoders.ANSWERING, *broken_decoders.PATCHING)
    assert {function.__name__ for function in functions} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_broken_decoders_are_found(name: str) -> None:
    patterns, kinds = CASES[name]
    results = run(name, patterns)
    found = {problem.kind for result in results for problem in result.problems}
    assert found
    assert found <= kinds, [(r.name, r.problems) for r in results if r.problems]


def test_the_decoder_that_they_are_made_from_is_sound() -> None:
    patterns = sorted({pattern for patterns, _ in CASES.values() for pattern in patterns})
    results = run("nothing", patterns)
    assert len(results) > 100
    assert [result for result in results if result.problems] == []
