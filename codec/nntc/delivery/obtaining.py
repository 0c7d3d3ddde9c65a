"""A version obtained: planned, downloaded, decoded, and compared with what was signed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from nntc.decoder.model import DecodeResult
from nntc.delivery.device import Device, Installed
from nntc.delivery.download import Download, Transfer
from nntc.delivery.plan import Plan, cheapest
from nntc.delivery.release import FileId, Release
from nntc.delivery.trust import target_url
from nntc.delivery.updates import apply
from nntc.delivery.web import Web
from nntc.errors import DeliveryError, FormatError, LimitError
from nntc.limits import Limits
from nntc.progress import Progress

_ROOM = 1 << 20
"""Bytes of disk for metadata and notes."""


class Obtaining:
    """Obtains versions for a device.

    Parameters
    ----------
    device, web, url
        Where to, by which client, and from which repository.
    jobs, limits
        Threads for decoding, and what it may take.
    started
        Called with each plan before anything is fetched.
    progress
        Called with events.
    """

    def __init__(
        self,
        device: Device,
        web: Web,
        url: str,
        *,
        jobs: int,
        limits: Limits,
        started: Callable[[Plan], None] | None,
        progress: Progress | None,
    ) -> None:
        self._device, self._web, self._url = device, web, url
        self._jobs, self._limits = jobs, limits
        self._started, self._progress = started, progress
        self.transfer = Transfer()
        """What all downloads together took."""

    def run(self, releases: list[Release], goal: Release, *, dry_run: bool) -> tuple[Installed, Plan]:
        """Fetch and decode a version in the cheapest way; in the next one where an update does not do."""
        device, failed = self._device, set[Release]()
        while True:
            held = {o.id: v.folder / o.name for v in device.held() for o in v.decoded}
            parts = {path.name: path.stat().st_size for path in device.parts.glob("?" * 64)}
            plan = cheapest(releases, goal, held, parts, failed)
            if plan is None:
                message = f"nothing leads to {goal.name} {goal.version} from what is here"
                raise DeliveryError("E_RELEASE", message)
            self._check_limits(plan)
            if self._started is not None:
                self._started(plan)
            if dry_run:
                return device.place(goal), plan
            for step in plan.steps:
                try:
                    folder = self._decode(step, held, self._download(step))
                except FormatError:
                    if step.is_full:
                        raise
                    failed.add(step)
                    break
                held |= {output.id: folder / output.name for output in step.decoded}
            else:
                return device.put(folder, goal), plan
            device.clear_work()

    def _check_limits(self, plan: Plan) -> None:
        """Refuse before anything is fetched what the device has no room for, or may not take."""
        free = shutil.disk_usage(self._device.folder).free
        if free < plan.disk + _ROOM:
            message = f"{plan.disk + _ROOM:,} bytes of disk are needed, and {free:,} are free"
            raise DeliveryError("E_SPACE", message)
        memory, output = self._limits.memory, self._limits.output
        if memory is not None and plan.memory > memory:
            raise LimitError(f"decoding may need {plan.memory:,} bytes, and {memory:,} are allowed (memory)")
        size = max(step.decoded_size for step in plan.steps)
        if output is not None and size > output:
            raise LimitError(f"decoding gives {size:,} bytes, and {output:,} are allowed (output)")

    def _download(self, step: Release) -> Path:
        path = self._device.parts / step.file.sha256
        download = Download(self._web, target_url(self._url, step), step, path)
        try:
            download.run(self._progress)
        finally:
            own, total = download.transfer, self.transfer
            total.received += own.received
            total.fetched_before += own.fetched_before
            total.requests += own.requests
            for fault, count in own.faults.items():
                total.faults[fault] = total.faults.get(fault, 0) + count
        return path

    def _decode(self, step: Release, held: Mapping[FileId, Path], file: Path) -> Path:
        """Decode a target file; return the folder that has what it gives."""
        folder = self._device.work / step.identity
        folder.mkdir()
        bases = [held[base] for base in step.base]
        limits = replace(self._limits, output=step.decoded_size)
        result = apply(
            file,
            bases,
            folder / step.decoded[0].name,
            jobs=self._jobs,
            limits=limits,
            progress=self._progress,
        )
        found = [(name or step.decoded[0].name, sha, size) for name, sha, size in _files(result)]
        if found != [(output.name, output.id.sha256, output.id.length) for output in step.decoded]:
            raise DeliveryError("E_TRUST", f"{step.path} decodes to something else than what was signed")
        return folder


def _files(result: DecodeResult) -> list[tuple[str | None, str, int]]:
    return [(file.name, file.sha256, file.size) for file in result.files]
