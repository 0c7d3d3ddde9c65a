"""Merging from end to end: chains that the encoder makes, and files that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.errors import FormatError, OutputError
from nntc.signing.private import make_key_files

from tests import networks
from tests.whole.test_updates import Array, learnt, model, weights

Files = dict[str | None, bytes]


def changed(own: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Return another version: trained on, in part, and now and then with other tensors or another order."""
    new = learnt(own, float(10 ** rng.uniform(-4, -1)), int(rng.integers(1 << 30)))
    new = {name: own[name] if rng.random() < 0.3 else array for name, array in new.items()}
    names = list(new)
    if rng.random() < 0.3:
        rng.shuffle(names)
    if rng.random() < 0.2:
        new["table"] = np.concatenate([new["table"], networks.heavy(rng, 8, 32)])
    if rng.random() < 0.2:
        new["bias"] = new["bias"].astype(np.float16)
    if rng.random() < 0.2:
        new["again"] = new["scale"]
        names.append("again")
    return {name: new[name] for name in names}


def trained(own: dict[str, Array], rng: np.random.Generator) -> dict[str, Array]:
    """Return a version that was trained on."""
    return learnt(own, 0.01, int(rng.integers(1 << 30)))


def chain(
    seed: int, length: int, change: Callable[..., dict[str, Array]] = changed, **options: Any
) -> tuple[list[bytes], list[Files]]:
    """Return a full file and updates of it, and what each decodes to."""
    rng = np.random.default_rng(seed)
    own = weights(seed % 7)
    data = nntc.encode_bytes(model(own), **options)[0]
    coded, decoded = [data], [nntc.decode_bytes(data)]
    while len(coded) <= length:
        new = change(own, rng)
        chosen = dict(options)
        if "method" not in options and rng.random() < 0.7:
            chosen["base_exact"] = model(own)
        data = nntc.encode_bytes(model(new), base=decoded[-1][None], **chosen)[0]
        coded.append(data)
        decoded.append(nntc.decode_bytes(data, base=decoded[-1][None]))
        own = new
    return coded, decoded


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2**30), st.integers(1, 4), st.sampled_from([{}, {"quality": 20}, {"method": "lossless"}])
)
def test_a_chain_is_one_file(seed: int, length: int, options: dict[str, Any]) -> None:
    coded, decoded = chain(seed, length, **options)
    data, report = nntc.merge_bytes(coded)
    assert (report.size, report.is_update, report.sources) == (len(data), False, tuple(map(len, coded)))
    assert nntc.decode_bytes(data) == decoded[-1]
    if length == 1:
        return
    base = decoded[0][None]
    data, report = nntc.merge_bytes(coded[1:], base=base)
    assert report.is_update
    assert nntc.decode_bytes(data, base=base) == decoded[-1]


CODED, DECODED = chain(3, 2, trained)
EXACT, MODELS = chain(4, 2, trained, method="lossless")


def test_records_are_put_on_top_of_each_other() -> None:
    data, report = nntc.merge_bytes(CODED)
    assert report.is_composed
    assert report.stacked >= 3
    assert len(data) < sum(map(len, CODED))
    alone, report = nntc.merge_bytes(CODED[1:])
    assert (report.is_composed, report.is_update) == (True, True)
    assert len(alone) < sum(map(len, CODED[1:]))
    assert nntc.decode_bytes(alone, base=DECODED[0][None]) == DECODED[-1]


def test_a_merged_file_is_a_link_as_any_other() -> None:
    once = nntc.merge_bytes(CODED[:2])[0]
    assert nntc.decode_bytes(nntc.merge_bytes([once, CODED[2]])[0]) == DECODED[-1]
    late = nntc.merge_bytes(CODED[1:])[0]
    assert nntc.decode_bytes(nntc.merge_bytes([CODED[0], late])[0]) == DECODED[-1]


def test_exact_files_are_coded_anew_where_that_is_smaller() -> None:
    data, report = nntc.merge_bytes(EXACT)
    assert not report.is_composed
    assert len(data) == len(nntc.encode_bytes(MODELS[-1][None], method="lossless")[0])
    assert any("coded anew, exactly: the composed file" in remark for remark in report.remarks)
    data, report = nntc.merge_bytes(EXACT[1:], base=MODELS[0][None])
    assert nntc.decode_bytes(data, base=MODELS[0][None]) == MODELS[-1]


def test_an_index_is_made_again_and_signatures_are_left_out(tmp_path: Path) -> None:
    indexed = nntc.encode_bytes(model(weights(3)), index=True)[0]
    base = nntc.decode_bytes(indexed)[None]
    update = nntc.encode_bytes(model(learnt(weights(3))), base=base)[0]
    data, _ = nntc.merge_bytes([indexed, update])
    with nntc.open(data) as container:
        names = set(container.tensors)
    with nntc.open(indexed) as container:
        assert names == set(container.tensors)
    assert nntc.decode_bytes(data) == nntc.decode_bytes(update, base=base)
    make_key_files(tmp_path / "key")
    (tmp_path / "full").write_bytes(indexed)
    nntc.sign(tmp_path / "full", tmp_path / "key")
    signed, report = nntc.merge_bytes([tmp_path / "full", update])
    assert signed == data
    assert any("signatures are left out" in remark for remark in report.remarks)


def test_external_data(tmp_path: Path) -> None:
    own, files = weights(), []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        onnx.save(
            networks.using(**own), folder / "net.onnx", save_as_external_data=True, location="a.bin",
            size_threshold=0,
        )  # fmt: skip
        files.append(tmp_path / f"{number}.nntc")
        before = folder.with_name(str(number - 1)) / "net.onnx" if number else None
        nntc.encode(folder / "net.onnx", files[-1], method="lossless", base=before)
        own = learnt(own, seed=number)
    chains: list[tuple[list[Path], list[Path]]] = [(files, []), (files[1:], [tmp_path / "0" / "net.onnx"])]
    for sources, base in chains:
        nntc.merge(sources, tmp_path / "merged.nntc", base=base)
        (tmp_path / "out").mkdir(exist_ok=True)
        target = tmp_path / "out" / "net.onnx"
        nntc.decode(tmp_path / "merged.nntc", target, base=base, replace_external=True)
        for name in ("net.onnx", "a.bin"):
            assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ((1, 0), "file 2 is no update"),
        ((0, 2), "file 2 is an update of another version than file 1 gives"),
        ((0, 2, 1), "file 2 is an update of another version"),
        ((0, 1, 1), "file 3 is an update of another version than file 2"),
    ],
)
def test_files_that_are_no_chain(tmp_path: Path, order: tuple[int, ...], message: str) -> None:
    with pytest.raises(FormatError, match=f"E_BASE: {message}"):
        nntc.merge([CODED[number] for number in order], tmp_path / "merged.nntc")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "merged.nntc"
    damaged = bytearray(CODED[1])
    damaged[-1] ^= 1
    with pytest.raises(FormatError, match="E_DIGEST"):
        nntc.merge([CODED[0], damaged], target)
    with pytest.raises(FormatError, match="E_BASE"):
        nntc.merge(CODED[1:], target, base=b"another")
    with pytest.raises(ValueError, match="two files or more"):
        nntc.merge(CODED[:1], target)
    assert list(tmp_path.iterdir()) == []
    target.write_bytes(CODED[0])
    with pytest.raises(OutputError, match="E_OUTPUT_EXISTS"):
        nntc.merge([target, CODED[1]], target)
    assert target.read_bytes() == CODED[0]
