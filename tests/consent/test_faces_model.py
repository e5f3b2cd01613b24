"""The real models on a real photograph: what is found, how sure, how alike."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from consent.biometrics.faces import Face, FaceModel, FrameInvalid
from consent.biometrics.thresholds import SAME_FACE, SAME_PERSON_PORTRAITS
from consent.likeness.enrolment import read_portraits

pytestmark = pytest.mark.models
Frame = NDArray[np.uint8]


@pytest.fixture(scope="module")
def model(models_dir: Path) -> FaceModel:
    return FaceModel(
        models_dir / "face_detection" / "centerface.onnx", models_dir / "face_embedding" / "fr_feature.onnx"
    )


@pytest.fixture(scope="module")
def astronaut() -> Frame:
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)


def the_face(model: FaceModel, frame: Frame) -> Face:
    (face,) = model.faces(np.ascontiguousarray(frame))
    return face


def changed(frame: Frame, how: str) -> Frame:
    match how:
        case "mirrored":
            return np.ascontiguousarray(frame[:, ::-1])
        case "darker":
            return (frame * 0.5).astype(np.uint8)
        case "smaller":
            return np.asarray(
                cv2.resize(frame, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), dtype=np.uint8
            )
        case "compressed":
            return np.asarray(
                cv2.imdecode(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], 1),
                dtype=np.uint8,
            )
        case _:
            matrix = cv2.getRotationMatrix2D((256.0, 256.0), 15, 1.0)
            return np.asarray(cv2.warpAffine(frame, matrix, (512, 512)), dtype=np.uint8)


def test_the_one_face_of_the_photograph_is_found_where_it_is(model: FaceModel, astronaut: Frame) -> None:
    face = the_face(model, astronaut)
    assert face.usable
    assert face.score > 0.9
    assert 0.33 < face.left < 0.40 < 0.50 < face.right < 0.56
    assert 0.08 < face.top < 0.16 < 0.30 < face.bottom < 0.38
    assert 80 < face.size_px < 100


def test_the_embedding_has_length_one_and_shows_in_no_text(model: FaceModel, astronaut: Frame) -> None:
    face = the_face(model, astronaut)
    assert face.embedding.shape == (512,)
    assert face.embedding.dtype == np.dtype("float32")
    assert float(np.linalg.norm(face.embedding)) == pytest.approx(1.0, abs=1e-5)
    assert "embedding" not in repr(face)


@pytest.mark.parametrize("how", ["mirrored", "darker", "smaller", "compressed", "turned"])
def test_the_same_person_is_recognised_when_the_picture_changes(
    model: FaceModel, astronaut: Frame, how: str
) -> None:
    face = the_face(model, changed(astronaut, how))
    assert float(face.embedding @ the_face(model, astronaut).embedding) > SAME_FACE


def test_different_people_are_not_taken_for_each_other(model: FaceModel, astronaut: Frame) -> None:
    """scikit-image ships a second set of real faces: 25 px crops of strangers, enlarged; none may match the astronaut."""
    known = the_face(model, astronaut).embedding
    strangers = [
        face
        for crop in skimage.data.lfw_subset()[:40]
        for face in model.faces(
            np.repeat(cv2.resize((crop * 255).astype(np.uint8), (300, 300))[..., None], 3, axis=2)
        )
    ]
    assert len(strangers) >= 20
    assert max(float(face.embedding @ known) for face in strangers) < SAME_PERSON_PORTRAITS


@pytest.mark.parametrize("picture", ["cat", "coffee", "rocket"])
def test_pictures_without_people_hold_no_usable_face(model: FaceModel, picture: str) -> None:
    frame = np.ascontiguousarray(getattr(skimage.data, picture)(), dtype=np.uint8)
    assert [face for face in model.faces(frame) if face.usable] == []


def test_noise_and_plain_frames_hold_no_usable_face(model: FaceModel) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    for frame in (noise, np.zeros((1, 1, 3), dtype=np.uint8), np.full((720, 1280, 3), 255, dtype=np.uint8)):
        assert [face for face in model.faces(frame) if face.usable] == []


def test_a_small_face_is_found_and_said_to_be_too_small(model: FaceModel, astronaut: Frame) -> None:
    small = cv2.resize(astronaut, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    face = the_face(model, np.asarray(small, dtype=np.uint8))
    assert (face.usable, face.reason) == (False, "too_small")
    assert 35 < face.size_px < 50


def test_a_blurred_face_is_found_and_said_to_be_blurred(model: FaceModel, astronaut: Frame) -> None:
    face = the_face(model, np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 4), dtype=np.uint8))
    assert (face.usable, face.reason) == (False, "blurred")


def test_a_small_face_in_a_large_frame_is_found(model: FaceModel, astronaut: Frame) -> None:
    frame = np.full((1080, 1920, 3), 127, dtype=np.uint8)
    frame[400:800, 900:1300] = cv2.resize(astronaut, (400, 400), interpolation=cv2.INTER_AREA)
    face = the_face(model, frame)
    assert 60 < face.size_px < 80
    assert float(face.embedding @ the_face(model, astronaut).embedding) > SAME_FACE


def test_two_people_in_one_frame_are_two_faces(model: FaceModel, astronaut: Frame) -> None:
    frame = np.concatenate([astronaut, astronaut[:, ::-1]], axis=1)
    faces = model.faces(np.ascontiguousarray(frame))
    assert len(faces) == 2
    assert sorted(face.left > 0.5 for face in faces) == [False, True]


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((10, 10), dtype=np.uint8),
        np.zeros((10, 10, 4), dtype=np.uint8),
        np.zeros((0, 10, 3), dtype=np.uint8),
        np.zeros((10, 10, 3), dtype=np.float32),
    ],
    ids=["grey", "rgba", "empty", "float"],
)
def test_what_is_no_rgb_picture_is_refused(model: FaceModel, frame: Frame) -> None:
    with pytest.raises(FrameInvalid, match="give uint8") as refused:
        model.faces(frame)
    assert refused.value.code == "face.frame_invalid"


def test_the_same_frame_gives_the_same_bytes_from_any_thread(model: FaceModel, astronaut: Frame) -> None:
    expected = the_face(model, astronaut).embedding.tobytes()
    with ThreadPoolExecutor(3) as pool:
        seen = pool.map(lambda _: the_face(model, astronaut).embedding.tobytes(), range(6))
        assert set(seen) == {expected}


def test_the_revision_names_the_files_and_not_their_place(
    model: FaceModel, models_dir: Path, tmp_path: Path
) -> None:
    detector, embedder = tmp_path / "a.onnx", tmp_path / "b.onnx"
    detector.write_bytes((models_dir / "face_detection" / "centerface.onnx").read_bytes())
    embedder.write_bytes((models_dir / "face_embedding" / "fr_feature.onnx").read_bytes())
    assert FaceModel(detector, embedder).revision == model.revision
    assert model.revision.startswith("face:")
    with embedder.open("ab") as file:
        file.write(b"\x12\x00")  # an empty producer name: the same net in other bytes
    assert FaceModel(detector, embedder).revision != model.revision


def test_a_real_portrait_can_be_enrolled_and_its_mirror_is_the_same_person(
    model: FaceModel, astronaut: Frame
) -> None:
    portraits = read_portraits([astronaut, changed(astronaut, "mirrored")], model)
    assert portraits.embeddings.shape == (2, 512)
    assert portraits.model_revision == model.revision
