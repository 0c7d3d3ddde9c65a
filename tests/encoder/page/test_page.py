"""The page of --report: complete, self-contained, and safe whatever names a model has."""

from __future__ import annotations

import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import nntc
import numpy as np
import pytest
from onnx import helper

from tests import digits, networks

HOSTILE = "</td><script>alert(1)</script><img src=x onerror='alert(2)'>\"&{{ 7 * 7 }}"
VOID = {"meta", "line", "polyline", "br"}


class Reader(HTMLParser):
    """Collects elements, attributes and text, and checks that elements close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text += " "
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> bytes:
    draw = np.random.default_rng(0)
    constants = {
        HOSTILE: draw.normal(size=(64, 64)).astype(np.float32),
        "infinite": np.full((40, 40), np.inf, np.float32),
    }
    model: bytes = networks.using(**constants).SerializeToString()
    return model


def page_of(source: Path | bytes, folder: Path, **chosen: object) -> tuple[str, nntc.EncodeReport]:
    report = nntc.encode(source, folder / "m.nntc", report=folder / "m.html", **chosen)  # type: ignore[arg-type]
    return (folder / "m.html").read_text(encoding="utf-8"), report


@pytest.mark.parametrize("chosen", [{}, {"method": "lossless"}, {"method": "dct"}, {"bits": 3}])
def test_names_are_text_and_nothing_else(chosen: dict[str, object], tmp_path: Path) -> None:
    page, _ = page_of(hostile(), tmp_path, **chosen)
    read = Reader(page)
    assert HOSTILE in read.text
    assert "49" not in re.sub(r"[\d.,]*\d{2}[\d.,]+", "", read.text).split(HOSTILE)
    assert not read.tags & {"script", "img", "link", "iframe", "object", "a"}
    assert not [name for name in read.attributes if name.startswith("on") or name in ("src", "href")]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    page, _ = page_of(hostile(), tmp_path)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|url\(|@import|//", page)


def test_it_tells_what_the_report_tells(tmp_path: Path) -> None:
    network = digits.write_network(tmp_path)
    samples = digits.write_samples(tmp_path / "s.npz", 100)
    page, report = page_of(network, tmp_path, max_divergence=0.05, evaluation=samples)
    text = " ".join(Reader(page).text.split())
    assert report.goal is not None
    for tensor in report.tensors:
        assert tensor.name in text
        assert tensor.detail
        assert f"{tensor.size:,}" in text
        assert f"{tensor.bits_per_weight:.2f}" in text
    for t in report.goal.tries:
        assert f"{t.quality:.1f} dB {t.size:,} {report.original_size / t.size:.2f}" in text
    assert report.goal.text in text
    assert f"Compression {report.ratio:.2f} " in text
    assert hashlib.sha256((tmp_path / "m.nntc").read_bytes()).hexdigest() in text
    decoded = nntc.decode(tmp_path / "m.nntc", tmp_path / "again.onnx")
    assert decoded.files[0].sha256 in text
    assert "evaluation s.npz" in text
    assert page.count("<circle") == len(report.goal.tries)
    assert page.count('class="chosen"') == 2


def test_measures_without_a_goal_are_told(tmp_path: Path) -> None:
    samples = [{"x": np.full((1, 64), number, np.float32)} for number in range(1, 4)]
    model = networks.model_of(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Softmax", ["h"], ["y"])],
        {"w": np.random.default_rng(0).normal(0, 0.1, (64, 64)).astype(np.float32)},
        {"x": [1, 64]},
        {"y": [1, 64]},
    )
    page, report = page_of(model.SerializeToString(), tmp_path, evaluation=samples)
    assert report.fidelity is not None
    assert report.fidelity.text in Reader(page).text
    assert "Answers 100.00%" in " ".join(Reader(page).text.split())


def test_why_a_tensor_is_exact_is_told(tmp_path: Path) -> None:
    page, _ = page_of(hostile(), tmp_path)
    assert "has values that are not finite" in Reader(page).text


def test_a_model_without_tensors(tmp_path: Path) -> None:
    page, _ = page_of(networks.holding().SerializeToString(), tmp_path)
    assert "Tensor by tensor" not in Reader(page).text


def test_the_same_encoding_gives_the_same_page(tmp_path: Path) -> None:
    pages = [page_of(hostile(), tmp_path)[0] for _ in range(2)]
    assert pages[0] == pages[1]


def test_without_jinja_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[report\]'"):
        page_of(hostile(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_both_files_appear_or_none(tmp_path: Path) -> None:
    (tmp_path / "m.nntc").write_text("what was there before")
    with pytest.raises(nntc.OutputError, match="E_OUTPUT"):
        nntc.encode(hostile(), tmp_path / "m.nntc", report=tmp_path / "none" / "m.html")
    assert [path.name for path in tmp_path.iterdir()] == ["m.nntc"]
    assert (tmp_path / "m.nntc").read_text() == "what was there before"


def test_options_of_other_methods_are_left_out(tmp_path: Path) -> None:
    def settings(**chosen: object) -> str:
        text = " ".join(Reader(page_of(hostile(), tmp_path, **chosen)[0]).text.split())
        return text[text.index("The file ") : text.index(" format ")]

    assert settings() == "The file method auto objective outputs quality 30 (default)"
    assert settings(ratio=3) == "The file method auto objective outputs ratio 3"
    assert settings(method="lossless") == "The file method lossless"
    assert settings(method="dct", bits=4) == "The file method dct entropy rans bits 4"
    deep = "entropy huffman bits 4 prune 0.5 prune scope layer centroids linear biases False"
    assert settings(method="deep", bits=4, prune=0.5) == f"The file method deep {deep}"


def test_the_page_fits_narrow_windows(tmp_path: Path) -> None:
    network = digits.write_network(tmp_path)
    samples = digits.write_samples(tmp_path / "s.npz", 40, labelled=False)
    page, _ = page_of(network, tmp_path, max_divergence=0.05, calibration=samples)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    tables = re.findall(r'(<div class="scroll">\s*)?<table class="cards">', page)
    assert len(tables) == page.count("<table") == 5
    assert all(tables), "a table without a box of its own to scroll in"
    for number, unit in re.findall(r"(?<!max-)width: ?([\d.]+)(rem|px)", page):
        assert float(number) * (16 if unit == "rem" else 1) <= 328, "wider than the smallest window"
    for cell in re.findall(r'<td class="number"[^>]*>', page):
        assert "data-label=" in cell, "a number that nothing names where headings are hidden"


def test_charts_have_scales(tmp_path: Path) -> None:
    network = digits.write_network(tmp_path)
    samples = digits.write_samples(tmp_path / "s.npz", 40)
    page, _ = page_of(network, tmp_path, max_divergence=0.05, evaluation=samples)
    profiles = re.findall(r'<figure class="profile">.*?</figure>', page, re.DOTALL)
    assert [re.findall(r"<figcaption>(.*?)</figcaption>", profile)[0] for profile in profiles] == [
        "Bytes",
        "Bits per weight",
        "Relative error, %",
    ]
    for profile in profiles:
        assert 2 <= profile.count('<div class="tick"') <= 3
        ticks = [float(t.strip("%").replace(",", "")) for t in re.findall(r"<span>(.*?)</span>", profile)]
        assert ticks[0] == 0 < ticks[-1]
        assert all(0 <= float(height) <= 100 for height in re.findall(r' height="([\d.]+)"', profile))
    goal = page[page.index('<svg class="plot"') : page.index("</svg>")]
    assert goal.count("<text") > 6
    assert "times smaller</text>" in goal
    for word in ("kept", "goal"):
        assert f"</i>{word}</li>" in page


def test_samples_are_described(tmp_path: Path) -> None:
    network = digits.write_network(tmp_path)
    page, report = page_of(
        network, tmp_path, calibration=digits.write_samples(tmp_path / "s.npz", 40, labelled=False)
    )
    (inputs,) = report.inputs
    assert f"{inputs.mean:.4g}" in page
    assert f"Samples What the inputs look like, over {inputs.samples} batches" in " ".join(
        Reader(page).text.split()
    )
