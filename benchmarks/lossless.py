"""Lossless size of float networks: nntc, zipnn and zstd on the same files.

    python -m benchmarks.lossless --data DIR [--without-nntc] [--out FILE]

Every column is what it takes to restore the whole ONNX file. zstd compresses the file as it is. A coder that
looks at floats as floats does better on the float tensors alone than on a file where they lie at odd offsets:
`shuffle` and zipnn are tried on the whole file and on the tensors joined together, plus the rest of the file
(the graph) by zstd, and the smaller total counts. zipnn is checked by decompressing.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import zipnn
import zstandard

from . import arguments
from .curves import markdown_table, optional
from .tensors import FLOAT_TYPES, float_tensors
from .timing import timed

Dtype = Literal["float32", "float16"]
WIDTH: dict[Dtype, int] = {"float32": 4, "float16": 2}
ZSTD_LEVEL = 19
# Up to 0.1 % smaller than the defaults.
ZIPNN_SETTINGS = {
    "compression_chunk": 1 << 17,
    "compression_threshold": 0.999,
    "check_th_after_percent": 100,
}


@dataclass(frozen=True)
class Row:
    """Bytes of one model, coded in several ways.

    Attributes:
        model: file name.
        dtype: element type of most of the float payload.
        file: the ONNX file itself.
        payload: float tensors alone.
        graph_zstd: the rest of the file by zstd.
        zstd: the file by zstd.
        shuffle_file: the file, bytes of equal significance together, by zstd.
        shuffle_payload: the float tensors the same way, without the rest.
        zipnn_file: the file by zipnn.
        zipnn_payload: the float tensors by zipnn, without the rest.
        zipnn_encode_s, zipnn_decode_s: CPU seconds for the payload.
        nntc: the file by nntc, method lossless.
        nntc_encode_s, nntc_decode_s: CPU seconds.

    """

    model: str
    dtype: Dtype
    file: int
    payload: int
    graph_zstd: int
    zstd: int
    shuffle_file: int
    shuffle_payload: int
    zipnn_file: int
    zipnn_payload: int
    zipnn_encode_s: float
    zipnn_decode_s: float
    nntc: int | None = None
    nntc_encode_s: float | None = None
    nntc_decode_s: float | None = None

    @property
    def zipnn(self) -> int:
        """Best of zipnn's ways."""
        return min(self.zipnn_file, self.zipnn_payload + self.graph_zstd)

    @property
    def shuffle(self) -> int:
        """Best of byte shuffle's ways."""
        return min(self.shuffle_file, self.shuffle_payload + self.graph_zstd)


def split_payload(path: Path) -> tuple[bytes, bytes, Dtype]:
    """Return a model's float tensors joined together, the rest of the file, and the commoner float type."""
    model = onnx.load(path)
    pieces: dict[int, list[bytes]] = {data_type: [] for data_type in FLOAT_TYPES}
    for _, tensor in float_tensors(model, FLOAT_TYPES):
        pieces[tensor.data_type].append(onnx.numpy_helper.to_array(tensor).tobytes())
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.ClearField("int32_data")
    payloads = {data_type: b"".join(parts) for data_type, parts in pieces.items()}
    main = max(payloads, key=lambda data_type: len(payloads[data_type]))
    rest = model.SerializeToString() + b"".join(payloads[other] for other in payloads if other != main)
    return payloads[main], rest, "float32" if main == onnx.TensorProto.FLOAT else "float16"


def zstd_size(content: bytes) -> int:
    """Bytes by zstd at its highest ordinary level."""
    return len(zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(content))


def shuffled(content: bytes, width: int) -> bytes:
    """Put bytes of equal position within `width`-byte elements together; an odd end stays as it is."""
    whole = len(content) // width * width
    return np.frombuffer(content[:whole], np.uint8).reshape(-1, width).T.tobytes() + content[whole:]


def zipnn_size(content: bytes, dtype: Dtype) -> tuple[int, float, float]:
    """Bytes, encode and decode CPU seconds by zipnn, byte input of the given type, one thread."""
    # zipnn 0.5.4 corrupts the heap where the length is no multiple of the width.
    content += bytes(-len(content) % WIDTH[dtype])
    settings = {"input_format": "byte", "bytearray_dtype": dtype, "threads": 1, **ZIPNN_SETTINGS}
    # zipnn reorders the bits of its input in place: give it a copy.
    compressed, encode = timed(lambda: zipnn.ZipNN(**settings).compress(bytearray(content)))
    stream = bytes(compressed)
    decoded, decode = timed(lambda: zipnn.ZipNN(**settings).decompress(bytearray(stream)))
    if bytes(decoded) != content:
        raise ValueError("zipnn did not restore its input")
    return len(stream), encode.cpu, decode.cpu


def measure_peers(path: Path) -> Row:
    """Code one model with everything but nntc."""
    content = path.read_bytes()
    payload, rest, dtype = split_payload(path)
    zipnn_payload, encode_seconds, decode_seconds = zipnn_size(payload, dtype)
    return Row(
        model=path.name,
        dtype=dtype,
        file=len(content),
        payload=len(payload),
        graph_zstd=zstd_size(rest),
        zstd=zstd_size(content),
        shuffle_file=zstd_size(shuffled(content, WIDTH[dtype])),
        shuffle_payload=zstd_size(shuffled(payload, WIDTH[dtype])),
        zipnn_file=zipnn_size(content, dtype)[0],
        zipnn_payload=zipnn_payload,
        zipnn_encode_s=encode_seconds,
        zipnn_decode_s=decode_seconds,
    )


def measure_nntc(path: Path) -> tuple[int, float, float]:
    """Bytes, encode and decode CPU seconds by nntc; the decoded file must equal the original."""
    import nntc

    with tempfile.TemporaryDirectory() as folder:
        coded, decoded = Path(folder, "model.nntc"), Path(folder, "model.onnx")
        _, encode = timed(lambda: nntc.encode(path, coded, method="lossless"))
        _, decode = timed(lambda: nntc.decode(coded, decoded))
        if decoded.read_bytes() != path.read_bytes():
            raise ValueError("nntc did not restore its input")
        return coded.stat().st_size, encode.cpu, decode.cpu


def table(rows: list[Row]) -> str:
    """Format factors over the ONNX file's own size; the best of a coder's ways counts."""
    header = ["model", "type", "file bytes", "zstd", "shuffle + zstd", "zipnn", "(payload)", "nntc"]
    lines = []
    for row in rows:
        line = [row.model, row.dtype, f"{row.file:,}"]
        line += [f"{row.file / size:.3f}" for size in (row.zstd, row.shuffle, row.zipnn)]
        line += [f"{row.payload / row.zipnn_payload:.3f}"]
        line += [optional(row.nntc and row.file / row.nntc, ".3f")]
        lines.append(line)
    return markdown_table(header, lines)


def main() -> None:
    """Measure every model of the data folder and print a table of compression factors."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--without-nntc", action="store_true", help="peers only")
    parser.add_argument("--out", type=Path, help="file of JSON lines to write")
    options = parser.parse_args()
    rows = []
    for path in sorted((arguments.data_folder(options) / "models").glob("*.onnx")):
        row = measure_peers(path)
        if not options.without_nntc:
            size, encode, decode = measure_nntc(path)
            row = replace(row, nntc=size, nntc_encode_s=encode, nntc_decode_s=decode)
        rows.append(row)
    if options.out:
        options.out.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
    print(table(rows))


if __name__ == "__main__":
    main()
