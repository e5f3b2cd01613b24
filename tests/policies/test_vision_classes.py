"""What fills a picture: a thousand names in the order of the net's outputs, and how sure it must be."""

from pathlib import Path

import numpy as np
import pytest

from policies.vision.picture_classes import FIREARMS, PictureClassifier, labels, prepare


def test_the_thousand_labels_are_in_the_order_of_imagenet() -> None:
    names = labels()
    assert len(names) == 1000
    assert (names[0], names[361], names[413], names[764]) == ("tench", "skunk", "assault rifle", "rifle")
    assert set(FIREARMS) <= set(names)


def test_a_picture_is_prepared_as_the_weights_were_trained() -> None:
    assert prepare(np.full((10, 20, 3), 127, np.uint8)).shape == (1, 3, 224, 224)
    assert not prepare(np.full((10, 20, 3), 127, np.uint8)).any()
    assert prepare(np.full((10, 20, 3), 255, np.uint8)).max() == 1.0


@pytest.mark.models
def test_a_grey_picture_is_no_firearm_and_nothing_in_particular(models_dir: Path) -> None:
    look = PictureClassifier(models_dir / "picture_classes" / "efficientnet_lite0.onnx").look(
        np.full((48, 64, 3), 128, np.uint8)
    )
    assert look.firearm < 0.05


@pytest.mark.models
def test_a_cup_of_coffee_is_named(models_dir: Path) -> None:
    skimage_data = pytest.importorskip("skimage.data")
    try:
        coffee = skimage_data.coffee()
    except Exception as error:  # the picture is fetched at first use, and there is no network here
        pytest.skip(f"no sample picture: {error}")
    look = PictureClassifier(models_dir / "picture_classes" / "efficientnet_lite0.onnx").look(coffee)
    assert look.label in {"espresso", "cup", "coffee mug"}


def test_what_is_no_picture_is_refused_and_a_missing_model_named(tmp_path: Path) -> None:
    classifier = PictureClassifier(tmp_path / "none.onnx")
    with pytest.raises(ValueError, match="uint8"):
        classifier.look(np.zeros((4, 4), np.uint8))
    with pytest.raises(FileNotFoundError, match="fetch the models"):
        classifier.look(np.zeros((4, 4, 3), np.uint8))
