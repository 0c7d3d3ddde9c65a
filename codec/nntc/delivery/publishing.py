"""Publishing: a model is encoded, described, signed, and put where devices find it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntc.decoder.places import reporting
from nntc.decoder.staging import Staging, settle_dead, sync_folder
from nntc.delivery.describing import as_update, describe
from nntc.delivery.durable import sync_file
from nntc.delivery.kept import leave_out, leave_out_updates, previous_of
from nntc.delivery.keys import ROLES, Keys
from nntc.delivery.making import encode_fresh, with_update
from nntc.delivery.release import DEFAULT_CHANNEL, Release, is_word
from nntc.delivery.repository import Repository
from nntc.delivery.trust import target_name
from nntc.delivery.undoing import Undo
from nntc.errors import DeliveryError

if TYPE_CHECKING:
    from nntc.encoder.report import EncodeReport
    from nntc.progress import Progress

DEFAULT_KEEP = 3


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication has done.

    Parameters
    ----------
    release
        What is in the repository now, as a full file.
    update
        The update of the version before that was added; None without one.
    note
        Why there is an update or none, for people; empty where there was no version before.
    is_new
        Whether it was not there before; else metadata were renewed only.
    removed
        Versions that were left out, as there are newer ones.
    root
        Path of root metadata, to be handed over to devices.
    report
        Of the encoder.
    """

    release: Release
    update: Release | None
    note: str
    is_new: bool
    removed: tuple[str, ...]
    root: Path
    report: EncodeReport


def publish(
    repository: str | os.PathLike[str],
    model: str | os.PathLike[str],
    *,
    name: str,
    version: str,
    keys: str | os.PathLike[str],
    channel: str = DEFAULT_CHANNEL,
    keep: int = DEFAULT_KEEP,
    updates: bool = True,
    base_exact: str | os.PathLike[str] | None = None,
    days: Mapping[str, int] | None = None,
    follow_links: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Published:
    """Encode a model and add it to a repository, which is made if there is none.

    Stopped at any moment, the repository is as it was or as it shall be, and the next run goes on; a run that
    fails leaves nothing that it has made, no keys either. Of several runs at once, one after the other adds
    what it has.

    Parameters
    ----------
    repository
        Folder of the repository, for any web server or bucket.
    model
        Path of the ONNX model.
    name, version, channel
        Of the model: up to 64 letters, digits and `._+-`, the first one a letter or digit.
    keys
        Folder of keys, outside of the repository; made with the repository.
    keep
        Versions of a channel that the repository keeps, at least 1.
    updates
        Whether to make an update of the version before, where that is worth it: see `nntc.delivery.making`.
    base_exact
        The model that the version before was published from: makes an update of it several times smaller.
    days
        Role (`root`, `targets`, `snapshot`, `timestamp`) -> days for which its metadata are valid.
    follow_links, progress, options
        As for `nntc.encode`.

    Returns
    -------
    What has been done.

    Raises
    ------
    DeliveryError
        E_RELEASE: the version is there already and is another; E_TRUST: the repository was not signed by
        these keys; E_KEYS: a key is missing.
    OutputError
        E_OUTPUT: the repository cannot be written.
    ModelError
        And others, as `nntc.encode`.
    TypeError, ValueError
        Words, numbers or options that there are not.
    """
    for what, word in (("name", name), ("version", version), ("channel", channel)):
        if not is_word(word):
            raise ValueError(f"{what} must be letters, digits and ._+- (64 at most), not {word!r}")
    if keep < 1:
        raise ValueError("keep must be at least 1")
    chosen, place = _days(days), _repository(repository, keys)
    with contextlib.ExitStack() as stack:
        with reporting(place.files):
            folder, made_here = place.files / name, Undo()
            stack.callback(made_here.run)  # folders alone, which go if there is nothing in them
            made_here.make_folder(folder)
            stack.callback(settle_dead, folder)  # an interrupt just when a staging folder was made
            staging = Staging(folder)
            stack.callback(_discard, staging)
            own = staging.path / "new"  # whose lock is still to be had
            own.mkdir()
            previous = previous_of(place, name, version, channel, own) if updates and keep > 1 else None
        how = {"follow_links": follow_links, "progress": progress, **options}
        made = encode_fresh(Path(model), own, **how)
        if previous is not None:
            exact = None if base_exact is None else Path(base_exact)
            made = with_update(made, Path(model), previous, own, base_exact=exact, **how)
        release, update = describe(made.full, name, version, channel), None
        if release.file != made.fresh:
            release = replace(release, fresh=made.fresh)
        stack.enter_context(place.claim(create=True))
        same = _same(place.releases, release)
        if same is None:
            release = replace(release, serial=place.next_serial)
            _move(made.full, place.files / target_name(release), place.undo)
            place.add(release)
        if same is None and made.update is not None and previous is not None:
            update = as_update(describe(made.update, name, version, channel), release, previous.release)
            _move(made.update, place.files / target_name(update), place.undo)
            place.add(update)
        removed = leave_out(place, release, keep)
        update = update if update in place.releases else None
        place.put(chosen, with_targets=same is None or bool(removed))
        note, root = made.note if same is None else "", place.keys.root_path
        return Published(same or release, update, note, same is None, removed, root, made.report)


def refresh(
    repository: str | os.PathLike[str],
    keys: str | os.PathLike[str],
    *,
    days: Mapping[str, int] | None = None,
    new_key: str | None = None,
) -> None:
    """Renew timestamp and snapshot, and root and targets where less than half of their days are left.

    Parameters
    ----------
    repository, keys, days
        As for `publish`; keys of `snapshot` and `timestamp` are enough as long as the others are not due.
    new_key
        Role that gets another key, which needs that of `root`.

    Raises
    ------
    DeliveryError
        E_RELEASE: there is no repository; E_TRUST, E_KEYS as `publish`.
    OutputError
        E_OUTPUT: the repository cannot be written.
    ValueError
        Roles or days that there are not.
    """
    if new_key is not None and new_key not in ROLES:
        raise ValueError(f"there is no role {new_key!r} but {', '.join(ROLES)}")
    chosen, place = _days(days), _repository(repository, keys)
    with place.claim():
        place.put(chosen, with_targets=False, new_key=new_key)


def withdraw(
    repository: str | os.PathLike[str],
    keys: str | os.PathLike[str],
    *,
    name: str,
    version: str,
    channel: str = DEFAULT_CHANNEL,
) -> None:
    """Take a version out of a channel: devices go back to the newest of those that are left.

    Parameters
    ----------
    repository, keys, name, version, channel
        As for `publish`.

    Raises
    ------
    DeliveryError
        E_RELEASE: there is no such version; E_TRUST, E_KEYS as `publish`.
    OutputError
        E_OUTPUT: the repository cannot be written.
    """
    place = _repository(repository, keys)
    with place.claim():
        found = [r for r in place.releases if (r.name, r.version, r.channel) == (name, version, channel)]
        if not found:
            raise DeliveryError("E_RELEASE", f"'{name}' has no version {version} in channel '{channel}'")
        for release in found:
            place.remove(release)
        leave_out_updates(place, name)
        place.put({}, with_targets=True)


def _repository(folder: str | os.PathLike[str], keys: str | os.PathLike[str]) -> Repository:
    """Return a repository; ValueError where its keys would be published with it."""
    place, kept = Path(folder), Path(keys)
    if kept.resolve().is_relative_to(place.resolve()):
        raise ValueError("keys must be outside of the repository")
    return Repository(place, Keys(kept))


def _days(days: Mapping[str, int] | None) -> dict[str, int]:
    chosen = dict(days or {})
    for role, value in chosen.items():
        if role not in ROLES:
            raise ValueError(f"there is no role {role!r} but {', '.join(ROLES)}")
        if not 1 <= value <= 36_500:
            raise ValueError(f"days of {role} must be a whole number from 1 to 36,500, not {value!r}")
    return chosen


def _same(releases: list[Release], release: Release) -> Release | None:
    """Return the release that is there already; DeliveryError, E_RELEASE, if it is another."""
    for known in releases:
        if known.path == release.path:
            if (known.fresh or known.file) == (release.fresh or release.file):
                return known
            message = f"{release.name} {release.version} is there already, and is another; name a new version"
            raise DeliveryError("E_RELEASE", message)
    return None


def _move(file: Path, target: Path, undo: Undo) -> None:
    """Give a target file its name, forced to storage."""
    undo.make_folder(target.parent)
    sync_folder(target.parent.parent)
    sync_file(file)
    undo.will_make(target)
    file.replace(target)
    sync_folder(target.parent)


def _discard(staging: Staging) -> None:
    with contextlib.suppress(OSError):
        staging.settle()
