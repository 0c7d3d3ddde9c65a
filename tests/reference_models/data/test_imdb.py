from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_models.data.imdb import read_imdb
from reference_models.data.reviews import (
    BEGINNING,
    FIRST_WORD,
    PADDING,
    UNKNOWN,
    pad,
    tokenize,
    vocabulary,
)
from reference_models.errors import ReferenceModelError

TRAINING = [(1, "A fine, fine film!<br />Fine."), (0, "a dull film")]
TEST = [(0, "dull and dull")]


def write_tables(folder: Path) -> None:
    for name, reviews in (("train", TRAINING), ("test", TEST)):
        with lzma.open(folder / f"{name}.tsv.xz", "wt", encoding="utf-8") as file:
            file.writelines(f"{opinion}\t{text}\n" for opinion, text in reviews)


def test_tab_separated_files(tmp_path: Path) -> None:
    """Words by frequency: fine 4; then a and film, equally frequent, by the alphabet; dull comes last."""
    write_tables(tmp_path)
    fine, a, film = range(FIRST_WORD, FIRST_WORD + 3)
    split = read_imdb(tmp_path, words=FIRST_WORD + 3, length=7)
    assert split.training.words.tolist() == [
        [PADDING, BEGINNING, a, fine, fine, film, fine],
        [PADDING, PADDING, PADDING, BEGINNING, a, UNKNOWN, film],
    ]
    assert split.training.labels.tolist() == [1, 0]
    assert split.test.words.tolist() == [[PADDING] * 3 + [BEGINNING, UNKNOWN, UNKNOWN, UNKNOWN]]
    assert split.test.labels.tolist() == [0]


def test_the_folder_acl_imdb(tmp_path: Path) -> None:
    for part, reviews in (("train", TRAINING), ("test", TEST)):
        for name in ("neg", "pos"):
            (tmp_path / part / name).mkdir(parents=True)
        for number, (opinion, text) in enumerate(reviews):
            folder = tmp_path / part / ("neg", "pos")[opinion]
            (folder / f"{number}_7.txt").write_text(text, encoding="utf-8")
    one, other = read_imdb(tmp_path, 8, 7), tmp_path / "tables"
    other.mkdir()
    write_tables(other)
    same = read_imdb(other, 8, 7)
    assert sorted(one.training.words.tolist()) == sorted(same.training.words.tolist())
    assert one.test.words.tolist() == same.test.words.tolist()


def keras_file(path: Path, reviews: list[Any], opinions: list[int]) -> Path:
    rows = np.empty(len(reviews), object)
    rows[:] = reviews
    np.savez(path, x_train=rows, y_train=np.array(opinions), x_test=rows, y_test=np.array(opinions))
    return path


def test_keras_numbers_get_room_for_the_special_ones(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "imdb.npz", [[1, 2, 90], [3]], [1, 0])
    split = read_imdb(path, words=8, length=4)
    assert split.training.words.tolist() == [[BEGINNING, 4, 5, UNKNOWN], [PADDING, PADDING, BEGINNING, 6]]
    assert split.training.labels.tolist() == [1, 0]


@pytest.mark.parametrize("review", [[1, "x"], [0], [-3], [1.5], [True]])
def test_keras_reviews_of_anything_else_are_refused(tmp_path: Path, review: list[Any]) -> None:
    path = keras_file(tmp_path / "imdb.npz", [review, [1]], [1, 0])
    with pytest.raises(ReferenceModelError, match="E_DATA"):
        read_imdb(path, words=8, length=4)


def test_a_table_with_a_bad_line_is_refused(tmp_path: Path) -> None:
    write_tables(tmp_path)
    (tmp_path / "test.tsv.xz").write_bytes(lzma.compress(b"2\tno opinion\n"))
    with pytest.raises(ReferenceModelError, match=r"E_DATA.*test\.tsv\.xz"):
        read_imdb(tmp_path, 8, 7)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "imdb.npz").write_bytes(b"no archive")
    with pytest.raises(ReferenceModelError, match="E_DATA"):
        read_imdb(tmp_path / "imdb.npz", 8, 7)


def test_words_are_lower_case_without_marks() -> None:
    assert tokenize("It's GREAT -- 10/10!<br /><br />Go.") == ["it's", "great", "10", "10", "go"]


def test_the_vocabulary_has_the_size_asked_for() -> None:
    words = vocabulary([["b", "a", "c"], ["c", "b"]], FIRST_WORD + 2)
    assert words == {"b": FIRST_WORD, "c": FIRST_WORD + 1}


@given(st.lists(st.lists(st.integers(1, 9), max_size=9), max_size=4), st.integers(1, 6))
def test_rows_end_as_the_reviews_do(rows: list[list[int]], length: int) -> None:
    padded = pad(rows, length)
    assert padded.shape == (len(rows), length)
    for row, numbers in zip(rows, padded.tolist(), strict=True):
        assert numbers == [PADDING] * (length - len(row)) + row[-length:]
