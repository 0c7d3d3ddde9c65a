"""From a repository to a version in use: metadata, plan, download, decoding, check, switch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from nntc.delivery.check import Check, refusal, words_of
from nntc.delivery.device import Device, Installed, is_whole
from nntc.delivery.download import Transfer
from nntc.delivery.obtaining import Obtaining
from nntc.delivery.plan import Plan
from nntc.delivery.release import DEFAULT_CHANNEL, newest
from nntc.delivery.settings import Network
from nntc.delivery.trust import Trust
from nntc.delivery.web import StatusError, Web
from nntc.errors import DeliveryError
from nntc.limits import NO_LIMITS, Limits
from nntc.progress import Progress

_CHECK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull has done.

    Parameters
    ----------
    installed
        The version in use; with `dry_run`, the one that would be.
    before
        Version that was in use before; None for none.
    is_new
        Whether another version is in use than before.
    kind
        How it came: `full`, `update`, `chain`, or `none` if nothing was fetched.
    files
        Paths of the target files that it took.
    transfer
        What the downloads took.
    disk, memory
        Bytes that it takes at most.
    trusted_root
        SHA-256 of root metadata that were trusted on first use; None where they were known.
    """

    installed: Installed
    before: str | None
    is_new: bool
    kind: str
    files: tuple[str, ...]
    transfer: Transfer
    disk: int
    memory: int
    trusted_root: str | None


def pull(
    url: str,
    into: str | os.PathLike[str],
    *,
    name: str,
    channel: str = DEFAULT_CHANNEL,
    root: str | os.PathLike[str] | bytes | None = None,
    check: Check | None = None,
    check_seconds: float = _CHECK_SECONDS,
    network: Network | None = None,
    again: bool = False,
    dry_run: bool = False,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    started: Callable[[Plan], None] | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Bring the newest version of a model onto a device.

    What is interrupted, in whatever way, goes on at the next call where it was. The version in use is the old
    one until the new one is whole, checked and forced to storage; then it is the new one.

    Parameters
    ----------
    url
        Of the repository, http or https.
    into
        Folder of the device; see `nntc.delivery.device`.
    name, channel
        Of the model.
    root
        Root metadata that the publisher has handed over, as a path or bytes: the root of trust. None trusts
        those of the last time, and at the first time what the server has.
    check
        Command with `{model}` in it, or function, that may refuse the new version: see `nntc.delivery.check`.
    check_seconds
        Time for a command.
    network
        Timeouts, rates, attempts.
    again
        Take a version that was refused before.
    dry_run
        Look what would be done, and do nothing of it.
    jobs, limits
        Threads for decoding, and what it may take.
    started
        Called with the plan before anything is fetched.
    progress
        Called with events of phases `DOWNLOADING` and `DECODING`.

    Returns
    -------
    What has been done.

    Raises
    ------
    DeliveryError
        E_TRUST, E_RELEASE, E_SPACE, E_REFUSED, E_CHECK; see `nntc.errors`. E_CHECK: the check cannot be run.
    SourceError
        E_SOURCE: the server cannot be reached, or does not send what it should.
    LimitError, FormatError
        The version needs more than `limits` allow, or a newer decoder.
    OutputError
        E_OUTPUT, E_OUTPUT_BUSY: the folder cannot be written, or another run is at work there.
    ValueError
        A check that names no model.
    """
    if isinstance(check, str):
        words_of(check)
    given = root if root is None or isinstance(root, bytes) else Path(root).read_bytes()
    device, web = Device(Path(into)), Web(network or Network())
    try:
        with device.claim():
            trust = Trust(url, device, web, given)
            obtaining = Obtaining(
                device, web, trust.url, jobs=jobs, limits=limits, started=started, progress=progress
            )
            run = _Run(device, trust, obtaining)
            for attempt in (1, 2):
                try:
                    return run.pull(name, channel, check, check_seconds, again=again, dry_run=dry_run)
                except StatusError as e:
                    if attempt == 2 or e.status not in _GONE:
                        raise
            raise AssertionError
    finally:
        web.close()


_GONE = {404, 410}
"""Statuses of target files that a new publication may just have removed."""


class _Run:
    """One pull, with all that it works with."""

    def __init__(self, device: Device, trust: Trust, obtaining: Obtaining) -> None:
        self._device, self._trust, self._obtaining = device, trust, obtaining

    def pull(
        self,
        name: str,
        channel: str,
        check: Check | None,
        seconds: float,
        *,
        again: bool,
        dry_run: bool,
    ) -> Pulled:
        device = self._device
        releases = self._trust.releases()
        goal = newest(releases, name, channel)
        versions = device.pointed()
        now = versions[0] if versions else None
        if now is not None and now.decoded == goal.decoded and is_whole(now):
            named = replace(now, version=goal.version, channel=goal.channel, serial=goal.serial)
            if named != now and not dry_run:
                device.note(named)
            return self._outcome(named, now, None)
        if goal.identity in device.refused() and not again:
            message = f"{name} {goal.version} was refused here before (--again takes it)"
            raise DeliveryError("E_REFUSED", message)
        installed, plan = device.find(goal), None
        if installed is None:
            installed, plan = self._obtaining.run(releases, goal, dry_run=dry_run)
        if dry_run:
            return self._outcome(installed, now, plan)
        why = None if check is None else refusal(check, installed.model, seconds)
        device.refuse(goal.identity, again=why is None)
        if why is not None:
            device.tidy()
            raise DeliveryError("E_REFUSED", f"{name} {goal.version}: {why}; the version before stays in use")
        device.use(installed, now)
        device.tidy()
        for path in device.parts.iterdir():
            path.unlink()
        return self._outcome(installed, now, plan)

    def _outcome(self, installed: Installed, now: Installed | None, plan: Plan | None) -> Pulled:
        return Pulled(
            installed,
            None if now is None else now.version,
            now is None or now.decoded != installed.decoded,
            "none" if plan is None else plan.kind,
            () if plan is None else tuple(step.path for step in plan.steps),
            self._obtaining.transfer,
            0 if plan is None else plan.disk,
            0 if plan is None else plan.memory,
            self._trust.first_use,
        )
