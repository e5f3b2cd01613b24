"""`safeconduct submit`, `explain`, `link`, `report`, `revoke`, `erase`: from a request to its end, in words and as JSON."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import SQLModel, select

from consent.likeness.models import Likeness
from moderation.accounts.directory import ensure_account
from moderation.gate.decisions import record_judgement
from moderation.generation.state import State
from moderation.generation.tables import Asset, Generation, LikenessPortrait
from moderation.messages import GenerationRequested
from moderation.release.tables import Release, Withdrawal
from moderation.transparency.audit import AuditEntry
from tests.gate.test_decisions import judged
from tests.support import media, rows
from tests.support.commands import Shell
from tests.support.service import Person, enrol_person
from tests.support.subjects import request


def add(shell: Shell, *made: SQLModel) -> None:
    """Commit rows."""
    with shell.database.transaction() as session:
        for row in made:
            session.add(row)
            session.flush()


def enrolled(shell: Shell, number: int = 1) -> Person:
    """An enrolled person whose likeness a test's account may use."""
    with shell.parts() as parts:
        return enrol_person(parts, number)


def released(shell: Shell, *, shows: Person | None = None) -> None:
    """gen_1, released as rel_1; it shows the person."""
    generation = rows.generation(state=State.RELEASED)
    generation.release_id = "rel_1"
    add(shell, generation, rows.release(b"video"))
    if shows:
        add(shell, rows.shows(who=shows.likeness_id))


def the_request(shell: Shell, generation_id: str) -> GenerationRequested:
    """What was asked for."""
    with shell.database.read() as session:
        return GenerationRequested.model_validate_json(session.get_one(Generation, generation_id).request)


def test_a_request_is_taken_in_and_its_state_told(shell: Shell) -> None:
    sent = shell("submit", "a lighthouse", "--likeness", "@ada", "--wait", "0", "--json")
    assert sent.status == 3
    assert (sent.json["state"], sent.json["verdict"], sent.json["decisions"]) == ("requested", None, [])
    asked = the_request(shell, sent.json["id"])
    assert (asked.prompt, asked.likenesses, asked.account_id) == ("a lighthouse", ("@ada",), "operator")


def test_a_reference_is_stored_and_named_by_its_sha256(shell: Shell) -> None:
    picture = media.image(shell.home / "a.png")
    sent = shell(
        "submit", "like this", "--reference", str(picture), "--account", "acct_a", "--wait", "0", "--json"
    )
    [sha256] = the_request(shell, sent.json["id"]).references
    with shell.database.read() as session:
        assert session.get_one(Asset, sha256).account_id == "acct_a"


@pytest.mark.parametrize("prompt", ["", "x" * 20_001])
def test_a_request_that_cannot_be_sent_leaves_nothing_behind(shell: Shell, prompt: str) -> None:
    picture = media.image(shell.home / "a.png")
    assert shell("submit", prompt, "--reference", str(picture), "--wait", "0").status == 2
    with shell.database.read() as session:
        assert session.exec(select(Generation)).all() == []
        assert session.exec(select(Asset)).all() == []


def test_a_reference_that_is_not_there_is_refused_before_anything(shell: Shell) -> None:
    refused = shell("submit", "x", "--reference", "nowhere.png", "--wait", "0")
    assert refused.status == 2
    assert "nowhere.png" in refused.err


def test_a_decision_is_explained_by_rule_revision_and_evidence(shell: Shell) -> None:
    add(shell, rows.generation(state=State.REFUSED))
    with shell.database.transaction() as session:
        decision = record_judgement(session, "gen_1", judged(request("a floor of blood")), now_ms=5)
    whole = shell("explain", "gen_1", "--json").json
    assert (whole["id"], whole["verdict"], whole["state"]) == ("gen_1", "block", "refused")
    assert whole["decisions"][0]["id"] == decision.id
    one = shell("explain", decision.id, "--json").json
    assert (one["id"], one["verdict"]) == (decision.id, "block")
    assert one["reports"]
    assert one["reasons"]["user_text"]
    shown = shell("explain", "gen_1").out
    assert f"request: block by machine ({decision.id})" in shown
    assert "text.classifier" in shown
    assert "allow if text.classifier for violence scored under" in shown
    assert one["explanation"]["operator"]["would_change"][0]["verdict"] == "review"
    assert whole["decisions"][0]["explanation"]["user"]["code"] == "content.violence"


def test_a_text_that_passes_is_looked_for_unless_told_not_to(shell: Shell) -> None:
    generation = rows.generation(account="operator", state=State.REFUSED)
    asked = GenerationRequested(
        generation_id="gen_1", account_id="operator", prompt="a floor of blood in a hall"
    )
    generation.request = asked.model_dump_json()
    with shell.database.transaction() as session:
        ensure_account(session, "operator", actor="test", now_ms=1)
    add(shell, generation)
    with shell.database.transaction() as session:
        subject = request("a floor of blood in a hall")
        decision = record_judgement(session, "gen_1", judged(subject), now_ms=5)
    looked = shell("explain", decision.id).out
    assert "this text passes (2 words changed, judged just now under sha256:" in looked
    assert looked.rstrip().endswith(": a puddle of rain in a hall")
    assert "no text is offered: not_asked" in shell("explain", decision.id, "--no-edit").out


def test_a_decision_can_be_explained_to_people_by_its_own_id(shell: Shell) -> None:
    add(shell, rows.generation(state=State.REFUSED))
    with shell.database.transaction() as session:
        decision = record_judgement(session, "gen_1", judged(request("a floor of blood")), now_ms=5)
    assert f"request: block by machine ({decision.id})" in shell("explain", decision.id).out


@pytest.mark.parametrize("name", ["gen_1", "rel_1"])
def test_a_link_leads_to_the_file_and_lives_for_a_minute(shell: Shell, name: str) -> None:
    released(shell)
    answer = shell("link", name, "--json").json
    url = urlsplit(answer["url"])
    assert answer["release_id"] == "rel_1"
    assert url.path == "/v1/releases/rel_1/file"
    query = parse_qs(url.query)
    assert query["expires"] == [str(answer["expires_ms"])]
    assert query["token"]
    assert shell("link", name).out.startswith("http://")


def test_a_handle_leads_to_its_newest_release(shell: Shell) -> None:
    person = enrolled(shell)
    released(shell, shows=person)
    assert shell("link", "@person_1", "--json").json["release_id"] == "rel_1"
    assert shell("link", "@person_2").status == 2


def test_nothing_is_linked_that_is_not_released(shell: Shell) -> None:
    add(shell, rows.generation(state=State.HELD, held="request"))
    refused = shell("link", "gen_1")
    assert refused.status == 2
    assert "the generation is held, not released" in refused.err


def test_the_report_counts_states_and_decisions(shell: Shell) -> None:
    add(shell, rows.generation("gen_1", state=State.REFUSED), rows.generation("gen_2"))
    add(shell, rows.decision("dec_1", verdict="block"), rows.decision("dec_2", of="gen_2", verdict="allow"))
    assert shell("report", "--json").json == {
        "generations": {"refused": 1, "requested": 1},
        "decisions": {"request/allow/-": 1, "request/block/-": 1},
    }
    shown = shell("report").out
    assert "refused" in shown
    assert "request/block/-" in shown


def test_revoking_takes_back_what_was_released_and_reports_how_far_it_reached(shell: Shell) -> None:
    person = enrolled(shell)
    released(shell, shows=person)
    answer = shell("revoke", "@person_1", "--json").json
    assert (answer["likeness_id"], answer["change"], answer["changed"]) == (
        person.likeness_id,
        "revoked",
        True,
    )
    assert answer["withdrawal"]["done"]
    assert answer["withdrawal"]["reached"] == 1
    assert [receipt["target"] for receipt in answer["withdrawal"]["receipts"]] == ["gen_1"]
    assert shell("link", "gen_1").status == 2
    with shell.database.read() as session:
        assert session.get_one(Release, "rel_1").state == "withdrawn"
        assert session.get_one(Generation, "gen_1").state == "withdrawn"


def test_revoking_by_id_is_shown_to_people_with_its_receipts(shell: Shell) -> None:
    person = enrolled(shell)
    released(shell, shows=person)
    shown = shell("revoke", person.likeness_id).out
    assert "revoked" in shown
    assert "gen_1" in shown


def test_revoking_twice_changes_nothing_more(shell: Shell) -> None:
    enrolled(shell)
    first = shell("revoke", "@person_1", "--json").json
    second = shell("revoke", "@person_1", "--json").json
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["revision"] == second["revision"]


def test_revoking_future_use_only_leaves_releases_alone(shell: Shell) -> None:
    released(shell, shows=enrolled(shell))
    answer = shell("revoke", "@person_1", "--scope", "future", "--json").json
    assert answer["withdrawal"] == {}
    assert shell("link", "gen_1").status == 0


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_erasing_asks_first_and_only_yes_means_yes(shell: Shell, typed: str) -> None:
    person = enrolled(shell)
    asked = shell("erase", "@person_1", typed=typed)
    assert asked.status == 1
    assert "Erase @person_1 for good?" in asked.out
    with shell.database.read() as session:
        assert session.get_one(Likeness, person.likeness_id).state == "active"


def test_erasing_destroys_templates_and_portraits_and_tells_the_owner_what_ends(shell: Shell) -> None:
    person = enrolled(shell)
    add(shell, LikenessPortrait(likeness_id=person.likeness_id, asset_sha256="a" * 64, created_ms=1))
    released(shell, shows=person)
    answer = shell("erase", "@person_1", "--yes", "--json").json
    assert answer["change"] == "erased"
    assert answer["notice"]
    assert answer["withdrawal"]["done"]
    with shell.database.read() as session:
        assert session.get_one(Likeness, person.likeness_id).state == "erased"
        assert session.exec(select(LikenessPortrait)).all() == []
        assert session.exec(select(Withdrawal)).one().reason == "likeness.erased"
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.subject == person.likeness_id)).all()
    assert acts[-1] == "likeness.erased"


def test_verify_says_nothing_of_a_file_that_is_not_ours(shell: Shell) -> None:
    picture = media.image(shell.home / "a.png")
    answer = shell("verify", str(picture), "--json")
    assert answer.status == 1
    assert (answer.json["answer"], answer.json["file"]) == ("unknown", str(picture))
    assert shell("verify", str(picture)).out.startswith("unknown  ")
    assert shell("verify", str(Path("nowhere.mp4"))).status == 2
