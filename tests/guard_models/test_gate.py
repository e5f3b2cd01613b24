"""Guards in the gate: findings beside those of the shipped models, could-not-judge where they fail, and rows of coverage."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from moderation.gate.checks.guards import PictureGuardCheck
from moderation.gate.guards import Guards, PictureReview
from moderation.gate.judge import Item
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import FrameHit, FrameText, Observed, Spoken
from moderation.guard_models.errors import GuardCategoryUnknown
from moderation.guard_models.folder import read_folder
from moderation.guard_models.image import ImageGuard
from moderation.guard_models.running import Placement
from moderation.model_registry.files import ModelFiles
from moderation.parts.guards import guards_of
from moderation.store import Database
from policies.document import shipped_document
from policies.findings import AudioInterval, CheckStatus, FrameBox
from policies.taxonomy import Category, Verdict
from tests.support.guard_senses import GREY, RED, picture
from tests.support.guards import edit_config
from tests.support.media import image
from tests.support.senses import Scripted
from tests.support.service import StubApplication, app_on, paint, stub_profile
from tests.support.subjects import clip, output

Make = Callable[..., StubApplication]


@pytest.fixture
def make(sqlite_database: Database, tmp_path: Path) -> Iterator[Make]:
    """A service with stub senses and the guards that the settings name."""
    running = []
    activity = tmp_path / "activity.onnx"
    activity.write_bytes(b"not asked")
    files = ModelFiles(tmp_path / "no-models", {"voice_activity": activity})

    def made(**settings: Any) -> StubApplication:
        app = app_on(sqlite_database, tmp_path / "home", guard_device="cpu", guard_timeout_s=120, **settings)
        running.append(app)
        service = next(app)
        service.profile = replace(stub_profile(), guards=guards_of(service.settings, files))
        return service

    yield made
    for app in running:
        next(app, None)


def rules_of(answer: Mapping[str, Any]) -> set[str]:
    """The ids of the rules that fired."""
    return {rule["rule_id"] for rule in answer["rules"]}


def test_without_a_setting_no_guard_is_asked_and_the_table_says_what_would_fill_the_slot(make: Make) -> None:
    app = make()
    rows = {row.aspect: row for row in app.coverage()}
    assert not [name for name in rows if "guard" in name]
    assert "SAFECONDUCT_GUARD_TEXT" in rows["instruction_model"].fill_with
    assert "SAFECONDUCT_GUARD_IMAGE" in rows["gore"].fill_with
    assert "SAFECONDUCT_GUARD_SPEECH" in rows["speech_not_english"].fill_with


def test_a_text_guards_finding_holds_a_prompt_that_no_other_check_minds(make: Make, llama: Path) -> None:
    app = make(guard_text=llama)
    allowed = app.judge.judge(Item("1", text="a lighthouse"))
    held = app.judge.judge(Item("2", text="kill the lighthouse"))
    assert (allowed["verdict"], held["verdict"]) == ("allow", "review")
    assert {rule for rule in rules_of(held) if rule.startswith("guard.text:")}
    assert held["revisions"]["checks"]["prompt.guard"].startswith("LlamaForCausalLM:")
    assert held["revisions"]["policy"] in held["revisions"]["checks"]["prompt.guard"]


def test_a_guard_that_is_on_is_a_row_and_its_aspect_is_no_open_slot(
    make: Make, llama: Path, gemma: Path, ear: Path
) -> None:
    app = make(guard_text=llama, guard_image=gemma, guard_speech=ear)
    rows = {row.aspect: row for row in app.coverage()}
    open_slots = {name for name, row in rows.items() if row.status == "uncovered"}
    assert not open_slots & {"instruction_model", "gore", "violence_in_pictures", "speech_not_english"}
    assert set(app.judge.judge(Item("1", text="a lighthouse"))["uncovered"]) == open_slots
    assert rows["prompt.guard"].models == (f"guard ({rows['prompt.guard'].revision})",)
    assert rows["output.guard_image"].revision.startswith("ShieldGemma2ForImageClassification:")


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ("missing", "guard.folder_missing"),
        ("of another class", "guard.class_unknown"),
        ("unloadable", "guard.unloadable"),
    ],
)
def test_a_guard_that_cannot_be_loaded_could_not_judge_and_health_says_so(
    make: Make, own_llama: Path, tmp_path: Path, spoilt: str, code: str
) -> None:
    folder = tmp_path / "nowhere" if spoilt == "missing" else own_llama
    if spoilt == "of another class":
        edit_config(folder, architectures=["GPT2LMHeadModel"])
    if spoilt == "unloadable":
        edit_config(folder, hidden_size=7)
    app = make(guard_text=folder)
    answer = app.judge.judge(Item("1", text="a lighthouse"))
    assert answer["verdict"] == "review"
    assert answer["unjudged"] == {"prompt.guard": code}
    assert 'check="prompt.guard"' in app.metrics.render().decode()
    if spoilt != "unloadable":
        rows = {row.aspect: row.status for row in app.coverage()}
        assert rows["prompt.guard"] == "missing"


def test_what_quicker_checks_block_costs_no_guard(make: Make, tmp_path: Path) -> None:
    app = make(guard_text=tmp_path / "nowhere")
    blocked = app.judge.judge(Item("1", text="sex with a child"))
    assert blocked["verdict"] == "block"
    assert blocked["unjudged"] == {}


def test_a_picture_guards_finding_names_the_frame(make: Make, gemma: Path, tmp_path: Path) -> None:
    app = make(guard_image=gemma)
    red, grey = (image(tmp_path / f"{colour[1]}.png", picture(colour)) for colour in (RED, GREY))
    passed = app.judge.judge(Item("1", media=grey))
    assert not [rule for rule in rules_of(passed) if rule.startswith("guard.")]
    assert passed["unjudged"] == {}
    held = app.judge.judge(Item("2", media=red))
    assert "guard.image:violence" in rules_of(held)


def test_a_picture_guard_looks_at_one_frame_in_two_seconds(gemma: Path, tmp_path: Path) -> None:
    asked = []

    class Counted(ImageGuard):
        def look(self, rgb: Any, document: Any) -> Any:
            asked.append(rgb.shape)
            return super().look(rgb, document)

    review = PictureReview(Lazy(lambda: Counted(read_folder(gemma), Placement("cpu"))), shipped_document)
    senses = replace(Scripted().senses(), guard=review)
    perceiver = Scripted().perceiver()
    perceiver._senses = senses
    media = perceiver.perceive(paint(tmp_path / "clip.mp4"), "a" * 64)
    assert media.frames_seen > 1
    assert len(asked) == 1
    assert {hit.time_s for hit in media.guard.value or ()} <= {0.0}


def test_the_frame_with_the_highest_score_speaks_for_a_category(gemma: Path) -> None:
    review = PictureReview(Lazy(lambda: ImageGuard(read_folder(gemma), Placement("cpu"))), shipped_document)
    seen = tuple(
        FrameHit(float(at), "violence", score, "violence") for at, score in enumerate((0.2, 0.9, 0.5))
    )
    (finding,) = PictureGuardCheck("output.guard_image", review).examine(output(clip(guard=Observed(seen))))
    assert (finding.signal, finding.category, finding.score) == ("guard.image", Category.VIOLENCE, 0.9)
    assert isinstance(finding.where, FrameBox)
    assert finding.where.time_s == 1.0


def test_what_is_said_and_written_in_a_clip_is_asked_about_with_its_place(make: Make, llama: Path) -> None:
    app = make(guard_text=llama)
    sign = FrameText(1.5, "kill", 0.9, 0.1, 0.1, 0.5, 0.2)
    said = clip(speech=Observed((Spoken(0.5, 1.0, "kill"),)), text=Observed(()))
    written = clip(speech=Observed(()), text=Observed((sign,)))
    silent = clip(speech=Observed(()), text=Observed(()))
    places = []
    for media in (said, written, silent):
        judged = app.gate.judge_output(output(media))
        (report,) = [one for one in judged.reports if one.check == "output.guard_text"]
        assert report.status is CheckStatus.JUDGED
        places.append({type(finding.where) for finding in report.findings})
    assert places == [{AudioInterval}, {FrameBox}, set()]


def test_a_prompts_finding_spans_the_prompt(make: Make, qwen: Path) -> None:
    app = make(guard_text=qwen, guard_categories={"Violent": "shock"})
    answer = app.judge.judge(Item("1", text="kill"))
    assert "guard.text:shock" in rules_of(answer)
    spans = [one["where"] for one in answer["findings"] if one["signal"] == "guard.text"]
    assert spans
    assert all((where["field"], where["start"], where["end"]) == ("prompt", 0, 4) for where in spans)


def test_a_map_to_a_category_that_does_not_exist_is_refused_at_once(make: Make) -> None:
    with pytest.raises(GuardCategoryUnknown, match="mapped to no category"):
        make(guard_categories={"Violent": "violent"})


def test_the_large_ear_takes_the_place_of_the_small_one(make: Make, ear: Path) -> None:
    app = make(guard_speech=ear)
    speech = app.profile.guards.speech
    assert speech is not None
    assert app.profile.guards.speech_revision.startswith("WhisperForConditionalGeneration:")
    assert Guards().speech_revision == ""


def test_nothing_a_guard_fails_at_is_an_allow(make: Make, llama: Path) -> None:
    app = make(guard_text=llama)
    slot: Any = app.profile.guards.text
    loaded = slot.get().running.load()
    loaded.model.register_forward_pre_hook(_out_of_memory)
    judgement = app.judge.judge(Item("1", text="a lighthouse"))
    assert judgement["verdict"] == Verdict.REVIEW.value
    assert judgement["unjudged"] == {"prompt.guard": "guard.out_of_memory"}


def _out_of_memory(*_: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")
