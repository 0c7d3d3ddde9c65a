"""Coverage-guided fuzzing of the targets in Python, by atheris."""

from __future__ import annotations

import sys

import atheris


def run(target: str, flags: list[str]) -> None:
    """Fuzz until the flags of libFuzzer say so; ends the process.

    Parameters
    ----------
    target
        Name of a target in `targets`.
    """
    with atheris.instrument_imports(include=["nntc"]):
        from fuzz import targets
    from fuzz import mutators

    change = mutators.change_model if target == "encode" else mutators.change_file

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        return change(bytes(data), largest, seed, atheris.Mutate)

    function = targets.TARGETS[target]
    atheris.Setup([sys.argv[0], *flags], lambda data: function(bytes(data)), custom_mutator=mutate)
    atheris.Fuzz()
