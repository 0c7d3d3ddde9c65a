"""Run a fuzzer, or a corpus through it: `python -m fuzz --help`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzz import LARGEST, native

PYTHON_TARGETS = ("decode", "read", "update", "encode")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is the fuzzer's."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description="Coverage-guided fuzzing, or replay of a corpus."
    )
    parser.add_argument("target", choices=[*PYTHON_TARGETS, "libnntc", "differential"])
    parser.add_argument("--corpus", type=Path, default=Path("fuzz/out"), help="grows; seeds are added to it")
    parser.add_argument("--seconds", type=int, default=0, help="0: until stopped")
    parser.add_argument("--runs", type=int, default=-1, help="inputs to try; -1: any number")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take one seed in N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--coverage", action="store_true", help="libnntc: lines that the corpus reaches")
    parser.add_argument("--memory", action="store_true", help="libnntc: MemorySanitizer instead")
    parser.add_argument("--replay", action="store_true", help="only what is in the corpus, without atheris")
    options = parser.parse_args(arguments)
    if options.target == "differential":
        from fuzz import differential

        return differential.run(options.seed, options.runs, options.seconds, options.corpus / options.target)
    corpus = options.corpus / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    if options.coverage:
        return native.coverage(corpus)
    if options.replay:
        return replay(options.target, corpus)
    seeding = [sys.executable, "-m", "fuzz.seeds", options.target, str(corpus), str(options.every)]
    subprocess.run(seeding, check=True)
    flags = [f"-max_total_time={options.seconds}", f"-runs={options.runs}", "-print_final_stats=1"]
    flags += [f"-max_len={LARGEST}", "-timeout=300", "-rss_limit_mb=4096", f"-seed={options.seed or 1}"]
    flags += [f"-artifact_prefix={corpus.parent}/found-{options.target}-", str(corpus)]
    if options.target == "libnntc":
        return native.run(flags, native.MEMORY if options.memory else native.SANITIZED)
    from fuzz import guided

    guided.run(options.target, flags)
    return 0


def replay(target: str, corpus: Path) -> int:
    """Give each file of a folder to a target in Python; the first fault ends it."""
    from fuzz import targets

    for path in sorted(corpus.iterdir()):
        sys.stdout.write(f"{path.name}\n")
        targets.TARGETS[target](path.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
