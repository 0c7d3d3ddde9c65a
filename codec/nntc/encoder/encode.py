"""Encoding as users call it: from a model's path or bytes to a file, or to bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.output_set import OutputSet
from nntc.encoder.device import Device
from nntc.encoder.encoding import encode_model
from nntc.encoder.model import Model, open_model
from nntc.encoder.options import ChosenOptions, Options, check_options
from nntc.encoder.page import check_page, make_page
from nntc.encoder.report import EncodeReport
from nntc.encoder.update.base import with_base
from nntc.encoder.workers import Workers
from nntc.errors import OutputError
from nntc.progress import Progress

if TYPE_CHECKING:
    from nntc.encoder.goals.reach import Tried
    from nntc.onnx.serialized import ModelSource


@in_standard_arithmetic
def encode(
    source: ModelSource,
    target: str | os.PathLike[str],
    *,
    report: str | os.PathLike[str] | None = None,
    follow_links: bool = False,
    progress: Progress | None = None,
    tried: Tried | None = None,
    **options: Unpack[ChosenOptions],
) -> EncodeReport:
    """Encode an ONNX model as a `.nntc` file.

    Parameters
    ----------
    source
        Path of the model, its external data beside it; or a model without any, as bytes or `onnx.ModelProto`.
    target
        Path of the `.nntc` file; replaced only by a complete one.
    report
        Path of an HTML page about the encoding, to be written together with the target.
    follow_links
        Whether links may lead to external data that is not in the model's folder, as in caches of downloaded
        models.
    progress
        Called with a `ProgressEvent` when a phase of the work begins and after each of its steps.
    tried
        Called with each encoding that the search for a goal makes.
    options
        See `nntc.Options`. `auto` with nothing that says how small or how close uses the default quality.

    Returns
    -------
    What was coded how, and how large and how far from the original it is.

    Raises
    ------
    ModelError
        The model is at fault; E_GOAL: the goal cannot be reached; E_RUN: onnxruntime cannot run the model;
        E_FIDELITY: with samples, the decoded network gives values that are not finite.
    SamplesError
        E_SAMPLES: samples cannot be read, or do not fit the model.
    SourceError
        E_SOURCE_CHANGED: a file of the model was changed meanwhile; E_SOURCE: the system cannot read it.
    ImportError
        The model is to be run and there is no onnxruntime, or a page is asked for and there is no jinja2.
    ClusterError
        E_CLUSTER: a Dask cluster does not answer, has no workers, or loses them.
    OutputError
        E_OUTPUT: the target cannot be written; E_OUTPUT_BUSY: another run is writing it; E_OUTPUT_EXISTS: it
        is a file of the model.
    TypeError, ValueError
        Options that there are not, or that do not go together.
    """
    checked = check_options(**options)
    if report is not None:
        check_page()
    paths = [Path(path) for path in (target, report) if path is not None]
    with ExitStack() as stack:
        # The model is closed, and found unchanged, before anything is put in its place.
        outputs = stack.enter_context(OutputSet(paths))
        model = stack.enter_context(
            open_model(source, follow_links=follow_links, device=Device(checked.device_memory))
        )
        model = _with_base(model, checked, stack, follow_links)
        workers = stack.enter_context(
            Workers(checked.jobs, progress, dask=checked.dask, folder=Path(target).parent)
        )
        for path in paths:
            model.refuse_to_replace(path)
            _refuse_base(path, checked)
        file, outcome = encode_model(model, checked, workers, tried)
        contents: list[Iterable[bytes]] = [file.chunks()]
        if report is not None:
            contents.append([make_page(model.name, file, outcome, checked, model.bases).encode()])
        outputs.write(contents)
    return outcome


@in_standard_arithmetic
def encode_stream(
    source: ModelSource,
    target: BinaryIO,
    *,
    follow_links: bool = False,
    progress: Progress | None = None,
    tried: Tried | None = None,
    **options: Unpack[ChosenOptions],
) -> EncodeReport:
    """Encode to a stream, such as a pipe, which gets its first byte when the last is known.

    The directory, with digests of all sections, comes first: what is coded waits in temporary files.

    Parameters
    ----------
    source, follow_links, progress, tried, options
        As for `encode`.
    target
        A binary file.

    Returns
    -------
    What was coded how.

    Raises
    ------
    OSError
        The stream cannot be written.
    ModelError
        And others, as `encode`.
    """
    checked = check_options(**options)
    with (
        open_model(source, follow_links=follow_links, device=Device(checked.device_memory)) as model,
        Workers(checked.jobs, progress, dask=checked.dask) as workers,
    ):
        file, outcome = encode_model(model, checked, workers, tried)
        for chunk in file.chunks():
            target.write(chunk)
        return outcome


@in_standard_arithmetic
def encode_bytes(
    source: ModelSource,
    *,
    follow_links: bool = False,
    progress: Progress | None = None,
    tried: Tried | None = None,
    **options: Unpack[ChosenOptions],
) -> tuple[bytes, EncodeReport]:
    """Encode in memory.

    Parameters
    ----------
    source, follow_links, progress, tried, options
        As for `encode`.

    Returns
    -------
    The bytes of the `.nntc` file, and what was coded how.

    Raises
    ------
    ModelError
        And others, as `encode`.
    """
    checked = check_options(**options)
    with ExitStack() as stack:
        model = stack.enter_context(
            open_model(source, follow_links=follow_links, device=Device(checked.device_memory))
        )
        model = _with_base(model, checked, stack, follow_links)
        workers = stack.enter_context(Workers(checked.jobs, progress, dask=checked.dask))
        file, outcome = encode_model(model, checked, workers, tried)
        return file.tobytes(), outcome


def _with_base(model: Model, options: Options, stack: ExitStack, follow_links: bool) -> Model:
    """Return a model with the base of an update, if it is to be one."""
    if options.base is None:
        return model
    return with_base(model, options.base, options.base_exact, stack, follow_links=follow_links)


def _refuse_base(target: Path, options: Options) -> None:
    """Raise E_OUTPUT_EXISTS if `target` is the base."""
    for own in (options.base, options.base_exact):
        if isinstance(own, str | os.PathLike) and target.exists() and target.samefile(own):
            raise OutputError("E_OUTPUT_EXISTS", f"{target} is the base")
