"""libFuzzer finds nothing in the C decoder in a few seconds, and coverage can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz import native, seeds
from tests.libnntc.building import compiles, missing, require_coders

FUZZER = "#include <stddef.h>\nint LLVMFuzzerTestOneInput(const char *d, size_t n) { return d == 0 && n; }"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One vector in ten."""
    require_coders()
    if not compiles(FUZZER, "-fsanitize=fuzzer,address,undefined", command="clang"):
        missing("no clang with libFuzzer (Debian: clang, libclang-rt-dev)")
    folder = tmp_path_factory.mktemp("corpus")
    seeds.write("libnntc", folder, 10)
    return folder


@pytest.mark.parametrize("options", [native.SANITIZED, native.MEMORY], ids=["addresses", "memory"])
def test_no_input_makes_the_decoder_break_a_promise(
    corpus: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    before = len(list(corpus.iterdir()))
    flags = ["-runs=3000", "-seed=1", "-verbosity=0", f"-artifact_prefix={tmp_path}/", str(corpus)]
    assert native.run(flags, options) == 0
    assert len(list(corpus.iterdir())) >= before > 100
