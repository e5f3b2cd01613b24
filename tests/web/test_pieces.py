"""The parts of a page that are worked out before it is written: words, evidence, timelines, keys."""

import re
from itertools import pairwise

import pytest

from moderation.gate.recorded import Recorded
from moderation.web import words
from moderation.web.evidence import evidence_of
from moderation.web.keys import KEYS, key_of
from moderation.web.media_view import view_asset
from moderation.web.render import STATIC, TEMPLATES
from policies.document import shipped_document
from policies.engine import rule
from policies.findings import AudioInterval, CheckReport, CheckStatus, Finding, FrameBox, WholeField
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage

ASSET = "a" * 64
CONTEXT = PolicyContext(Stage.OUTPUT, True, False, False, False)
NUDE = Finding(Category.SEXUAL, "image.nudity", 0.6, FrameBox(ASSET, 1.5, 0.1, 0.2, 0.3, 0.5), "n", "1")
HEARD = Finding(Category.VIOLENCE, "speech.classifier", 0.2, AudioInterval(ASSET, 2.0, 3.0), "s", "1")
LOST = Finding(Category.PRIVATE_PERSON, "output.identity_drift", 1.0, WholeField("output"), "f", "1", "@ada")


def _recorded(*findings: Finding, unjudged: str = "") -> Recorded:
    reports = [CheckReport("x", 1, CheckStatus.JUDGED, "1", findings)]
    if unjudged:
        reports.append(CheckReport(unjudged, 1, CheckStatus.UNJUDGED, "1", (), "timeout"))
    return Recorded(rule(shipped_document(), reports, CONTEXT), tuple(reports))


@pytest.mark.parametrize(
    ("passed_ms", "told"),
    [
        (0, "now"), (59_999, "now"), (60_000, "1 min"), (3_599_999, "59 min"), (7_200_000, "2 h"), (172_800_000, "2 d"),
        (-5, "now"),
    ],
)  # fmt: skip
def test_an_age_is_the_largest_whole_unit(passed_ms: int, told: str) -> None:
    assert words.age(1_000_000_000_000, 1_000_000_000_000 + passed_ms) == told


def test_times_and_names_in_words() -> None:
    assert words.clock(0) == "0:00.0"
    assert words.clock(59.96) == "1:00.0"
    assert words.clock(61.25) == "1:01.2"
    assert words.moment(0) == "1970-01-01 00:00 UTC"
    assert words.iso(1500) == "1970-01-01T00:00:01Z"
    assert words.short("gen_0f6d3c1a5e5b4b7f") == "gen_0f6d3c1a…"
    assert words.short("gen_1") == "gen_1"
    assert words.short("0123456789abcdef") == "0123456789ab…"


@pytest.mark.parametrize(
    ("category", "rule_id", "told"),
    [
        ("public_figure", "figure.living", "Public figure"),
        ("", "engine:unjudged", "Could not be judged"),
        ("", "account.rate_limited", "Account"),
        ("", "", "Could not be judged"),
    ],
)
def test_a_case_is_named_by_what_it_is_about(category: str, rule_id: str, told: str) -> None:
    assert words.headline(category, rule_id) == told


def test_findings_are_numbered_strictest_first_and_rules_point_at_them() -> None:
    evidence = evidence_of(_recorded(HEARD, NUDE, LOST))
    assert [(row.number, row.finding.signal, row.verdict) for row in evidence.rows] == [
        (1, "output.identity_drift", "review"), (2, "image.nudity", "review"), (3, "speech.classifier", "allow"),
    ]  # fmt: skip
    assert {(fired.rule.rule_id, fired.row) for fired in evidence.rules} == {
        ("image.nudity:sexual", 2), ("output.identity_drift", 1),
    }  # fmt: skip
    assert [row.number for row in evidence.rows if row.deciding] == [2]
    assert [fired.rule.rule_id for fired in evidence.rules if fired.deciding] == ["image.nudity:sexual"]


@pytest.mark.parametrize(
    ("recorded", "veiled"),
    [
        (_recorded(NUDE), True),
        (_recorded(LOST), False),
        (_recorded(HEARD), False),
        (_recorded(LOST, unjudged="output.nudity"), True),
        (_recorded(LOST, unjudged="output.faces"), False),
    ],
)
def test_pictures_are_veiled_where_they_may_hurt_or_where_nobody_could_tell(
    recorded: Recorded, veiled: bool
) -> None:
    assert evidence_of(recorded).veiled is veiled


def test_a_file_is_arranged_by_time() -> None:
    face = {"time_s": 1.5, "left": 0.6, "top": 0.1, "right": 0.8, "bottom": 0.4}
    own = {"time_s": 1.5, "left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.5}
    seen = {
        "kind": "video", "duration_s": 4.0, "faces": {"value": [own, face]},
        "nudity": {"value": [{"time_s": 0.5, "score": 0.25}]},
        "speech": {"value": [{"start_s": 2.5, "end_s": 3.5, "text": "one"}, {"start_s": 3.5, "end_s": 4.0, "text": "two"}]},
        "text": {"value": [{"time_s": 1.0, "text": "EXIT"}, {"time_s": 2.0, "text": "EXIT"}]},
        "voices": {"value": None, "cause": "timeout"}, "looks": {"value": None, "cause": "not_observed"},
    }  # fmt: skip
    view = view_asset(ASSET, "output", seen, evidence_of(_recorded(NUDE, HEARD)))
    [frame] = view.marked
    assert (frame.time_ms, view.poster_ms) == (1500, 1500)
    assert [(box.left, box.number, box.verdict) for box in frame.boxes] == [
        (60.0, 0, "seen"),
        (10.0, 1, "review"),
    ]
    assert [lane.label for lane in view.lanes] == [
        "image.nudity", "speech.classifier", "nudity score", "faces seen", "text read", "speech",
    ]  # fmt: skip
    assert [(line.text, line.rows) for line in view.transcript] == [("one", (2,)), ("two", ())]
    assert [(line.text, line.start_s) for line in view.lettering] == [("EXIT", 1.0)]
    assert view.not_perceived == {"voices": "timeout"}
    assert [one.time_ms for one in view.overview] == [0, 500, 1000, 1500, 2000, 2500, 3000, 3500]


def test_a_file_of_which_nothing_was_kept_is_shown_all_the_same() -> None:
    view = view_asset(ASSET, "output", {}, evidence_of(_recorded(NUDE, HEARD)))
    assert (view.kind, view.duration_s) == ("video", 3.0)
    assert len(view.overview) <= 8
    assert view_asset(ASSET, "reference", {}, evidence_of(_recorded())).kind == "image"


def test_a_long_clip_has_few_frames_at_even_steps() -> None:
    view = view_asset(ASSET, "output", {"kind": "video", "duration_s": 60.0}, evidence_of(_recorded()))
    times = [one.time_ms for one in view.overview]
    assert len(times) == 8
    assert len({later - sooner for sooner, later in pairwise(times)}) == 1


def test_every_key_is_listed_once_and_works_somewhere() -> None:
    assert len({key.key for key in KEYS}) == len(KEYS)
    script = (STATIC / "review.js").read_text(encoding="utf-8")
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    in_templates = set(re.findall(r"key\(['\"](\w+)['\"]\)", templates)) | {"allow", "block"}
    in_script = set(re.findall(r'key === "([^"]+)"', script)) | {"Ctrl+Enter"}
    for key in KEYS:
        assert key.act in in_templates or key.key in in_script, key
    assert in_templates <= {key.act for key in KEYS}
    assert {name for name in in_script if len(name) == 1} <= {key.key for key in KEYS}
    assert key_of("claim") == "c"
