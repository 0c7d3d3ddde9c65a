from __future__ import annotations

from tests.conformance.proof.commands import python


def test_vectors_reach_every_line_and_branch_of_the_decoders() -> None:
    done = python("conformance.proof.coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not reached: 0" in done.stdout
