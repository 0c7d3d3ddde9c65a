"""One self-contained HTML page about an encoding: no scripts, nothing fetched, every name escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from codec.decoder.lazy import open as open_container
from codec.encoder.goals.goal import GoalKind, GoalReport, GoalTry
from codec.encoder.page.charts import Chart, Point, curve
from codec.encoder.report import EncodeReport, TensorReport
from codec.info import Totals, describe

_LEAST = 1e-9
_NEEDS_JINJA = "a report needs jinja2: pip install 'nntc[report]'"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of tensors; the others are percentages of the greatest in their column."""

    tensor: TensorReport
    bytes: float
    bits: float
    error: float


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


def make_page(name: str, data: bytes, report: EncodeReport, settings: Sequence[tuple[str, str]]) -> str:
    """Return the page about an encoding.

    Parameters
    ----------
    name
        What the model is called.
    data
        The `.nntc` file.
    report
        What the encoder told.
    settings
        Options with their values, to be shown.

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
    with open_container(data) as container:
        about = describe(container)
        decoded = [(file.name or name, file.size, file.sha256) for file in container.files]
    return environment.from_string(template).render(
        name=name,
        about=about,
        report=report,
        settings=settings,
        rows=_rows(report.tensors),
        parts=_parts(about.totals, report),
        chart=None if report.goal is None else _chart(report.goal, report.original_size),
        sha256=hashlib.sha256(data).hexdigest(),
        decoded=decoded,
    )


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
    is_divergence = goal.kind is GoalKind.MAX_DIVERGENCE
    scale = 100 if goal.kind is GoalKind.MIN_AGREEMENT else 1

    def point(t: GoalTry) -> Point:
        value = max(t.value, _LEAST) if is_divergence else scale * t.value
        kind = "chosen" if t is report.reached else "met" if t.is_met else "missed"
        text = f"{t.quality:.1f} dB: {t.size:,} bytes, {goal.describe(t.fidelity)}"
        return Point(original_size / t.size, value, text, kind)

    unit = "%" if goal.kind is GoalKind.MIN_AGREEMENT else ""
    return curve([point(t) for t in report.tries], scale * goal.limit, logarithmic=is_divergence, unit=unit)
