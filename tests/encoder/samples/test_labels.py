from __future__ import annotations

from pathlib import Path

import pytest
from nntc.encoder.samples.labels import labels_of_folders, read_labels
from nntc.errors import SamplesError


@pytest.mark.parametrize(
    "table",
    [
        "a.jpg,3\nb.jpg,1\n",
        "file,class\na.jpg,3\nb.jpg,1\n",
        "\ufefffile;class;name\na;3;three\nb;1;one\n",
        "x/a.jpg\t3\nx/b.jpg\t1\n\n",
        "x\\a.jpg 3\nx\\b.jpg 1",
        '"a.jpg", 3\n"b.jpg", 1\n"other.jpg", 9\n',
    ],
)
def test_tables_of_every_form(table: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    images = [tmp_path / "x" / "a.jpg", tmp_path / "x" / "b.jpg"]
    assert read_labels(tmp_path / "t.csv", tmp_path, images) == [3, 1]


def test_a_table_may_name_folders(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("cat,281\ndog,207\n")
    images = [tmp_path / "cat" / "1.jpg", tmp_path / "dog" / "1.jpg", tmp_path / "cat" / "2.jpg"]
    assert read_labels(tmp_path / "t.csv", tmp_path, images) == [281, 207, 281]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"b.jpg,1\n", "t.csv has no label for a.jpg"),
        (b"a.jpg,1\nb.jpg,cat\n", "line 2 of t.csv has no class number after a name"),
        (b"a.jpg,1\nb.jpg\n", "line 2 of t.csv has no class number after a name"),
        (b"a.jpg,-1\nb.jpg,-2\n", "line 2 of t.csv has no class number after a name"),
        (b"\xff\xfe\x00a", "t.csv cannot be read as a table of labels"),
        (None, "t.csv does not exist"),
    ],
)
def test_faults_of_tables(table: bytes | None, message: str, tmp_path: Path) -> None:
    if table is not None:
        (tmp_path / "t.csv").write_bytes(table)
    with pytest.raises(SamplesError) as raised:
        read_labels(tmp_path / "t.csv", tmp_path, [tmp_path / "a.jpg"])
    assert message in raised.value.message


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    images = [tmp_path / name / "1.png" for name in ("dog", "cat", "dog", "emu", "fox")]
    assert labels_of_folders(tmp_path, images) == (
        [1, 0, 1, 2, 3],
        f"labels are the 4 sub-folders of {tmp_path.name} in order of their names "
        "(cat is 0, dog is 1, emu is 2, ...)",
    )
    assert labels_of_folders(tmp_path, [tmp_path / n / "1.png" for n in ("010", "9")]) == ([10, 9], "")
    assert labels_of_folders(tmp_path, [*images, tmp_path / "1.png"]) is None
    assert labels_of_folders(tmp_path, images[:1]) is None
