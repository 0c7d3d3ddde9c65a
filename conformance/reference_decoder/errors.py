"""Clause 12: error ids, their classes, and the one exception that carries id and offset."""

from __future__ import annotations

#: Clause 12.2: every error id with its class (clause 12.1).
CLASS_OF: dict[str, str] = {
    "E_SIGNATURE": "malformed",
    "E_VERSION": "unsupported",
    "E_PROFILE": "invalid",
    "E_CRC": "malformed",
    "E_DIGEST": "malformed",
    "E_TRUNCATED": "malformed",
    "E_TRAILING": "malformed",
    "E_VARINT": "malformed",
    "E_PADDING": "malformed",
    "E_DIRECTORY": "malformed",
    "E_ORDER": "invalid",
    "E_RESERVED": "invalid",
    "E_UNSUPPORTED": "unsupported",
    "E_LIMIT": "limit",
    "E_EXPANSION": "limit",
    "E_MEMORY": "limit",
    "E_SPLICE": "invalid",
    "E_FILE_NAME": "invalid",
    "E_HASH": "malformed",
    "E_BASE": "missing",
    "E_REFERENCE": "invalid",
    "E_ZSTD": "malformed",
    "E_BZIP2": "malformed",
    "E_TYPE": "invalid",
    "E_VIEW": "invalid",
    "E_SIZE": "invalid",
    "E_STEP": "invalid",
    "E_CODEBOOK": "invalid",
    "E_TRELLIS": "invalid",
    "E_ESCAPE": "invalid",
    "E_TABLE": "malformed",
    "E_ENTROPY": "malformed",
    "E_RANGE": "invalid",
}


class NntcError(Exception):
    """fail(E_ID, offset) of clause 3.1: the file is rejected [R-002], [R-750]."""

    def __init__(self, error: str, offset: int, text: str = "") -> None:
        super().__init__(error, offset, text)
        self.error = error
        self.offset = offset
        self.text = text

    @property
    def error_class(self) -> str:
        """The class of the error id (clause 12.1)."""
        return CLASS_OF[self.error]

    @property
    def unsupported(self) -> bool:
        """The file may be valid, but it needs a newer or fuller decoder (clause 12.1)."""
        return self.error_class == "unsupported"

    def __str__(self) -> str:
        """One line: id, offset, and a sentence for a person if there is one."""
        line = f"{self.error} @ {self.offset}"
        return f"{line} {self.text}" if self.text else line
