"""Tool uniform under a trellis: machines, segments, lanes, and faults (SPEC.md, clauses 7.5 and 9.7)."""

from __future__ import annotations

from conformance.generator.cases.uniform import TOP, TRELLIS
from conformance.generator.coders import Contexts, Rans
from conformance.generator.fields import noise, svarint, varint
from conformance.generator.files import FULL, File
from conformance.generator.integers import Integers
from conformance.generator.records import (
    FLOAT32,
    FLOAT64,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.tables import spread
from conformance.generator.trellis import STATES, Trellis
from conformance.generator.views import matrix, ragged


def add(suite: Suite) -> None:
    """Add good and bad uniform records with a trellis."""
    _trellis(suite)
    _bad_trellis(suite)


def _trellis(suite: Suite) -> None:
    levels = [b % 9 - 4 for b in noise("trellis", 48)]
    for machine, states in STATES.items():
        for segment, lanes in ((1, 5), (5, 1), (5, 3), (16, 3), (47, 2), (48, 1), (8192, 1)):
            record = uniform(
                FLOAT32,
                matrix(3, 16),
                levels,
                Integers(Rans(lanes)),
                step=0.5,
                trellis=Trellis(machine, segment),
            )
            suite.valid(
                f"trellis-{states}-segment-{segment}-lanes-{lanes}",
                f"{states} states, segments of {segment} across rows, {lanes} lanes", "R-347 R-445 R-511",
                record,
            )  # fmt: skip
        zero = uniform(FLOAT32, matrix(3, 16), [0] * 48, Integers(Rans(3)), trellis=Trellis(machine, 16))
        suite.valid(f"trellis-{states}-zeros", "levels that are all 0", "R-511", zero)
        how = Integers(Rans(3), lo=-8)
        odd = uniform(FLOAT32, matrix(3, 16), [-7] * 48, how, trellis=Trellis(machine, 16))
        suite.valid(f"trellis-{states}-odd", "odd levels only", "R-511", odd)
        far = [*levels[:40], TOP, -TOP, 901, -301, 253, 255, -3, 1]
        escapes = uniform(
            FLOAT64, matrix(3, 16), far, Integers(Rans(3), lo=-4, escape=True), trellis=Trellis(machine, 16)
        )
        suite.valid(f"trellis-{states}-escapes", "escapes, which are odd", "R-410 R-521", escapes)
        bases = uniform(
            FLOAT32,
            ragged([7, 40, 1]),
            levels,
            Integers(Rans(2)),
            trellis=Trellis(machine, 9),
            bases=[1, -3, 8],
        )
        suite.valid(
            f"trellis-{states}-row-bases", "row bases do not change the trellis, but the sign", "R-346", bases
        )
        contexts = Contexts(3, [0, 2, 1], [b % 2 for b in noise("channels", 16)])
        context = uniform(
            FLOAT32, matrix(3, 16), levels, Integers(Rans(2, contexts=contexts)), trellis=Trellis(machine, 16)
        )
        suite.valid(f"trellis-{states}-contexts", "contexts, two tables for each", "R-443 R-511", context)
        tables = [spread(0, 16), *[spread(0, 2 << i) for i in range(3, 8)], spread(0, 256)]
        shared = uniform(
            FLOAT32, matrix(3, 16), levels, Integers(Rans(2, base=1, contexts=contexts)),
            trellis=Trellis(machine, 16), shared=tables,
        )  # fmt: skip
        suite.valid(
            f"trellis-{states}-shared", "contexts with the last six of seven shared tables", "R-444 R-511",
            file=File([shared], tables=tables),
        )  # fmt: skip
        suite.fault(
            f"trellis-{states}-shared-past", f"trellis-{states}-shared", "TENSOR[0].levels.tokens.base",
            b"\2",
            "E_TABLE", "R-444", "six tables from the third of seven on",
        )  # fmt: skip


def _bad_trellis(suite: Suite) -> None:
    levels = "TENSOR[0].levels"
    for value in (0, 2, 3, 4):
        suite.bad(
            f"trellis-coder-{value}", TRELLIS, "E_TRELLIS", f"{levels}.flags", "R-401",
            f"a trellis with coder {value}",
            {f"{levels}.flags": bytes([value | 8]), "header.profile": bytes([FULL])},
        )  # fmt: skip
    for name, bit in (("low-bits", 16), ("sparse", 32)):
        suite.fault(
            f"trellis-{name}", TRELLIS, f"{levels}.flags", bytes([9 | bit]), "E_TRELLIS", "R-401",
            f"a trellis with {name}",
        )  # fmt: skip
    for value in (-1, -3, TOP, -TOP):
        name = f"minus-{-value}" if value < 0 else str(value)
        suite.fault(
            f"trellis-lo-{name}", TRELLIS, f"{levels}.lo", svarint(value), "E_TRELLIS", "R-403", f"lo {value}"
        )
    for value in (900, -300, TOP - 1):
        name = f"minus-{-value}" if value < 0 else str(value)
        suite.fault(
            f"trellis-escape-{name}", TRELLIS, f"{levels}.escape[0]", svarint(value), "E_TRELLIS", "R-410",
            f"an even escape, {value}",
        )  # fmt: skip
    suite.fault(
        "trellis-lo-limit",
        TRELLIS,
        f"{levels}.lo",
        svarint(2**31),
        "E_LIMIT",
        "R-402",
        "lo 2^31, which is even",
    )
    for value in (0, 8193, 2**63 - 1):
        suite.fault(
            f"segment-{value}", TRELLIS, "TENSOR[0].segment", varint(value), "E_LIMIT", "R-347",
            f"segments of {value} tokens",
        )  # fmt: skip
    lanes = f"{levels}.tokens.lanes"
    suite.fault("trellis-lanes-0", TRELLIS, lanes, b"\0", "E_LIMIT", "R-445", "no lane")
    suite.fault("trellis-lanes-4", TRELLIS, lanes, b"\4", "E_LIMIT", "R-445", "four lanes of three segments")
    zeros = [0] * 9000
    for segment, count in ((3000, 3), (2048, 2)):
        two = uniform(FLOAT32, matrix(9000), zeros, Integers(Rans(count)), trellis=Trellis(1, segment))
        suite.valid(f"trellis-segments-{segment}", "segments that just fit their lanes", "R-445", two)
    suite.fault(
        "trellis-lane-9000",
        "trellis-segments-3000",
        lanes,
        b"\1",
        "E_LIMIT",
        "R-445",
        "three segments of 3000 in a lane",
    )
    suite.fault(
        "trellis-lane-10240", "trellis-segments-2048", lanes, b"\1", "E_LIMIT", "R-445",
        "five segments of 2048, the last one short, in a lane",
    )  # fmt: skip
    idle = uniform(FLOAT32, matrix(8191), zeros[:8191], Integers(Rans(2)), trellis=Trellis(1, 4096))
    suite.valid("trellis-idle", "idle ends: a segment of 4096 and one of 4095", "R-445", idle)
    third = uniform(FLOAT32, matrix(8193), zeros[:8193], Integers(Rans(2)), trellis=Trellis(1, 4096))
    suite.valid("trellis-idle-8192", "three segments in two lanes, 8192 steps with idle ones", "R-445", third)
    suite.fault(
        "trellis-idle-12288", "trellis-idle-8192", lanes, b"\1", "E_LIMIT", "R-445",
        "three segments in a lane: 12288 steps with idle ones, of 8193 tokens",
    )  # fmt: skip
