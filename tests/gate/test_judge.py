"""The gate asked directly: the same item under the same revisions gets the same answer, whatever it is and how often."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from moderation.gate.check import Check
from moderation.gate.checks.account import AccountCheck
from moderation.gate.checks.likenesses import LikenessCheck
from moderation.gate.checks.named import WorksCheck
from moderation.gate.checks.outputs import OutputFacesCheck, OutputMediaCheck, OutputNudityCheck
from moderation.gate.checks.references import (
    ReferenceCredentialsCheck,
    ReferenceFacesCheck,
    ReferenceMediaCheck,
    ReferenceNudityCheck,
)
from moderation.gate.checks.text import PromptMinorsCheck, PromptTextCheck
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.judge import (
    MAX_TEXT,
    Item,
    Judge,
    NothingToJudge,
    Surroundings,
    TextTooLongToJudge,
    digest,
)
from moderation.gate.subjects import AccountFacts, LikenessUse, OutputSubject, RequestSubject, WorkUse
from tests.support import media
from tests.support.senses import Scripted, missing, text_model
from tests.support.subjects import gate, match

TOP = ["id", "verdict", "stage", "category", "categories", "findings"]


def works_in(text: str, account: str) -> tuple[WorkUse, ...]:
    """Knows one work."""
    at = text.find("Zorblax")
    return (WorkUse("work_z", "Zorblax", "shown", at, at + 7, "unlicensed"),) if at >= 0 else ()


def judge_with(script: Scripted | None = None) -> Judge:
    """A judge with scripted senses and a keyword text model."""
    _, slot = text_model()
    requests: list[Check[RequestSubject]] = [
        AccountCheck(), PromptMinorsCheck(), PromptTextCheck(slot, "w1"), WorksCheck("n1"), LikenessCheck(),
        ReferenceMediaCheck(), ReferenceCredentialsCheck(), ReferenceFacesCheck("m1"), ReferenceNudityCheck("m1"),
    ]  # fmt: skip
    outputs: list[Check[OutputSubject]] = [
        OutputMediaCheck(),
        OutputFacesCheck("m1"),
        OutputNudityCheck("m1"),
        UncoveredCheck("gore"),
    ]
    around = Surroundings(
        lambda: 7, lambda: date(2026, 3, 1), lambda text, account: (7, works_in(text, account))
    )
    return Judge(gate(requests=requests, outputs=outputs), (script or Scripted()).perceiver(), around)


def fired(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings that a rule fired on; a low score is recorded evidence, and fires nothing."""
    return [answer["findings"][rule["finding"]] for rule in answer["rules"] if rule["finding"] is not None]


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of video."""
    return media.video(tmp_path_factory.mktemp("judge") / "clip.mp4", seconds=1)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture."""
    return media.image(tmp_path_factory.mktemp("judge") / "still.png")


def test_an_answer_says_what_was_decided_by_which_rules_on_which_evidence_under_which_revisions() -> None:
    answer = judge_with().judge(Item("row-1", text="a floor of blood"))
    assert list(answer)[:6] == TOP
    assert (answer["id"], answer["verdict"], answer["stage"], answer["categories"]) == (
        "row-1",
        "block",
        "request",
        ["violence"],
    )
    [finding] = answer["findings"]
    assert finding["where"] == {"kind": "text", "field": "prompt", "start": 11, "end": 16}
    assert answer["rules"][0]["finding"] == 0
    assert answer["revisions"]["registry"] == 7
    assert answer["revisions"]["checks"]["prompt.text"] == "w1"
    assert len(answer["body_sha256"]) == 64


def test_the_same_item_twice_gives_identical_json() -> None:
    item = Item("row-1", text="a floor of blood")
    judge = judge_with()
    first, second = json.dumps(judge.judge(item)), json.dumps(judge.judge(item))
    assert first == second == json.dumps(judge_with().judge(item))


def test_the_id_is_given_back_and_is_no_part_of_the_decision() -> None:
    judge = judge_with()
    one, two = dict(judge.judge(Item("a", text="hello"))), dict(judge.judge(Item("b", text="hello")))
    assert (one.pop("id"), two.pop("id")) == ("a", "b")
    assert one == two


def test_a_file_is_an_output_and_the_same_file_twice_gives_identical_json(movie: Path) -> None:
    judge = judge_with(Scripted(people=(1,), nudity=0.3))
    answers = [json.dumps(judge.judge(Item("clip", media=movie, treat_as="output"))) for _ in range(2)]
    assert answers[0] == answers[1]
    assert json.loads(answers[0])["stage"] == "output"
    assert json.loads(answers[0])["uncovered"] == ["gore"]


def test_an_invented_face_in_a_file_is_allowed_and_an_enrolled_one_is_not(movie: Path) -> None:
    invented = judge_with(Scripted(people=(1,))).judge(Item("i", media=movie, treat_as="output"))
    assert invented["verdict"] == "allow"
    known = Scripted(people=(1,), known=lambda _row: (match("lik_bo"),))
    assert judge_with(known).judge(Item("i", media=movie, treat_as="output"))["verdict"] == "block"


def test_the_same_file_as_a_reference_is_judged_as_a_request(still: Path) -> None:
    judge = judge_with(Scripted(people=(1,)))
    as_output = judge.judge(Item("i", media=still, treat_as="output"))
    as_reference = judge.judge(Item("i", media=still, treat_as="reference"))
    assert (as_output["stage"], as_output["verdict"]) == ("output", "allow")
    assert (as_reference["stage"], as_reference["verdict"]) == ("request", "block")
    assert [finding["signal"] for finding in fired(as_reference)] == ["reference.face_unconsented"]


def test_a_prompt_with_references_is_one_request(still: Path, tmp_path: Path) -> None:
    broken = media.zip_named(tmp_path / "a.png")
    answer = judge_with().judge(Item("i", text="like these", references=(still, broken)))
    assert answer["verdict"] == "block"
    assert [finding["where"]["field"] for finding in fired(answer)] == ["references[1]"]


def test_a_file_that_is_not_there_is_held_and_nothing_else_is_harmed(tmp_path: Path) -> None:
    for treat_as in ("output", "reference"):
        answer = judge_with().judge(Item("i", media=missing(tmp_path), treat_as=treat_as))
        assert answer["verdict"] == "review"
        assert "media.unavailable" in answer["unjudged"].values()


def test_works_and_likenesses_of_the_item_are_judged() -> None:
    refused = LikenessUse("@bo", "likeness.revoked")
    answer = judge_with().judge(Item("i", text="Zorblax waves", likenesses=(refused,)))
    assert sorted(finding["signal"] for finding in answer["findings"]) == [
        "likeness.revoked",
        "work.unlicensed",
    ]


def test_an_output_may_show_only_likenesses_that_are_permitted(movie: Path) -> None:
    uses = (
        LikenessUse("@ada", "ok", likeness_id="lik_ada", handle="ada"),
        LikenessUse("@bo", "likeness.revoked", likeness_id="lik_bo"),
    )
    script = Scripted(people=(1,), known=lambda _row: (match("lik_bo"), match("lik_ada")))
    answer = judge_with(script).judge(Item("i", media=movie, treat_as="output", likenesses=uses))
    assert [finding["signal"] for finding in fired(answer)] == ["output.face_not_approved"]


def test_facts_of_the_account_are_part_of_what_is_judged() -> None:
    suspended = AccountFacts("acct_1", suspended=True)
    assert judge_with().judge(Item("i", text="hello", account=suspended))["verdict"] == "block"


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_item_without_text_or_media_is_an_error_that_says_what_to_give(text: str) -> None:
    with pytest.raises(NothingToJudge, match="give a prompt") as caught:
        judge_with().judge(Item("i", text=text))
    assert (caught.value.code, caught.value.field) == ("judge.empty", "text")


def test_a_text_beyond_all_bounds_is_an_error_that_says_how_much_is_taken() -> None:
    with pytest.raises(TextTooLongToJudge, match=str(MAX_TEXT)) as caught:
        judge_with().judge(Item("i", text="x" * (MAX_TEXT + 1)))
    assert caught.value.code == "judge.text_too_long"
    assert len(str(caught.value)) < 300
    assert judge_with().judge(Item("i", text="x" * 10_000))["verdict"] == "allow"


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(missing(tmp_path)) == digest(tmp_path) == empty


def test_nothing_that_identifies_an_occasion_enters_the_answer() -> None:
    answer: dict[str, Any] = dict(judge_with().judge(Item("i", text="hello")))
    assert not {"created_ms", "at_ms", "took_ms", "generation_id", "account_id"} & answer.keys()
