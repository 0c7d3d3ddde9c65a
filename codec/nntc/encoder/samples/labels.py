"""Labels of images: from a table, or from the names of the folders that they are in."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from nntc.encoder.samples.files import check_regular
from nntc.errors import SamplesError

_SEPARATORS = ",;\t "
_NAMED = 3


def read_labels(table: Path, folder: Path, images: Sequence[Path]) -> list[int]:
    """Return the label of each image, from a table.

    Parameters
    ----------
    table
        A line for each image: its path in the folder or its name, with or without suffix, or the name of the
        folder it is in; and its class number from 0. Columns are set apart by commas, semicolons, tabs or
        spaces; others, and a line of headings, may be there.
    folder, images
        The folder, and files in it.

    Raises
    ------
    SamplesError
        E_SAMPLES: the table cannot be read, or has no label for an image.
    """
    known = _read_table(table)
    labels = []
    for image in images:
        own = image.relative_to(folder)
        names = (own.as_posix(), own.name, own.with_suffix("").as_posix(), own.stem, own.parent.as_posix())
        label = next((known[name] for name in names if name in known), None)
        if label is None:
            raise SamplesError(f"{table.name} has no label for {own}")
        labels.append(label)
    return labels


def _read_table(table: Path) -> dict[str, int]:
    """Return class numbers by name."""
    check_regular(table)
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise SamplesError(f"{table.name} cannot be read as a table of labels: {e}") from e
    head = next((line for line in lines if line.strip()), "")
    separator = next((mark for mark in _SEPARATORS if mark in head), ",")
    known: dict[str, int] = {}
    for number, row in enumerate(csv.reader(lines, delimiter=separator), 1):
        cells = [cell.strip() for cell in row if cell.strip()]
        if not cells:
            continue
        if len(cells) > 1 and cells[1].isdecimal():
            known[cells[0].replace("\\", "/")] = int(cells[1])
        elif known or number > 1:
            raise SamplesError(f"line {number} of {table.name} has no class number after a name")
    return known


def labels_of_folders(folder: Path, images: Sequence[Path]) -> tuple[list[int], str] | None:
    """Return the label of each image by the folder that it is in, and what was made of their names.

    Returns
    -------
    None unless all images are in sub-folders, at least two. Names that are numbers are class numbers; others
    count from 0 in the order of their names.
    """
    names = [image.relative_to(folder).parts[0] if image.parent != folder else "" for image in images]
    classes = sorted(set(names))
    if "" in classes or len(classes) < 2:
        return None
    if all(name.isdecimal() for name in classes):
        return [int(name) for name in names], ""
    numbers = {name: number for number, name in enumerate(classes)}
    first = ", ".join(f"{name} is {number}" for name, number in list(numbers.items())[:_NAMED])
    more = ", ..." if len(classes) > _NAMED else ""
    note = f"labels are the {len(classes):,} sub-folders of {folder.name} in order of their names"
    return [numbers[name] for name in names], f"{note} ({first}{more})"
