"""Pictures of a line of text, as a text recognizer gets them: drawn, tilted, blurred and noisy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HEIGHT = 48
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
_NAMES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
Pixels = NDArray[np.uint8]


def cut_lines(sentences: Sequence[str], seed: int = 0) -> list[str]:
    """Return the beginning of each sentence, one to five words, the characters of ASCII alone."""
    rng = np.random.default_rng(seed)
    plain = [sentence.encode("ascii", "ignore").decode() for sentence in sentences]
    return [" ".join(sentence.split()[: rng.integers(1, 6)]) for sentence in plain]


def draw(text: str, rng: np.random.Generator) -> Pixels:
    """Return a picture of a line of text, RGB, 48 pixels high."""
    size = int(rng.integers(18, 56))
    font = ImageFont.truetype(str(_FONTS / f"{rng.choice(_NAMES)}.ttf"), size)
    left, top, right, bottom = font.getbbox(text)
    margin = rng.uniform(0.1, 0.4, 2) * size
    width, height = int(right - left + 2 * margin[0]), int(bottom - top + 2 * margin[1])
    paper = rng.integers(0, 256, 3)
    ink = rng.integers(0, 256, 3)
    while abs(int(ink.sum()) - int(paper.sum())) < 240:
        ink = rng.integers(0, 256, 3)
    picture = Image.new("RGB", (width, height), tuple(int(c) for c in paper))
    ImageDraw.Draw(picture).text((margin[0] - left, margin[1] - top), text, tuple(int(c) for c in ink), font)
    fill = tuple(int(c) for c in paper)
    picture = picture.rotate(rng.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=fill)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.04) * size))
    picture = picture.resize((max(round(width * HEIGHT / height), 1), HEIGHT), Image.Resampling.BILINEAR)
    noise = rng.normal(0, rng.uniform(0, 16), (HEIGHT, picture.width, 3))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)


def network_input(pixels: Pixels, width: int) -> NDArray[np.float32]:
    """Return a picture as PP-OCR's networks take it: -1 to 1, BGR, at least so wide, (1, 3, height, width).

    Padding is 0, grey.
    """
    planes = (pixels[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 255 - 0.5) / 0.5
    padded = np.pad(planes, ((0, 0), (0, 0), (0, max(width - planes.shape[2], 0))))
    return padded[None].astype(np.float32)
