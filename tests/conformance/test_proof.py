"""The suite proves itself: coverage, mutants, both decoders on random and on damaged files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from random import Random

from hypothesis import given, settings

from conformance.proof import fuzz, samples
from conformance.proof.mutants import mutants
from conformance.proof.outcomes import of_codec, of_reference
from conformance.reference_decoder import tensor_levels
from tests import strategies
from tests.conformance.vectors import CONFORMANCE, VECTORS, read

ROOT = CONFORMANCE.parent


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_vectors_reach_every_line_and_branch_of_the_decoders() -> None:
    done = python("conformance.proof.coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not reached: 0" in done.stdout


def test_mutants_are_killed_or_explained() -> None:
    # A few of those of MUTATION.md, and none that is known to survive: such a one has to see all vectors.
    done = python("conformance.proof.mutation", "--every", "160", "--first", "7", "--killable")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mutants_differ_in_one_place() -> None:
    check = "if a < 3 and not a:\n        raise FormatError('E_CRC', 'x', 1)"
    source = f"def f(a):\n    {check}\n    a += 2\n    g(a)\n"
    found = list(mutants(source))
    labels = [mutant.label for mutant in found]
    assert len(set(labels)) == len(labels)
    assert {
        "f: a < 3 -> a <= 3",
        "f: a < 3 and (not a) -> a < 3 or not a",
        "f: if a < 3 and (not a) -> if False",
        "f: not a -> a",
        "f: 3 -> 4",
        "f: 3 -> 2",
        "f: 'E_CRC' -> 'E_WRONG'",
        "f: FormatError('E_CRC', 'x', 1) -> FormatError('E_CRC', 'x', 1 + 1)",
        "f: a += 2 -> a -= 2",
        "f: g(a) -> pass",
    } <= set(labels)
    texts = {ast.unparse(mutant.tree()) for mutant in found}
    assert len(texts) == len(found)
    assert ast.unparse(ast.parse(source)) not in texts
    assert list(mutants(source, {"f"})) == []
    assert not [m for m in mutants(source, {"a += 2"}) if "+=" in m.label]


def test_levels_of_the_reference_decoder_are_those_of_the_manifest() -> None:
    compared = 0
    for vector in VECTORS.values():
        if any("integers" in stated for stated in vector.get("records", ())):
            for stated, found in zip(vector["records"], tensor_levels(read(vector)), strict=True):
                if "integers" in stated:
                    assert found is not None
                    assert list(found) == stated["integers"], vector["id"]
                    compared += 1
    assert compared > 100


@settings(max_examples=25)
@given(strategies.chance())
def test_both_decoders_decode_any_valid_file(rng: Random) -> None:
    sample = samples.random_file(rng, records=3, size=40)
    assert of_reference(sample.data) == sample.files
    assert of_codec(sample.data) == sample.files


def test_both_decoders_agree_on_damaged_files() -> None:
    findings = fuzz.compare(0, range(800))
    assert findings.differences == []
    assert sum(findings.outcomes.values()) == 800
    assert len(findings.outcomes) > 15


def inputs(count: int) -> Iterator[bytes]:
    return (data for _, data in fuzz.inputs(7, range(count)))


def test_damaged_files_follow_from_seed_and_number() -> None:
    every = list(inputs(90))
    assert every == list(inputs(90))
    assert every[50:90] == [data for _, data in fuzz.inputs(7, range(50, 90))]
