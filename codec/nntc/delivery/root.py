"""Root metadata as a publisher has them: made with the keys, followed to the newest, and what both trust."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from nntc.delivery.durable import write_durably
from nntc.delivery.keys import ROLES, Keys
from nntc.delivery.metadata import DAYS, fresh, sign
from nntc.errors import DeliveryError


def first_root(keys: Keys) -> bytes:
    """Make keys that there are not yet, and root metadata; return the latter.

    Raises
    ------
    DeliveryError
        E_KEYS: the keys are those of another repository.
    """
    if keys.root_path.exists():  # of a first publication that was killed
        data = keys.known_root()
        with trusting(keys.folder, keys):
            if Metadata[Root].from_bytes(data).signed.version != 1:
                raise DeliveryError("E_KEYS", f"the keys in {keys.folder} are those of another repository")
        return data
    signers = {role: keys.signer(role) if keys.has(role) else keys.create(role) for role in ROLES}
    root = fresh(Root, DAYS[Root.type], consistent_snapshot=True)
    for role, signer in signers.items():
        root.signed.add_key(signer.public_key, role)
    data = sign(root, [signers[Root.type]])
    keys.undo.will_make(keys.root_path)
    write_durably(keys.root_path, data)
    return data


def newest_root(metadata: Path, keys: Keys) -> Metadata[Root]:
    """Return the newest root metadata in a folder, each signed by those before, from the publisher's own on.

    Raises
    ------
    DeliveryError
        E_TRUST: they were not signed by these keys.
    """
    with trusting(metadata, keys):
        root = Metadata[Root].from_bytes(keys.known_root())
        while (path := metadata / f"{root.signed.version + 1}.{Root.type}.json").exists():
            later = Metadata[Root].from_bytes(path.read_bytes())
            for judge in (root, later):
                judge.signed.verify_delegate(Root.type, later.signed_bytes, later.signatures)
            if later.signed.version != root.signed.version + 1:
                raise DeliveryError("E_TRUST", f"{path} has another version than its name")
            root = later
        return root


@contextlib.contextmanager
def trusting(metadata: Path, keys: Keys) -> Iterator[None]:
    """Turn what python-tuf finds in metadata into E_TRUST."""
    try:
        yield
    except FileNotFoundError as e:
        raise DeliveryError("E_TRUST", f"{e.filename} is missing") from e
    except (RepositoryError, ValueError, KeyError, TypeError) as e:
        message = f"what is in {metadata} was not signed by the keys in {keys.folder}: {e}"
        raise DeliveryError("E_TRUST", message) from e
