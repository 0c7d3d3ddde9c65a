from __future__ import annotations

from pathlib import Path

import pytest

from reference_models.errors import ReferenceModelError
from reference_models.training.build import build_task
from reference_models.training.recipe import Recipe, Stage, read_recipe
from reference_models.training.trainer import Trainer
from tests import tiny_training as tiny

ROOT = Path(__file__).resolve().parents[3]
RECIPES = sorted((ROOT / "reference_models" / "recipes").glob("*.toml"))

GOOD = """
task = "reviews"
batch = 4
[options]
length = 5
[[stage]]
kind = "dense"
epochs = 1
learning_rate = 0.1
"""


def read(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return read_recipe(path)


def test_a_recipe_is_read(tmp_path: Path) -> None:
    recipe = read(tmp_path, GOOD)
    assert recipe.stages == (Stage("dense", epochs=1.0, learning_rate=0.1),)
    assert (recipe.task, recipe.batch, recipe.options) == ("reviews", 4, {"length": 5})


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_that_come_along_are_sound(path: Path) -> None:
    assert read_recipe(path).stages[0].kind == "dense"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch = 4", "", "batch"),
        ("batch = 4", "batch = 0", "batch"),
        ("batch = 4", 'batch = "4"', "batch must be of type int"),
        ("epochs = 1", "epochs = 0", "epochs"),
        ("epochs = 1", "epochs = 1\nepoch = 2", "unknown: epoch"),
        ('kind = "dense"', 'kind = "sparse"', "kind must be one of"),
        ('kind = "dense"', 'kind = "prune"\nsparsity = 1.0', "sparsity"),
        ('kind = "dense"', 'kind = "prune"\nramp = 2.0', "ramp"),
        ("epochs = 1", "epochs = 1\naverage = 1.0", "average"),
        ('kind = "dense"', 'kind = "quantize"\nbits = 9', "bits"),
        ('kind = "dense"', 'kind = "quantize"\nstart = "even"', "start must be one of"),
        ('kind = "dense"', 'kind = "quantize"\ntensors = { "lstm.dense.weight" = 0 }', "bits"),
        ("[[stage]]", "[stage]", "E_RECIPE"),
        ("task", "task = ", "E_RECIPE"),
    ],
)
def test_faults_are_found(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(ReferenceModelError, match=message) as error:
        read(tmp_path, GOOD.replace(old, new))
    assert error.value.id == "E_RECIPE"


def test_stages_need_names_of_their_own(tmp_path: Path) -> None:
    again = GOOD[GOOD.index("[[stage]]") :]
    with pytest.raises(ReferenceModelError, match="different names"):
        read(tmp_path, GOOD + again)
    assert len(read(tmp_path, GOOD + again + 'name = "longer"').stages) == 2


def test_only_an_earlier_stage_can_be_imitated(tmp_path: Path) -> None:
    with pytest.raises(ReferenceModelError, match="there is no earlier stage dense"):
        read(tmp_path, GOOD + 'imitate = "dense"')


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe("walking", tiny.STAGES, 1), "task must be one of"),
        (Recipe("reviews", tiny.STAGES, 1, options={"depth": 3}), "depth"),
    ],
)
def test_tasks_and_their_options_are_checked(recipe: Recipe, message: str) -> None:
    with pytest.raises(ReferenceModelError, match=message):
        build_task(recipe, None, tiny.CPU)


def test_data_must_be_given() -> None:
    with pytest.raises(ReferenceModelError, match=r"E_DATA.*--data"):
        build_task(Recipe("reviews", tiny.STAGES, 1), None, tiny.CPU)


@pytest.mark.parametrize("fault", [{"networks": ("gru",)}, {"tensors": {"lstm.dense.bias": 0.5}}])
def test_names_of_networks_and_tensors_are_checked(tmp_path: Path, fault: dict[str, object]) -> None:
    stage = Stage("prune", epochs=1, learning_rate=1, **fault)  # type: ignore[arg-type]
    with pytest.raises(ReferenceModelError, match=r"E_RECIPE.*there is no"):
        Trainer(tiny.review_task(), Recipe("reviews", (stage,), 1), tmp_path, tiny.CPU, lambda *_: None, 1)
