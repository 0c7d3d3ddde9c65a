"""One self-contained HTML page about an encoding: no scripts, nothing fetched, every name escaped."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from nntc.encoder.container import CodedFile
from nntc.encoder.goals.goal import GoalReport, GoalTry
from nntc.encoder.options import Method, Objective, Options, describe_options
from nntc.encoder.page.charts import Chart, Point, curve, ticks
from nntc.encoder.report import EncodeReport, TensorReport
from nntc.onnx.roles import Role
from nntc.reader.container import open as open_container
from nntc.reader.info import Totals, describe
from nntc.sources.source import Source

_LEAST = 1e-9
_FAR = math.log(10)  # spoilt ten times as much as may be: not drawn where that would hide everything else
_MOST_TICKS = 3
_SMALL = 2048  # elements; smaller tensors, biases and normalizations are listed apart
_VECTORS = (Role.BIAS, Role.NORMALIZATION)
_LOSSLESS = "Every bit is kept. Each tensor is coded in the exact way that takes the fewest bytes."
_PAPER = "All tensors have the same bits, as in the method of Laude et al. (arXiv 1805.07258)."
_OUTPUTS = "Noise was spread over the tensors so that the network's outputs suffer least for the bytes spent"
_SAMPLES = ", as calibration samples tell it"
_WEIGHTS = "All weights have the same squared error"
_FEWEST = ", and each tensor is coded in the way that takes the fewest bits at its noise."
_NEEDS_JINJA = "a report needs jinja2: pip install 'nntc[report]'"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of tensors; the others are percentages of the greatest in their column."""

    tensor: TensorReport
    bytes: float
    bits: float
    error: float


@dataclass(frozen=True, slots=True)
class Profile:
    """A bar for each tensor, over an axis.

    Parameters
    ----------
    kind
        Its class in the style sheet.
    caption
        What the bars are, with the unit.
    bars
        Percentage of the axis's end and name, for each tensor.
    ticks
        Places on the axis, as percentages, and what it says there.
    """

    kind: str
    caption: str
    bars: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Coding:
    """A way to code tensors: how many are, their elements, their bytes."""

    name: str
    tensors: int
    weights: int
    bytes: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the file: its bytes, and their percentage."""

    name: str
    kind: str
    bytes: float
    percent: float


def check_page() -> None:
    """Raise ImportError if pages cannot be made here."""
    try:
        import jinja2  # noqa: F401 - only whether it is there
    except ImportError as e:
        raise ImportError(_NEEDS_JINJA) from e


def make_page(
    name: str, file: CodedFile, report: EncodeReport, options: Options, base: Sequence[Source] = ()
) -> str:
    """Return the page about an encoding.

    Parameters
    ----------
    name
        What the model is called.
    file
        The `.nntc` file.
    report
        What the encoder told.
    options
        What was asked of it.
    base
        What an update is decoded with.

    Raises
    ------
    ImportError
        There is no jinja2.
    """
    check_page()
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = (files(__package__) / "page.html").read_text(encoding="utf-8")
    with open_container(file, base=base) as container:
        about = describe(container)
        decoded = [(own.name or name, own.size, own.sha256.hex()) for own in container.files]
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return environment.from_string(template).render(
        name=name,
        about=about,
        report=report,
        changes=report.changes,
        settings=describe_options(options),
        choice=_choice(options, report),
        codings=_codings(report.tensors),
        rows=_rows([t for t in report.tensors if not _is_small(t)]),
        small_rows=_rows([t for t in report.tensors if _is_small(t)]),
        profiles=_profiles([t for t in report.tensors if not _is_small(t)]),
        parts=_parts(about.totals, report),
        chart=None if report.goal is None else _chart(report.goal, report.original_size),
        sha256=digest.hexdigest(),
        decoded=decoded,
    )


def _choice(options: Options, report: EncodeReport) -> str:
    """Return by what rule tensors were coded."""
    if options.method is Method.LOSSLESS:
        return _LOSSLESS
    if options.is_paper:
        return _PAPER
    if options.objective is Objective.WEIGHTS:
        return _WEIGHTS + _FEWEST
    return _OUTPUTS + (_SAMPLES if report.is_calibrated else "") + _FEWEST


def _is_small(tensor: TensorReport) -> bool:
    return tensor.size < _SMALL or tensor.role in _VECTORS


def _rows(tensors: Sequence[TensorReport]) -> list[Row]:
    most_bytes = max((t.coded_bytes for t in tensors), default=0.0) or 1.0
    most_bits = max((t.bits_per_weight for t in tensors), default=0.0) or 1.0
    most_error = max((t.error for t in tensors), default=0.0) or 1.0
    return [
        Row(
            t,
            100 * t.coded_bytes / most_bytes,
            100 * t.bits_per_weight / most_bits,
            100 * t.error / most_error,
        )
        for t in tensors
    ]


def _profiles(tensors: Sequence[TensorReport]) -> list[Profile]:
    """Return what is drawn of the tensors, one below the other."""
    if not tensors:
        return []
    columns = {
        "bytes": ("Bytes", "", [t.coded_bytes for t in tensors]),
        "bits": ("Bits per weight", "", [t.bits_per_weight for t in tensors]),
        "error": ("Relative error, %", "%", [100 * t.error for t in tensors]),
    }
    profiles = []
    for kind, (caption, unit, values) in columns.items():
        if not max(values):
            continue  # all are exact
        axis = ticks([0.0, *values])
        shown = axis if len(axis) <= _MOST_TICKS else axis[:: (len(axis) - 1) // 2 or 1]
        bars = tuple((100 * value / axis[-1], t.name) for value, t in zip(values, tensors, strict=True))
        marks = tuple((100 * tick / axis[-1], f"{tick:,.10g}{unit}") for tick in shown)
        profiles.append(Profile(kind, caption, bars, marks))
    return profiles


def _codings(tensors: Sequence[TensorReport]) -> list[Coding]:
    """Return the ways in which tensors are coded, that of the most bytes first."""
    groups: dict[str, list[TensorReport]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.detail or tensor.tool, []).append(tensor)
    codings = [
        Coding(name, len(group), sum(t.size for t in group), sum(t.coded_bytes for t in group))
        for name, group in groups.items()
    ]
    return sorted(codings, key=lambda coding: -coding.bytes)


def _parts(totals: Totals, report: EncodeReport) -> list[Part]:
    """Return what the file's bytes are spent on, by role, largest first."""
    spent: dict[str, float] = {}
    for tensor in report.tensors:
        spent[tensor.role] = spent.get(tensor.role, 0.0) + tensor.coded_bytes
    spent["graph"] = totals.graph
    spent["tables and directory"] = totals.file - sum(spent.values())
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return [
        Part(name, f"part{number % 8}", size, 100 * size / totals.file)
        for number, (name, size) in enumerate(ordered)
    ]


def _chart(report: GoalReport, original_size: int) -> Chart:
    """Return the curve that the search for a goal went along."""
    goal = report.goal

    def point(t: GoalTry) -> Point:
        value = max(t.value, _LEAST) if goal.is_logarithmic else goal.axis_scale * t.value
        kind = "chosen" if t is report.reached else "met" if t.is_met else "missed"
        text = f"{t.quality:.1f} dB: {t.size:,} bytes, {goal.describe(t.fidelity)}"
        return Point(original_size / t.size, value, text, kind)

    shown = [t for t in report.tries if goal.is_logarithmic or t.excess <= _FAR]
    limit = goal.axis_scale * goal.limit
    return curve([point(t) for t in shown], limit, logarithmic=goal.is_logarithmic, unit=goal.unit)
