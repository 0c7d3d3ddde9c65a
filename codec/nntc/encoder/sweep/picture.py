"""Curves as a picture: what was kept against how small the file is, a line for each method."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nntc.encoder.goals.fidelity import Share
from nntc.encoder.sweep.curves import Curves, SweepPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEEDS_MATPLOTLIB = "a picture of the curves needs matplotlib: pip install 'nntc[plot]'"
_MARKERS = "os^Dv"
_SIZE = 4.6, 4.0  # inches of a panel
_USEFUL = 0.8  # of answers the same: points below are left out
_WRECKED = 0.5  # divergence, for outputs that are no answers
_LEAST_RANGE = 0.05  # of an axis of shares: chance is not to look large
_LEAST = 1e-7  # of a divergence; what is exact has none, and stands here on a logarithmic axis
_NAMED = 6  # points that are left out and named


def check_picture() -> None:
    """Raise ImportError if pictures cannot be made here."""
    try:
        import matplotlib as mpl  # noqa: F401 - only whether it is there
    except ImportError as e:
        raise ImportError(_NEEDS_MATPLOTLIB) from e


def make_picture(curves: Curves, name: str, file_format: str) -> bytes:
    """Return the picture; the same curves give the same bytes.

    Parameters
    ----------
    name
        What the model is called.
    file_format
        `svg` or `png`.

    Raises
    ------
    ImportError
        There is no matplotlib.
    """
    check_picture()
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "nntc", "font.family": "DejaVu Sans"}):
        out = io.BytesIO()
        metadata = {"Date": None} if file_format == "svg" else {"Software": None}
        make_figure(curves, name).savefig(out, format=file_format, dpi=150, metadata=metadata)
    return out.getvalue()


def make_figure(curves: Curves, name: str) -> Figure:
    """Return the figure that is the picture: a panel for each measure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fidelity = curves.points[0].fidelity
    panels: list[Callable[[Axes], None]] = []
    if fidelity.top1 is not None:
        panels.append(lambda axes: _draw_accuracy(axes, curves, "top1", "top-1 accuracy"))
        panels.append(lambda axes: _draw_accuracy(axes, curves, "top5", "top-5 accuracy"))
    elif fidelity.agreement is not None:
        panels.append(lambda axes: _draw_accuracy(axes, curves, "agreement", "same top answer"))
    panels.append(lambda axes: _draw_divergence(axes, curves))
    figure = Figure(figsize=(_SIZE[0] * len(panels), _SIZE[1]), layout="constrained")
    FigureCanvasAgg(figure)
    for number, draw in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), number + 1)
        draw(axes)
        axes.set_xlim(0, 1.1 * max(point.ratio for point in _shown(curves)))
        axes.set_xlabel("times smaller")
        axes.grid(visible=True, alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if number == 0:
            axes.legend(frameon=False)
    title = f"{name}, {fidelity.samples:,} {curves.measured_on} samples"
    figure.suptitle(title, parse_math=False)
    left_out = _left_out(curves)
    if left_out:
        figure.supxlabel(left_out, x=0.01, ha="left", fontsize=8, color="0.35", parse_math=False)
    return figure


def _draw_accuracy(axes: Axes, curves: Curves, field: str, label: str) -> None:
    """Draw a proportion in percent, and where the original's lies with its confidence interval."""

    def share(point: SweepPoint) -> Share:
        value: Share = getattr(point.fidelity, field)
        return value

    for points, style in _lines(curves):
        x = [point.ratio for point in points]
        axes.plot(x, [100 * share(point).value for point in points], **style)
    before: Share | None = getattr(curves.points[0].fidelity, f"original_{field}", None)
    if before is None:
        highest = max(share(point).value for point in _shown(curves))
    else:
        axes.axhline(100 * before.value, color="0.4", linestyle="--", linewidth=1, label="original")
        label_of_band = "95% interval of the original"
        axes.axhspan(
            100 * before.low, 100 * before.high, color="0.5", alpha=0.15, linewidth=0, label=label_of_band
        )
        highest = max(before.value, *(share(point).value for point in _shown(curves)))
    lowest = min(share(point).value for point in _shown(curves))
    lowest = min(lowest - 0.005, highest - _LEAST_RANGE)
    axes.set_ylim(100 * lowest, 100 * highest + 5 * (highest - lowest))
    axes.set_ylabel(f"{label}, %")


def _draw_divergence(axes: Axes, curves: Curves) -> None:
    """Draw divergences on a logarithmic axis."""
    for points, style in _lines(curves):
        axes.plot([p.ratio for p in points], [max(p.fidelity.divergence, _LEAST) for p in points], **style)
    axes.set_yscale("log")
    shown = [max(p.fidelity.divergence, _LEAST) for p in _shown(curves)]
    axes.set_ylim(min(shown) / 1.5, 1.5 * max(shown))
    axes.set_ylabel(str(curves.points[0].fidelity.measure))


def _left_out(curves: Curves) -> str:
    """Return which points are not in the picture, as they would hide the others; "" if all are."""
    shown = _shown(curves)
    names = [f"{p.method.value} {p.setting} ({p.ratio:.3g})" for p in curves.points if p not in shown]
    if not names:
        return ""
    more = ", ..." if len(names) > _NAMED else ""
    return f"not shown, as they answer otherwise (times smaller): {', '.join(names[:_NAMED])}{more}"


def _shown(curves: Curves) -> list[SweepPoint]:
    """Return the points in the picture: those that answer much like the original, if there are any."""
    close = [point for point in curves.points if _is_close(point)]
    return close if len(close) > 1 else list(curves.points)


def _is_close(point: SweepPoint) -> bool:
    agreement = point.fidelity.agreement
    return point.fidelity.divergence < _WRECKED if agreement is None else agreement.value > _USEFUL


def _lines(curves: Curves) -> list[tuple[list[SweepPoint], dict[str, Any]]]:
    """Return each method's points with the look of its line."""
    shown = _shown(curves)
    lines = []
    for n, method in enumerate(curves.methods):
        style = {"color": f"C{n}", "marker": _MARKERS[n % len(_MARKERS)], "label": method.value}
        lines.append(([point for point in curves.of(method) if point in shown], style))
    return lines
