"""External data: which files belong to a model, under which names, and which of their bytes are payloads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.encoder.split import SplitSource, open_model
from nntc.errors import ModelError
from onnx import TensorProto, helper, numpy_helper

from tests.encoder.split.test_model import check


def external(
    name: str,
    dims: list[int],
    location: str,
    offset: int | None = None,
    length: int | None = None,
    data_type: int = TensorProto.FLOAT,
) -> onnx.TensorProto:
    tensor = TensorProto(name=name, dims=dims, data_type=data_type)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length}.items():
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def save(folder: Path, *tensors_of_model: onnx.TensorProto) -> Path:
    path = folder / "model.onnx"
    model = helper.make_model(helper.make_graph([], "g", [], [], tensors_of_model))
    path.write_bytes(model.SerializeToString())
    return path


def places(source: SplitSource) -> list[tuple[int, int, int, str, tuple[str, ...]]]:
    return [(p.file, p.offset, p.length, p.name, p.also) for p in source.payloads]


def test_external_data_in_two_files(tmp_path: Path) -> None:
    values = np.arange(1000, dtype=np.float32)
    (tmp_path / "z.bin").write_bytes(bytes(100) + values.tobytes())
    (tmp_path / "a.bin").write_bytes(values[::-1].tobytes() + b"tail")
    inline = numpy_helper.from_array(values[:50], "inline")
    path = save(
        tmp_path,
        external("z1", [500], "z.bin", 2100, 2000),
        external("a", [10, 100], "a.bin"),
        inline,
        external("z0", [500], "z.bin", 100),
    )
    with open_model(path) as source:
        check(source, 64)
        assert [file.name for file in source.files] == [None, "z.bin", "a.bin"]
        model = path.read_bytes()
        for file in source.files[1:]:
            spelled = model[file.location_offset : file.location_offset + file.location_length]
            assert spelled.decode() == file.name
            assert file.location_offset == model.index(spelled)
        assert places(source)[1:] == [
            (1, 100, 2000, "z0", ()),
            (1, 2100, 2000, "z1", ()),
            (2, 0, 4000, "a", ()),
        ]
        assert bytes(source.stretch(source.payloads[0]).read()) == values[:50].tobytes()
        assert bytes(source.stretch(source.payloads[2]).read()) == values[500:].tobytes()


def test_regions_of_external_data_that_meet(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(range(250)) * 16)  # 4000 bytes
    path = save(
        tmp_path,
        external("tied", [25], "w.bin", 0, 100),
        external("other_shape", [5, 5], "w.bin", 0, 100),
        external("first", [50], "w.bin", 200, 200),
        external("second", [50], "w.bin", 300, 200),  # overlaps, same type
        external("third", [25], "w.bin", 400),  # overlaps the second, which is not kept
        external("floats", [25], "w.bin", 1000),
        external("ints", [100], "w.bin", 1000, data_type=TensorProto.INT8),
        external("even", [25], "w.bin", 1200),
        external("odd", [25], "w.bin", 1202),
        external("covered", [25], "w.bin", 1400),
        external("text", [1], "w.bin", 1404, 4, data_type=TensorProto.STRING),
        external("longer", [25], "w.bin", 1600, 104),
        external("empty", [0], "w.bin", 1800, 0),
        external("no length", [25], "w.bin", 2000, 0),
        external("small", [2], "w.bin", 2200),
        external("small inside", [2], "w.bin", 2404),
        external("around", [25], "w.bin", 2400),
        external("last", [25], "w.bin", 3900),
    )
    with open_model(path) as source:
        check(source, 64)
        assert places(source) == [
            (1, 0, 100, "tied", ("other_shape",)),
            (1, 200, 200, "first", ()),
            (1, 400, 100, "third", ()),
            (1, 2000, 100, "no length", ()),
            (1, 2400, 100, "around", ()),
            (1, 3900, 100, "last", ()),
        ]


def test_large_external_data_is_not_read(tmp_path: Path) -> None:
    size = (5 << 30) + 400
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(size)  # sparse
        file.seek(5 << 30)
        file.write(np.arange(100, dtype=np.float32).tobytes())
    path = save(tmp_path, external("huge", [5 << 28], "big.bin"), external("end", [100], "big.bin", 5 << 30))
    with open_model(path) as source:
        assert places(source) == [(1, 0, 5 << 30, "huge", ()), (1, 5 << 30, 400, "end", ())]
        end = np.frombuffer(source.stretch(source.payloads[1]).read(), dtype="<f4")
        assert end[99] == 99
    assert end[98] == 98  # an array outlives the source


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("weights/w.bin", "weights/w.bin"),
        ("./w.bin", "w.bin"),
        ("././/a/b/c", "a/b/c"),
        (".w.bin", ".w.bin"),
        ("./.hidden/w", ".hidden/w"),
        ("onnx::MatMul_12", "onnx::MatMul_12"),
        ("größe/w", "größe/w"),
        ("MODEL.ONNX", "MODEL.ONNX"),
    ],
)
def test_a_location_below_the_models_folder_is_a_name(tmp_path: Path, location: str, name: str) -> None:
    values = np.arange(100, dtype=np.float32)
    (tmp_path / location).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / location).write_bytes(values.tobytes())
    path = save(tmp_path, external("w", [50], location), external("v", [50], location, 200))
    with open_model(path) as source:
        check(source, 64)
        file = source.files[1]
        assert (len(source.files), file.name) == (2, name)
        spelled = path.read_bytes()[file.location_offset : file.location_offset + file.location_length]
        assert spelled.decode() == name
        assert places(source) == [(1, 0, 200, "w", ()), (1, 200, 200, "v", ())]


def test_one_file_with_and_without_dots_in_front(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(bytes(200))
    with open_model(save(tmp_path, external("v", [25], "./w"), external("w", [25], "w", 100))) as source:
        assert [file.name for file in source.files] == [None, "w"]


def test_names_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    for name in ("w", "W"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    with open_model(save(tmp_path, external("v", [25], "W"), external("w", [25], "w"))) as source:
        assert [bytes(source.stretch(p).read()[:1]) for p in source.payloads] == [b"W", b"w"]


@pytest.mark.parametrize(
    "location",
    [
        "",
        "../w.bin",
        "a/../w.bin",
        "a/..",
        "a//w.bin",
        "a/./w.bin",
        "/etc/passwd",
        "./../w.bin",
        "sub\\w.bin",
        "..",
        "file:///w.bin",
        "w\n.bin",
        "w\x7f",
        "x" * 256,
        "a/" * 16 + "w",
        "model.onnx",
        "./model.onnx",
    ],
)
def test_a_location_that_is_no_name_is_refused(tmp_path: Path, location: str) -> None:
    path = save(tmp_path, external("w", [25], location))
    with pytest.raises(ModelError) as error:
        open_model(path)
    assert error.value.id == "E_LOCATION"
    assert "\n" not in str(error.value)
    length_bytes = 1 if len(location) < 128 else 2
    assert error.value.offset == path.read_bytes().index(b"\n\x08location\x12") + 11 + length_bytes


def test_a_location_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, external("w", [25], "wxyz"))
    path.write_bytes(path.read_bytes().replace(b"wxyz", b"wxy\xff"))
    with pytest.raises(ModelError) as error:
        open_model(path)
    assert error.value.id == "E_LOCATION"
    str(error.value).encode()


def test_external_data_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(99))
    (tmp_path / "empty.bin").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for tensor in (
        external("w", [25], "missing.bin"),
        external("w", [25], "folder"),
        external("w", [25], "w.bin"),
        external("w", [5], "w.bin", 80),
        external("w", [5], "w.bin", 0, 100),
        external("w", [0], "w.bin", 100),
        external("w", [1], "empty.bin"),
        external("w", [1 << 60, 1 << 60], "w.bin"),
    ):
        with pytest.raises(ModelError) as error:
            open_model(save(tmp_path, tensor))
        assert error.value.id == "E_EXTERNAL"
        assert error.value.offset is not None
    with pytest.raises(ModelError, match="in memory") as error:
        open_model(save(tmp_path, external("w", [24], "w.bin")).read_bytes())
    assert error.value.id == "E_EXTERNAL"
    with open_model(save(tmp_path, external("w", [0], "empty.bin"))) as source:
        assert (len(source.files), source.payloads) == (2, [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_external_data_is_not_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="regular") as error:
        open_model(save(tmp_path, external("w", [24], "pipe")))
    assert error.value.id == "E_EXTERNAL"


def linked(folder: Path, how: str) -> Path:
    """Return a model whose external data is somewhere else."""
    inside, blobs = folder / "model", folder / "blobs"
    inside.mkdir()
    blobs.mkdir()
    (blobs / "w").write_bytes(bytes(100))
    location = "sub/w" if how == "folder" else "w"
    if how == "folder":
        (inside / "sub").symlink_to(blobs)
    elif how == "hard":
        os.link(blobs / "w", inside / "w")
    elif how == "chain":
        (blobs / "again").symlink_to("w")
        (inside / "w").symlink_to("../blobs/again")
    else:
        (inside / "w").symlink_to(blobs / "w")
    return save(inside, external("w", [25], location))


@pytest.mark.parametrize("how", ["file", "folder", "hard", "chain"])
def test_links_out_of_the_folder_are_followed_only_if_that_is_asked_for(tmp_path: Path, how: str) -> None:
    path = linked(tmp_path, how)
    with pytest.raises(ModelError, match="--follow-links") as error:
        open_model(path)
    assert (error.value.id, error.value.offset is None) == ("E_EXTERNAL", False)
    with open_model(path, follow_links=True) as source:
        assert source.files[1].size == 100


def test_a_cache_of_links_needs_the_flag_and_a_link_within_the_folder_none(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "blobs" / "w").write_bytes(bytes(100))
    save(tmp_path / "blobs", external("w", [25], "w"))
    for name, blob in (("m.onnx", "model.onnx"), ("w", "w")):
        (tmp_path / "snapshot" / name).symlink_to(f"../blobs/{blob}")
    with pytest.raises(ModelError, match="leads out"):
        open_model(tmp_path / "snapshot" / "m.onnx")
    open_model(tmp_path / "snapshot" / "m.onnx", follow_links=True)
    (tmp_path / "blobs" / "v").symlink_to("w")
    open_model(save(tmp_path / "blobs", external("w", [25], "v")))
