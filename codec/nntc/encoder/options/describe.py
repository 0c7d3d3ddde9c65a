"""Description of chosen options for people."""

from __future__ import annotations

import os
from pathlib import Path

from nntc.encoder.options.choices import Effort, Method
from nntc.encoder.options.declaration import Group, declarations
from nntc.encoder.options.options import DEFAULT_QUALITY, Options, aims


def describe_options(options: Options) -> list[tuple[str, str]]:
    """Return names and values of the options that the method takes and that say anything."""
    described = []
    for name, declared in declarations(Options):
        value = getattr(options, name)
        if value is None or options.method not in declared.methods or not _matters(options, name):
            continue
        if name == "exact":
            value = ", ".join(value)
        if isinstance(value, float):
            value = f"{value:g}"
        if isinstance(value, str | os.PathLike) and declared.group is Group.SAMPLES:
            value = Path(value).name
        elif declared.group is Group.UPDATE and not isinstance(value, bool):
            value = Path(value).name if isinstance(value, str | os.PathLike) else "given in memory"
        elif declared.group is Group.SAMPLES and not isinstance(value, bool):
            value = value if hasattr(value, "preprocess") else "given in memory"
        described.append((name.replace("_", " "), str(value)))
    if options.method is Method.AUTO and all(getattr(options, name) is None for name in aims()):
        described.append(("quality", f"{DEFAULT_QUALITY:g} (default)"))
    return described


def _matters(options: Options, name: str) -> bool:
    """Return whether an option says anything beside the other options."""
    matters = {
        "jobs": False,
        "dask": False,
        "exact": bool(options.exact),
        "metric": options.max_drop is not None,
        "confidence": options.goal is not None,
        "refine": options.refine,
        "updatable": options.updatable,
        "index": options.index,
        "stable": options.stable,
        "trust_samples": options.trust_samples,
        "objective": options.calibration is None,
        "effort": options.effort is not Effort.FAST,
        "prune_scope": options.prune > 0,
        "centroids": options.bits is not None,
    }
    return matters.get(name, True)
