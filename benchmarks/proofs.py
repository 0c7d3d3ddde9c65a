"""Proofs about the core of libnntc by Frama-C's Eva: no undefined behaviour, and no access out of bounds.

    python -m benchmarks.proofs [--broken]

Debian has `frama-c-base`. Each program in `codec/libnntc/proofs` includes sources of the core and calls their
functions with all values that it states; Eva follows all of them at once. No alarm is a proof, within what
the program states, for the portable code of `-DNNTC_SMALL`. With `--broken` the sources are first broken in
ways that are known, each of which must raise an alarm: so it is seen that the proofs can fail.
Exit code 1 if a proof fails, or what is broken raises none.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .curves import markdown_table

LIBRARY = Path(__file__).resolve().parents[1] / "codec" / "libnntc"
PRECISION = {"fields": 60, "tables": 20, "rans": 300}
"""Programs, and how many paths through a function Eva keeps apart."""
_COVERED = re.compile(r"(\d+) statements reached \(out of (\d+)\)")
_ALARMS = re.compile(r"(\d+) alarms? generated")

BROKEN = (
    ("fields", "c03_syntax.c", "shift == 56", "shift == 70"),
    ("tables", "c08_tables.c", "first + last > 255", "first + last > 256"),
    ("tables", "c08_tables.c", "previous > 12", "previous > 40"),
    ("rans", "c09_rans.c", "t->end[v] <= slot;", "t->end[v] <= slot + 1;"),
)
"""Program, source, what is replaced in it, and by what."""


def prove(program: str, folder: Path) -> tuple[int, str]:
    """Return Eva's alarms, and the share of the statements of the functions called that it reached."""
    words = ["frama-c", "-c11", "-machdep", "gcc_x86_64"]
    words += [f"-cpp-extra-args=-I{folder}/include -I{folder}/src -DNNTC_SMALL"]
    words += ["-eva", str(folder / "proofs" / f"{program}.c")]
    words += ["-eva-no-show-progress", "-eva-auto-loop-unroll", "64", "-eva-split-return", "full"]
    words += ["-eva-slevel", str(PRECISION[program]), "-eva-domains", "octagon"]
    done = subprocess.run(words, capture_output=True, text=True)
    alarms, covered = _ALARMS.search(done.stdout), _COVERED.search(done.stdout)
    if alarms is None or covered is None:
        raise SystemExit(f"Frama-C has failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return int(alarms[1]), f"{covered[1]} of {covered[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove, or break and prove; print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs", description=__doc__.split("\n")[0])
    parser.add_argument("--broken", action="store_true", help="see that what is broken is noticed")
    options = parser.parse_args(arguments)
    rows, failed = [], False
    if options.broken:
        for program, name, before, after in BROKEN:
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place, "libnntc")
                shutil.copytree(LIBRARY, folder)
                source = folder / "src" / name
                text = source.read_text()
                if before not in text:
                    raise SystemExit(f"{name} has no {before!r} any more")
                source.write_text(text.replace(before, after))
                alarms, _ = prove(program, folder)
            failed |= alarms == 0
            rows.append([program, f"`{after}`", str(alarms)])
        print(markdown_table(["program", "broken", "alarms"], rows))
    else:
        for program in PRECISION:
            start = time.perf_counter()
            alarms, covered = prove(program, LIBRARY)
            failed |= alarms > 0
            rows.append([program, covered, str(alarms), f"{time.perf_counter() - start:.0f}"])
        print(markdown_table(["program", "statements reached", "alarms", "s"], rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
