"""Speaker embeddings: the encoder of Resemblyzer, 3 LSTM layers, 1.4 million weights.

Inputs are mel spectrograms of 1.6 s of recorded speech (40 bands, 160 frames of 25 ms every 10 ms, 16 kHz) as
that project makes them. A folder of recordings has a folder for every voice; every third voice is for
calibration, the others are measured on. The measure is the mean cosine of the angle between embeddings before
and after coding. Beside it: whether a recording is taken for that of the same voice, by the nearest mean
embedding of its other recordings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from .task import Array, Batch, Fidelity, Outputs, Task, cosines

RATE, WINDOW, HOP, BANDS, FRAMES = 16_000, 400, 160, 40, 160
SILENCE = 480  # samples that are kept or left out together
_LEVEL = 0.03  # loudness of the whole, of full scale
_QUIET = 0.1  # less than this part of it is silence
_LEAST_VOICE, _MOST_VOICE = 6, 16  # spectrograms
Floats = NDArray[np.float32]


def speech(data: Path, recordings: Sequence[Path], calibration: int, evaluation: int) -> Task:
    """Return the task; raise SystemExit without recordings of six voices.

    Args:
        data: folder with models/.
        recordings: folders with a folder for every voice.
        calibration: number of inputs to calibrate by.
        evaluation: number of inputs to measure on.

    """
    voices = [voice for folder in recordings for voice in sorted(folder.iterdir()) if voice.is_dir()]
    spectrograms = [list(islice(_spectrograms(voice), _MOST_VOICE)) for voice in voices]
    spectrograms = [found for found in spectrograms if len(found) >= _LEAST_VOICE]
    if len(spectrograms) < 6:
        raise SystemExit("give folders with recordings of six voices or more: --speech DIR...")
    known = _in_turn(spectrograms[::3], calibration)
    others = _in_turn([found for i, found in enumerate(spectrograms) if i % 3], evaluation)
    speakers = np.array([speaker for speaker, _ in others])
    return Task(
        "resemblyzer_lstm3",
        data / "models" / "resemblyzer_lstm3.onnx",
        "cosine of speaker embeddings",
        [batch for _, batch in known],
        [batch for _, batch in others],
        lambda original, other: _compare(original, other, speakers),
    )


def _in_turn(voices: Sequence[Sequence[Floats]], count: int) -> list[tuple[int, Batch]]:
    """Return speakers and inputs, of each voice the first, then of each the second, and so on."""
    turns = zip_longest(*voices)
    found = [(who, mel) for turn in turns for who, mel in enumerate(turn) if mel is not None]
    return [(who, {"mels": mel[None]}) for who, mel in found[:count]]


def _spectrograms(voice: Path) -> Iterator[Floats]:
    """Yield mel spectrograms, float32 (frames, bands), of a voice's recordings without silence."""
    files = sorted(path for path in voice.rglob("*") if path.suffix in (".wav", ".ogg", ".flac", ".gsm"))
    length = WINDOW + HOP * (FRAMES - 1)
    sound = np.zeros(0, np.float32)
    for index in np.random.default_rng(0).permutation(len(files)):
        sound = np.concatenate([sound, _without_silence(_read(files[index]))])
        while len(sound) >= length:
            yield _mel(sound[:length])
            sound = sound[length:]


def _read(path: Path) -> Floats:
    """Return a recording at 16 kHz, of the usual loudness."""
    form: dict[str, Any] = {}
    if path.suffix == ".gsm":  # no header
        form = {"format": "RAW", "subtype": "GSM610", "samplerate": 8000, "channels": 1}
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True, **form)
    mono = sound.mean(axis=1)
    divisor = gcd(rate, RATE)
    mono = resample_poly(mono, RATE // divisor, rate // divisor).astype(np.float32)
    loudness = float(np.sqrt(np.mean(mono**2))) if mono.size else 1.0
    return np.asarray(mono * (_LEVEL / max(loudness, 1e-6)), np.float32)


def _without_silence(sound: Floats) -> Floats:
    windows = sound[: len(sound) // SILENCE * SILENCE].reshape(-1, SILENCE)
    loud = np.sqrt(np.mean(windows**2, axis=1)) > _QUIET * _LEVEL
    return np.asarray(windows[loud].ravel())


def _mel(sound: Floats) -> Floats:
    """Return the power in mel bands, float32 (frames, bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    hann = np.hanning(WINDOW + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    return np.asarray(power @ _filters().T, np.float32)


def _filters() -> NDArray[np.float64]:
    """Return triangular filters of unit area on Slaney's mel scale, (bands, frequencies)."""
    # Linear up to 1 kHz (200 / 3 Hz a mel), then 27 mels for a factor of 6.4.
    mels = np.linspace(0, 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4), BANDS + 2)
    hertz = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)
    low, centre, high = (hertz[i : i + BANDS, None] for i in range(3))
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low))


def _compare(original: Outputs, other: Outputs, speakers: NDArray[np.int64]) -> Fidelity:
    a, b = np.concatenate(original), np.concatenate(other)
    own = float(cosines(a, b).mean())
    same = float(np.mean(_identified(a, speakers) == _identified(b, speakers)))
    return Fidelity(own, 1 - own, {"same voice named": same})


def _identified(embeddings: Array, speakers: NDArray[np.int64]) -> Array:
    """Return whose voice each embedding is most like, itself left out."""
    belongs = (speakers[:, None] == np.unique(speakers)).astype(np.float64)
    sums = belongs.T @ embeddings
    scores = embeddings @ sums.T
    scores -= belongs * (embeddings**2).sum(axis=1)[:, None]
    # Means of the others, as unit vectors.
    squares = (sums**2).sum(axis=1) - belongs * (2 * scores + (embeddings**2).sum(axis=1)[:, None])
    return np.asarray(np.argmax(scores / np.sqrt(np.maximum(squares, 1e-12)), axis=1))
