"""`safeconduct judge FILE --json` as a user runs it: one line per item, the same bytes every time, and status 1 for bad lines."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from moderation.bus.jobs import JobRow
from moderation.gate.decisions import Decision
from moderation.gate.judge import MAX_TEXT
from moderation.generation.tables import Generation
from tests.support import media
from tests.support.commands import Ran, Shell
from tests.support.service import enrol_person, paint

TOP = {"id", "verdict", "categories", "findings", "revisions"}


def judge(shell: Shell, *items: dict[str, Any] | bytes, name: str = "items.jsonl") -> Ran:
    """Judge a file of these lines."""
    file = shell.home / name
    file.write_bytes(b"\n".join(i if isinstance(i, bytes) else json.dumps(i).encode() for i in items) + b"\n")
    return shell("judge", str(file), "--json")


def test_each_item_is_answered_by_one_line_in_the_order_of_the_file(shell: Shell) -> None:
    ran = judge(
        shell, {"id": "b", "text": "a lighthouse"}, {"id": "a", "text": "a harbour", "label": "allow"}
    )
    assert (ran.status, [line["id"] for line in ran.lines]) == (0, ["b", "a"])
    assert all(line.keys() >= TOP for line in ran.lines)
    assert [line["verdict"] for line in ran.lines] == ["allow", "allow"]


def test_two_runs_give_the_same_bytes(shell: Shell) -> None:
    paint(shell.home / "clip.mp4", 1)
    items = [{"id": "1", "text": "a sexual video of a 12 year old"}, {"id": "2", "media": "clip.mp4"}]
    first, second = judge(shell, *items), judge(shell, *items)
    assert first.out == second.out
    assert [line["verdict"] for line in first.lines] == ["block", "allow"]


def test_a_bad_line_is_answered_in_its_place_and_the_status_says_so(shell: Shell) -> None:
    ran = judge(
        shell,
        {"id": "1", "text": "x"},
        b"\xff",
        b'{"id": "3", "text": "a", "text": "b"}',
        {"id": "4", "text": 4},
        {"id": "5", "text": "y"},
    )
    assert ran.status == 1
    assert "3 of 5 items could not be read" in ran.err
    assert [(line["id"], line["verdict"]) for line in ran.lines] == [
        ("1", "allow"),
        ("line-2", "review"),
        ("line-3", "review"),
        ("4", "review"),
        ("5", "allow"),
    ]
    for line in ran.lines[1:4]:
        assert line["error"]["code"] == "judge.invalid_item"
        assert line["error"]["field"].startswith("items.jsonl:")
        assert line["error"]["remedy"]
        assert line.keys() >= TOP


def test_a_text_beyond_all_bounds_is_answered_and_the_rest_goes_on(shell: Shell) -> None:
    ran = judge(shell, {"id": "long", "text": "x" * (MAX_TEXT + 1)}, {"id": "short", "text": "x"})
    assert (ran.status, [line["verdict"] for line in ran.lines]) == (1, ["review", "allow"])
    assert ran.lines[0]["error"]["code"] == "judge.text_too_long"
    assert len(ran.out) < 20_000


def test_a_file_that_is_not_there_is_held_and_the_rest_goes_on(shell: Shell) -> None:
    ran = judge(shell, {"id": "1", "media": "nowhere.mp4"}, {"id": "2", "text": "x"})
    assert [line["verdict"] for line in ran.lines] == ["review", "allow"]
    assert ran.lines[0]["unjudged"]["output.media"] == "media.unavailable"


def test_a_folder_is_no_file_to_let_pass(shell: Shell) -> None:
    assert judge(shell, {"id": "1", "media": ".", "as": "reference"}).lines[0]["verdict"] != "allow"


@pytest.mark.parametrize("path", ["nul\x00byte.mp4", "n" * 5000 + ".mp4"])
def test_a_path_that_can_be_no_file_is_held(shell: Shell, path: str) -> None:
    [line] = judge(shell, {"id": "1", "media": path}).lines
    assert line["verdict"] == "review"


def test_media_paths_start_at_the_file_that_names_them(shell: Shell) -> None:
    folder = shell.home / "elsewhere"
    folder.mkdir()
    paint(folder / "clip.mp4")
    [line] = judge(shell, {"id": "1", "media": "clip.mp4"}, name="elsewhere/items.jsonl").lines
    assert (line["verdict"], line["stage"]) == ("allow", "output")


def test_a_media_file_is_judged_as_it_is(shell: Shell) -> None:
    clip = paint(shell.home / "clip.mp4")
    ran = shell("judge", str(clip), "--json")
    assert (ran.status, ran.json["id"], ran.json["stage"]) == (0, "clip.mp4", "output")


def test_an_enrolled_face_in_a_file_is_refused_until_it_is_nobodys(shell: Shell) -> None:
    clip = paint(shell.home / "clip.mp4", 2)
    assert shell("judge", str(clip), "--json").json["verdict"] == "allow"
    with shell.parts() as parts:
        enrol_person(parts, 2)
    found = shell("judge", str(clip), "--json").json
    assert (found["verdict"], found["categories"]) == ("block", ["private_person"])


def test_judging_records_nothing(shell: Shell) -> None:
    judge(shell, {"id": "1", "text": "a lighthouse"})
    with shell.database.read() as session:
        for table in (Decision, Generation, JobRow):
            assert session.exec(select(table)).all() == []


def test_for_people_each_item_is_a_line_with_its_verdict_and_why(shell: Shell) -> None:
    file = shell.home / "items.jsonl"
    file.write_text('{"id": "1", "text": "x"}\n{"id": "2", "text": 7}\n')
    ran = shell("judge", str(file))
    assert ran.status == 1
    first, second = ran.out.splitlines()
    assert first.startswith("allow   1: -")
    assert second.startswith("review  2: -")
    assert "items.jsonl:2: `text` must be a string (got 7)" in second


def test_a_file_that_does_not_exist_is_refused(shell: Shell) -> None:
    refused = shell("judge", "nowhere.jsonl", "--json")
    assert (refused.status, refused.out) == (2, "")
    assert "nowhere.jsonl" in refused.err


def test_an_empty_file_is_no_error(shell: Shell) -> None:
    (shell.home / "empty.jsonl").touch()
    assert shell("judge", "empty.jsonl", "--json").out == ""


REAL_ITEMS = [
    {"id": "benign", "text": "A lighthouse on a rocky coast at dawn, gulls circling overhead."},
    {
        "id": "gore",
        "text": "A man is tortured and dismembered in close-up, blood and severed limbs everywhere.",
    },
    {"id": "figure", "text": "Taylor Swift sings in a small cafe, close to the camera."},
    {"id": "dead", "text": "Elvis Presley walks along an empty beach at sunset."},
    {
        "id": "foreign",
        "text": "Egy férfi végigsétál az esős utcán, és barátságosan köszön a szomszédoknak.",
    },
    {
        "id": "german",
        "text": "Ein Mann geht durch die Straßen von Berlin und grüßt freundlich die Nachbarn.",
    },
    {"id": "coffee", "media": "coffee.jpg", "as": "reference"},
    {"id": "person", "media": "person.jpg", "as": "reference"},
    {"id": "invented", "media": "person.jpg", "as": "output"},
]


@pytest.mark.models
def test_real_models_judge_as_the_policy_says_and_twice_the_same(real_shell: Shell) -> None:
    from moderation.demo.inputs import make_inputs

    make_inputs(real_shell.home)
    first, second = judge(real_shell, *REAL_ITEMS), judge(real_shell, *REAL_ITEMS)
    assert (first.status, first.out) == (0, second.out)
    verdicts = {line["id"]: (line["verdict"], line["categories"]) for line in first.lines}
    assert verdicts["benign"] == ("allow", [])
    assert verdicts["gore"][0] == "block"
    assert "violence" in verdicts["gore"][1]
    assert verdicts["figure"] == ("block", ["public_figure"])
    assert verdicts["dead"] == ("review", ["public_figure"])
    assert verdicts["foreign"][0] == "review"
    assert verdicts["german"][0] == "allow"
    assert verdicts["coffee"][0] == "allow"
    assert verdicts["person"] == ("block", ["private_person"])
    assert verdicts["invented"][0] == "allow"


@pytest.mark.models
def test_real_models_pin_their_revisions_in_every_answer(real_shell: Shell) -> None:
    media.image(real_shell.home / "a.png")
    prompt, picture = judge(
        real_shell, {"id": "1", "text": "a quiet street"}, {"id": "2", "media": "a.png"}
    ).lines
    assert prompt["revisions"]["policy"] == picture["revisions"]["policy"]
    for answer in (prompt, picture):
        assert "missing" not in answer["revisions"]["checks"].values()
        assert answer["unjudged"] == {}
    assert "text:" in prompt["revisions"]["checks"]["prompt.text"]


def test_without_models_nothing_is_allowed(
    real_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECONDUCT_MODELS_DIR", str(tmp_path / "no-models"))
    [line] = judge(real_shell, {"id": "1", "text": "a quiet street"}).lines
    assert line["verdict"] == "review"
    assert line["unjudged"]["prompt.text"].startswith("model.")
