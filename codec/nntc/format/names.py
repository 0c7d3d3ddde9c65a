"""Plain file names: the only ones a container may cause to be written (SPEC.md, "File names")."""

from __future__ import annotations

from nntc.format.registry import MAX_NAME

_FORBIDDEN = frozenset(b'/\\:*?"<>|\x7f') | frozenset(range(0x20))
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def is_plain_file_name(name: bytes) -> bool:
    """Whether `name` is UTF-8, 1..255 bytes, and names a file in the output's own folder everywhere."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    sound_length = 1 <= len(name) <= MAX_NAME
    return sound_length and not _FORBIDDEN & set(name) and name[:1] != b"." and name[-1:] not in (b".", b" ")


def fold(name: str) -> str:
    """Return `name` with A..Z as a..z and nothing else changed: names equal after this are the same file."""
    return name.translate(_LOWER)
