"""Versions that a repository keeps: the one that an update is made from, and those that are left out."""

from __future__ import annotations

import shutil
from pathlib import Path

from nntc.delivery.making import Previous
from nntc.delivery.release import Release
from nntc.delivery.repository import Repository
from nntc.delivery.trust import target_name
from nntc.errors import DeliveryError


def previous_of(place: Repository, name: str, version: str, channel: str, folder: Path) -> Previous | None:
    """Return the newest version of a channel, its full file copied to a folder.

    None where there is none, or the version that is to be published is there already.
    """
    if not place.metadata.is_dir():
        return None
    try:
        with place.claim():
            known = [r for r in place.releases if (r.name, r.channel) == (name, channel)]
            full = [release for release in known if release.is_full]
            if not full or version in {release.version for release in known}:
                return None
            release = max(full, key=lambda release: release.serial)
            shutil.copyfile(place.files / target_name(release), folder / "previous.nntc")
            return Previous(folder / "previous.nntc", release)
    except DeliveryError as e:
        if e.id == "E_RELEASE":  # a repository that has not begun
            return None
        raise


def leave_out(place: Repository, release: Release, keep: int) -> tuple[str, ...]:
    """Leave out what is older than the versions to be kept; return their names."""
    own = [r for r in place.releases if (r.name, r.channel) == (release.name, release.channel)]
    serials = sorted({r.serial for r in own}, reverse=True)[keep:]
    old = [r for r in own if r.serial in serials]
    for found in old:
        place.remove(found)
    if old:
        leave_out_updates(place, release.name)
    return tuple(dict.fromkeys(found.version for found in old))


def leave_out_updates(place: Repository, name: str) -> None:
    """Leave out updates whose base no version gives that is left."""
    own = [release for release in place.releases if release.name == name]
    there = {output.id for release in own for output in release.decoded}
    for release in own:
        if not there.issuperset(release.base):
            place.remove(release)
