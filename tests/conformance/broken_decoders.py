"""The reference decoder with one thing wrong, as a batch decoder: `python broken_decoders.py NAME`.

Each function below makes one kind of mistake that a decoder's author makes, by exchanging a function.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conformance.reference_decoder import Limits, NntcError, __main__, rans, uniform
from conformance.reference_decoder import bits as fields
from conformance.reference_decoder import output as writing
from conformance.reference_decoder.coding import Tokens
from conformance.reference_decoder.rounding import BFLOAT16, FLOAT16, FLOAT32, FloatFormat, to_element
from conformance.reference_decoder.transform import inverse_transform

Answer = dict[str, Any]
ACCEPTED: Answer = {"status": "accepted"}


def decode(source: str, target: str, base: Sequence[str] = ()) -> Answer:
    try:
        __main__.decode_file(Path(source), Path(target), Limits(), False, [Path(file) for file in base])
    except NntcError as e:
        status = "unsupported" if e.unsupported else "rejected"
        return {"status": status, "error": e.error, "offset": e.offset}
    except AssertionError as e:
        return {"status": "failed", "text": repr(e)}
    return ACCEPTED


def accepts_all(source: str, target: str) -> Answer:
    answer = decode(source, target)
    if answer["status"] != "accepted":
        Path(target).write_bytes(b"")
    return ACCEPTED


def rejects_all(_source: str, _target: str) -> Answer:
    return {"status": "rejected"}


def says_that_all_is_unsupported(_source: str, _target: str) -> Answer:
    return {"status": "unsupported"}


def never_says_unsupported(source: str, target: str) -> Answer:
    answer = decode(source, target)
    return answer if answer["status"] == "accepted" else answer | {"status": "rejected"}


def leaves_what_it_has_written(source: str, target: str) -> Answer:
    answer = decode(source, target)
    if answer["status"] != "accepted":
        Path(target).write_bytes(b"unfinished")
    return answer


def writes_beside_the_folder(source: str, target: str) -> Answer:
    (Path(target).parents[1] / "log").write_text("decoding")
    return decode(source, target)


def leaves_out_external_data(source: str, target: str) -> Answer:
    answer = decode(source, target)
    for path in Path(target).parent.iterdir():
        if path != Path(target):
            path.unlink()
    return answer


def reports_everything_at_0(source: str, target: str) -> Answer:
    answer = decode(source, target)
    return answer | {"offset": 0} if answer["status"] != "accepted" else answer


def crashes_where_it_should_reject(source: str, target: str) -> Answer:
    if decode(source, target)["status"] != "accepted":
        os.kill(os.getpid(), signal.SIGSEGV)
    return ACCEPTED


def hangs_where_it_should_reject(source: str, target: str) -> Answer:
    answer = decode(source, target)
    if answer["status"] != "accepted":
        time.sleep(60)
    return answer


def allocates_before_it_checks(source: str, target: str) -> Answer:
    answer = decode(source, target)
    if answer.get("error") == "E_LIMIT":
        bytearray(512 << 20)[:: 1 << 12] = b"\1" * (1 << 17)
    return answer


def prints_instead_of_answering(_source: str, _target: str) -> Answer:
    sys.stdout.write("decoding\n")
    return ACCEPTED


def _never_fails_with(*errors: str) -> None:
    require = fields.Reader.require

    def lax(reader: fields.Reader, holds: bool, error: str, *rest: Any, **more: Any) -> None:
        require(reader, holds or error in errors, error, *rest, **more)

    _exchange("require", lax, fields.Reader)


def _exchange(name: str, function: Callable[..., Any], owner: Any) -> None:
    setattr(owner, name, function)


def ignores_checksums() -> None:
    _never_fails_with("E_CRC", "E_DIGEST")
    decoder = sys.modules["conformance.reference_decoder.decoder"]
    _exchange("check_section_digest", lambda *_: None, decoder)
    _exchange("read_section", lambda source, entry: source.read(entry.start, entry.length), decoder)

    def finish(assembler: writing.Assembler) -> None:
        while assembler.current < len(assembler.files):
            assembler._next_file()

    _exchange("finish", finish, writing.Assembler)


def ignores_reserved_bits() -> None:
    _never_fails_with("E_RESERVED")


def ignores_bytes_left_over() -> None:
    _never_fails_with("E_TRAILING")


def takes_any_profile_for_device() -> None:
    _never_fails_with("E_PROFILE")


def ignores_padding() -> None:
    for name in ("packed", "integers"):
        module = sys.modules[f"conformance.reference_decoder.{name}"]
        _exchange("padding_is_zero", lambda *_: True, module)


def writes_big_endian() -> None:
    def reversed_element(value: float, target: FloatFormat | None) -> bytes | None:
        element = to_element(value, target)
        return element and element[::-1]

    _exchange("to_element", reversed_element, uniform)


def rounds_twice() -> None:
    def by_way_of_float32(value: float, target: FloatFormat | None) -> bytes | None:
        if target in (FLOAT16, BFLOAT16):
            single = to_element(value, FLOAT32)
            return None if single is None else to_element(struct.unpack("<f", single)[0], target)
        return to_element(value, target)

    _exchange("to_element", by_way_of_float32, uniform)


def loses_subnormals() -> None:
    def flushed(value: float, target: FloatFormat | None) -> bytes | None:
        if target is not None:
            least: float = 2.0 ** (2 - 2 ** (target.exponent_bits - 1))
            value = value * 0.0 if abs(value) < least else value
        return to_element(value, target)

    _exchange("to_element", flushed, uniform)


def loses_the_sign_of_zero() -> None:
    def positive(value: float, target: FloatFormat | None) -> bytes | None:
        element = to_element(value, target)
        is_zero = element is not None and element[-1] == 0x80 and not any(element[:-1])
        return bytes(len(element)) if element is not None and is_zero else element

    _exchange("to_element", positive, uniform)


def truncates_instead_of_rounding() -> None:
    def cut(value: float, target: FloatFormat | None) -> bytes | None:
        if target is FLOAT32:
            bits = struct.unpack("<Q", struct.pack("<d", value))[0] & ~((1 << 29) - 1)
            value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        return to_element(value, target)

    _exchange("to_element", cut, uniform)


def transforms_in_float32() -> None:

    def single(X: Sequence[int], t: int, h: int, w: int) -> list[int]:
        return [int(struct.unpack("<f", struct.pack("<f", y))[0]) for y in inverse_transform(X, t, h, w)]

    _exchange("inverse_transform", single, uniform)


def is_off_by_one_in_the_last_lane() -> None:
    decode_rans = rans.Rans.decode

    def wrong(run: rans.Rans) -> Tokens:
        tokens = decode_rans(run)
        lanes = len(run.states)
        if lanes > 1 and isinstance(tokens.values, bytearray):
            tokens.values[lanes - 1] = (tokens.values[lanes - 1] + 1) % 256
        return tokens

    _exchange("decode", wrong, rans.Rans)


def never_starts_the_trellis_anew() -> None:
    decode_rans = rans.Rans.decode

    def wrong(run: rans.Rans) -> Tokens:
        tokens = decode_rans(run)
        if run.trellis is None:
            return tokens
        state, quantizers = 0, bytearray()
        for v in tokens.values:
            quantizers.append(run.trellis.q[state])
            state = run.trellis.next[state][v & 1]
        return Tokens(tokens.values, quantizers)

    _exchange("decode", wrong, rans.Rans)


ANSWERING: tuple[Callable[[str, str], Answer], ...] = (
    accepts_all, rejects_all, says_that_all_is_unsupported, never_says_unsupported,
    leaves_what_it_has_written, writes_beside_the_folder, leaves_out_external_data, reports_everything_at_0,
    crashes_where_it_should_reject, hangs_where_it_should_reject, allocates_before_it_checks,
    prints_instead_of_answering,
)  # fmt: skip
PATCHING: tuple[Callable[[], None], ...] = (
    ignores_checksums, ignores_reserved_bits, ignores_bytes_left_over, takes_any_profile_for_device,
    ignores_padding, writes_big_endian, rounds_twice, loses_subnormals, loses_the_sign_of_zero,
    truncates_instead_of_rounding, transforms_in_float32, is_off_by_one_in_the_last_lane,
    never_starts_the_trellis_anew,
)  # fmt: skip


def main() -> None:
    answers = {function.__name__: function for function in ANSWERING}
    patches = {function.__name__: function for function in PATCHING}
    name = sys.argv[1]
    if name in patches:
        patches[name]()
    for line in sys.stdin:
        request = json.loads(line)
        source, target = request["input"], request["output"]
        answer = (
            answers[name](source, target)
            if name in answers
            else decode(source, target, request.get("base", ()))
        )
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
