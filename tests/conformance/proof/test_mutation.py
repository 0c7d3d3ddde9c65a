from __future__ import annotations

from tests.conformance.proof.commands import python


def test_mutants_are_killed_or_explained() -> None:
    # A few of those of MUTATION.md, and none that is known to survive: such a one has to see all vectors.
    done = python("conformance.proof.mutation", "--every", "160", "--first", "7", "--killable")
    assert done.returncode == 0, done.stdout + done.stderr
