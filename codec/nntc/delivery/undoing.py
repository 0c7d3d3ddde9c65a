"""Files and folders that a run has made, so that one that fails takes them away again, the last first.

What is left where even that fails, or the process is killed meanwhile, is what a kill somewhat earlier would
have left: whoever orders what is made so that a kill does no harm has nothing else to think of.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from nntc.decoder.staging import sync_folder
from nntc.delivery.durable import remove_temporary


class Undo:
    """Folders and files that were made and are not yet to stay."""

    def __init__(self) -> None:
        self._made: list[tuple[Path, bool]] = []

    def make_folder(self, folder: Path, mode: int = 0o777) -> None:
        """Make a folder where there is none, and those above it; OSError where that cannot be.

        Parameters
        ----------
        folder, mode
            Path, and rights of the folder itself.
        """
        if folder.is_dir():
            return
        if folder.parent != folder:
            self.make_folder(folder.parent)
        self._made.append((folder, True))
        try:
            folder.mkdir(mode=mode)
        except FileExistsError:
            self._made.pop()
            if not folder.is_dir():
                raise
        except OSError:
            self._made.pop()
            raise

    def will_make(self, path: Path) -> None:
        """Note a file that is about to be made; one that is there already is not taken away."""
        if not path.exists():
            self._made.append((path, False))

    def keep(self) -> None:
        """Let all stay that was made."""
        self._made.clear()

    def run(self) -> None:
        """Take away what was made, but folders in which others have put something; raise nothing.

        Where a file cannot be removed, all stays that was made before it.
        """
        with contextlib.suppress(OSError):
            while self._made:
                path, is_folder = self._made[-1]
                if is_folder:
                    remove_temporary(path)
                    with contextlib.suppress(OSError):
                        path.rmdir()
                else:
                    path.unlink(missing_ok=True)
                sync_folder(path.parent)
                self._made.pop()
        self._made.clear()
