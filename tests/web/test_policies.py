"""Policy staff take a document from the form to where it rules, and back; what is refused is told and not half done."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from moderation.accounts.models import Role
from moderation.gate.shadows import ShadowRuling
from moderation.policy.evidence import Evidence
from moderation.policy.floods import GUARD, STOPPED, note_flood
from moderation.policy.lifecycle import Act, activate, add, roll_back, to_rollout, to_shadow
from moderation.policy.tables import PolicyBacktest, PolicyChange, PolicyRow, PolicyState
from moderation.store import Database, now_ms
from moderation.transparency.audit import AuditEntry
from moderation.web import policy_acts
from policies.evaluation.intervals import Share
from policies.taxonomy import Verdict
from tests.support.pages import Browser, browser_on
from tests.support.service import StubApplication, app_on
from tests.support.steering import TITLE, decided, judged, policy, titles

WHY = "estates ask for it"
PASSING = "{found: {findings: [{signal: work.named}], expect: block, category: works}}"
FAILING = "{found: {findings: [{signal: work.named}], expect: review}}"
IN_WORDS = "{said: {text: a lighthouse, expect: allow}}"
BEGUN = titles("review")


@dataclass(slots=True)
class Staff:
    """Somebody who may change policies, and the service they do it on."""

    app: StubApplication
    browser: Browser

    def stored(self, text: str) -> str:
        """A draft; its revision."""
        with self.app.database.transaction() as session:
            return add(
                session, text, name="titles", act=Act("acct_other", "drafted", now_ms(session))
            ).revision

    def show(self, revision: str, query: str = "") -> str:
        """Its page."""
        answer = self.browser.get(f"/review/policies/{revision}{query}")
        assert answer.status_code == 200, answer.text
        return _text(answer)

    def move(self, revision: str, name: str, **form: Any) -> Any:
        """Open the page and send the form of a move, as it was shown."""
        if "since" not in form:
            self.show(revision)
            form["since"] = self.since()
        return self.browser.post(f"/review/policies/{revision}/{name}", **{"reason": WHY, **form})

    def since(self) -> str:
        """The moment that the forms of the page carry; one that has no form is any."""
        found = re.search(r'name="since" value="(\d+)"', self.browser.shown)
        return found[1] if found else "0"

    def state(self, revision: str) -> tuple[str, int]:
        """Where it stands."""
        with self.app.database.read() as session:
            row = session.get_one(PolicyState, revision)
            return row.state, row.percent

    def changes(self, revision: str) -> list[PolicyChange]:
        """Its history, oldest first."""
        with self.app.database.read() as session:
            wanted = select(PolicyChange).where(PolicyChange.revision == revision)
            return list(session.exec(wanted.order_by(col(PolicyChange.at_ms), col(PolicyChange.id))))


@pytest.fixture
def pia(sqlite_database: Database, tmp_path: Path) -> Iterator[Staff]:
    """Of the policy staff, where a document rules by which a bare title is for a person."""
    for app in app_on(sqlite_database, tmp_path / "home"):
        with app.database.transaction() as session:
            activate(session, BEGUN, name="titles", actor="test", now_ms=now_ms(session))
        yield Staff(app, browser_on(app).sign_in("acct_pia", Role.POLICY))


@pytest.fixture
def active() -> str:
    """The revision that rules when a test begins."""
    return policy("review").revision


def _text(answer: Any) -> str:
    return html.unescape(answer.text)


def _moves(page: str) -> list[str]:
    return re.findall(r'action="/review/policies/sha256:[0-9a-f]+/(\w+)"', page)


def test_a_document_goes_from_the_form_to_where_it_rules_and_back(pia: Staff, active: str) -> None:
    with pia.app.database.transaction() as session:
        for number in range(4):
            human = Verdict.BLOCK if number else Verdict.ALLOW
            decided(
                session,
                judged(policy("review"), TITLE),
                of=f"gen_{number}",
                human=human,
                now_ms=now_ms(session),
            )
    pia.browser.get(f"/review/policies/new?from={active}")
    typed = titles("block", tests=PASSING).replace("\n", "\r\n")
    stored = pia.browser.post("/review/policies/new", document=typed, reason=WHY, do="store")
    revision = policy("block", tests=PASSING).revision
    assert stored.headers["location"] == f"/review/policies/{revision}?done=stored"
    page = pia.show(revision, "?done=stored")
    assert "This revision is a draft." in page
    assert "signals / work.named / verdict: review -> block (stricter)" in page
    assert "1 test, <strong>0 failed" in page
    assert _moves(page) == ["backtest", "shadow", "rollout", "activate", "retire"]
    assert pia.move(revision, "shadow").headers["location"] == f"/review/policies/{revision}?done=shadow"
    assert pia.move(revision, "backtest", days="30").status_code == 303
    page = pia.show(revision)
    assert "4 decisions" in page
    assert "4 would change" in page
    assert "75.0 % (3 of 4; 30.1–95.4)" in page
    assert "0.857 (" in page
    assert page.count("request of gen_") == 4
    assert "counts now" in page
    assert pia.move(revision, "rollout", percent="10").status_code == 303
    assert "This revision is in rollout for 10 % of the accounts." in pia.show(revision, "?done=rollout")
    assert pia.move(revision, "rollout", percent="50").status_code == 303
    assert pia.move(revision, "activate").status_code == 303
    assert (pia.state(revision), pia.state(active)) == (("active", 0), ("retired", 0))
    assert _moves(pia.show(revision)) == ["rollback"]
    assert pia.move(revision, "rollback").status_code == 303
    assert (pia.state(revision), pia.state(active)) == (("shadow", 0), ("active", 0))
    assert pia.move(revision, "retire").status_code == 303
    steps = [(one.after, one.percent, one.actor, one.reason) for one in pia.changes(revision)]
    states = [
        ("draft", 0),
        ("shadow", 0),
        ("rollout", 10),
        ("rollout", 50),
        ("active", 0),
        ("shadow", 0),
        ("retired", 0),
    ]
    assert steps == [(*state, "acct_pia", WHY) for state in states]
    with pia.app.database.read() as session:
        acts = session.exec(select(AuditEntry.act).where(AuditEntry.actor == "acct_pia")).all()
        assert session.get_one(PolicyRow, revision).document == titles("block", tests=PASSING)
    assert {
        "policy.added",
        "policy.backtested",
        "policy.rolled_out",
        "policy.activated",
        "policy.retired",
    } <= set(acts)


def test_the_list_says_what_rules_who_brought_it_there_and_what_the_guard_put_back(
    pia: Staff, active: str
) -> None:
    flooding, other = pia.stored(titles("block")), pia.stored(titles("allow"))
    with pia.app.database.transaction() as session:
        at = now_ms(session)
        to_rollout(session, flooding, 10, Act("acct_pia", WHY, at), Evidence(waived="in a hurry"))
        roll_back(session, Act(GUARD, "work.named blocks too much", at + 1), only=flooding)
        note_flood(
            session, revision=flooding, rule="work.named", now=Share(60, 100), usual=Share(1, 100), outcome=STOPPED,
            why="the active one would not block most of it", now_ms=at + 1,
        )  # fmt: skip
        to_shadow(session, other, Act("acct_pia", "<b>watch</b>", at))
        ruling = ShadowRuling(
            decision_id="dec_1",
            revision=other,
            stage="request",
            verdict="review",
            shadow_verdict="allow",
            created_ms=at,
        )
        session.add(ruling)
    answer = pia.browser.get("/review/policies")
    assert "<b>watch</b>" not in answer.text
    rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", _text(answer), re.DOTALL)
    assert next(re.findall("sha256:[0-9a-f]{12}", row)[0] for row in rows) == active
    by = {re.findall("sha256:[0-9a-f]{12}", row)[0]: row for row in rows}
    assert "put back by the flood guard" in by[flooding]
    assert "work.named blocks too much" in by[flooding]
    assert GUARD in by[flooding]
    assert "put back" not in by[other]
    assert "1 ruled, 1 otherwise" in by[other]
    assert "acct_pia" in by[other]
    assert "60.0 % (60 of 100; 50.2–69.1), usually 1.0 %" in _text(answer)
    page = pia.show(flooding)
    assert "The flood guard put it back to shadow." in page
    assert "in a hurry" in page
    assert "flood guard is off" not in _text(answer)


def test_what_is_wrong_with_a_document_is_said_at_once_with_line_and_hint_and_the_text_stays(
    pia: Staff,
) -> None:
    typed = titles("blok") + "claims: {}\n</textarea><script>alert(1)</script>: 1\n"
    pia.browser.get("/review/policies/new")
    for do in ("check", "store"):
        answer = pia.browser.post("/review/policies/new", document=typed, reason=WHY, do=do)
        assert answer.status_code == 422
        page = _text(answer)
        assert "document.yaml:5" in page
        assert "hint: did you mean 'block'? <code>[policy.not_a_choice]" in page
        assert "work.named: {verdict: blok}</pre>" in page
        assert "[policy.unknown_key]" in page
        assert f">\n{html.escape(typed, quote=False)[:200]}" in answer.text.replace("&#39;", "'")
        assert "<script>alert" not in answer.text
        assert WHY in page
    with pia.app.database.read() as session:
        assert len(session.exec(select(PolicyRow)).all()) == 2


def test_a_check_stores_nothing_and_says_what_would_change(pia: Staff, active: str) -> None:
    pia.browser.get("/review/policies/new")
    answer = pia.browser.post("/review/policies/new", document=titles("allow", tests=FAILING), do="check")
    page = _text(answer)
    assert answer.status_code == 200
    assert "Nothing is stored yet." in page
    assert "verdict: review -> allow (looser)" in page
    assert "newly off" in page
    assert "expected review, got allow" in page
    with pia.app.database.read() as session:
        assert session.get(PolicyRow, policy("allow", tests=FAILING).revision) is None


def test_a_draft_without_a_reason_is_not_stored_and_stays_in_the_form(pia: Staff) -> None:
    pia.browser.get("/review/policies/new")
    answer = pia.browser.post("/review/policies/new", document=titles("block"), reason="  ", do="store")
    assert (answer.status_code, "policy.reason" in answer.text) == (422, True)
    assert "work.named: {verdict: block}" in answer.text
    with pia.app.database.read() as session:
        assert session.get(PolicyRow, policy("block").revision) is None


REFUSED: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("rollout", {"percent": "101"}, "policy.step", "1 to 100 per cent"),
    ("rollout", {"percent": "ten"}, "form.act_unknown", "is a whole number"),
    ("rollout", {"percent": "10"}, "policy.not_backtested", "Why no backtest is needed"),
    ("rollout", {"percent": "10", "waive": " "}, "policy.reason", "Say why"),
    ("activate", {}, "policy.not_backtested", "within the last week"),
    ("shadow", {"reason": " "}, "policy.reason", "kept with its reason"),
    ("retire", {"reason": "x" * 1001}, "policy.reason", "1 to 1000 characters"),
    ("rollback", {}, "policy.no_previous", "nothing was active before"),
    ("shadow", {"since": "1"}, "policy.moved", "it is draft now"),
    ("shadow", {"since": ""}, "form.act_unknown", "is a whole number"),
    ("backtest", {"days": "-1"}, "form.act_unknown", "is a whole number"),
)


def test_a_refused_move_is_told_on_the_page_with_what_was_written_and_nothing_is_done(
    pia: Staff, active: str
) -> None:
    revision = pia.stored(titles("block"))
    for move, form, code, says in REFUSED:
        answer = pia.move(revision, move, **{"reason": "kept <words>", **form})
        page = _text(answer)
        assert answer.status_code in {409, 422}, (move, form)
        assert (code in page, says in page) == (True, True), (move, form)
        if move not in {"backtest", "rollback"}:
            assert html.escape(form.get("reason", "kept <words>")) in answer.text, (move, form)
        assert all(value in page for value in form.values()), (move, form)
        assert (pia.state(revision), pia.state(active)) == (("draft", 0), ("active", 0)), (move, form)
    assert len(pia.changes(revision)) == 1


def test_a_document_whose_own_test_fails_does_not_begin_to_rule_whatever_is_waived(pia: Staff) -> None:
    revision = pia.stored(titles("block", tests=FAILING))
    answer = pia.move(revision, "activate", waive="in a hurry")
    assert (answer.status_code, "policy.tests_failed" in answer.text) == (409, True)
    assert "found: failed: expected review, got block" in _text(answer)
    assert pia.state(revision) == ("draft", 0)


def test_tests_in_words_are_run_on_the_page_when_somebody_asks_and_before_a_document_rules(
    pia: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = pia.stored(titles("block", tests=IN_WORDS))
    assert "no text model is installed here" in pia.show(revision)
    assert "<code>said</code>: allow (no category)" in pia.show(revision, "?tests=all")
    assert pia.move(revision, "activate", waive="a court's order").status_code == 303
    last = pia.changes(revision)[-1]
    assert (last.tests_passed, last.tests_not_run, last.waived) == (1, 0, "a court's order")


def test_a_form_sent_twice_is_one_step_and_one_of_an_old_page_is_none(pia: Staff, active: str) -> None:
    revision = pia.stored(titles("block"))
    pia.show(revision)
    since = pia.since()
    for _ in range(2):
        assert pia.move(revision, "shadow", since=since).status_code == 303
    assert [one.after for one in pia.changes(revision)] == ["draft", "shadow"]
    with pia.app.database.transaction() as session:
        at = now_ms(session)
        to_rollout(session, revision, 10, Act("acct_other", "go", at + 5), Evidence(waived="go"))
        roll_back(session, Act(GUARD, "floods", at + 6), only=revision)
    old = pia.move(revision, "rollout", since=since, percent="50", waive="go")
    assert (old.status_code, "it is shadow now" in _text(old)) == (409, True)
    assert "The flood guard put it back" in _text(old)
    assert pia.state(revision) == ("shadow", 0)


def test_a_rollback_takes_back_the_revision_of_the_page_and_no_other(pia: Staff, active: str) -> None:
    revision = pia.stored(titles("block"))
    other = pia.stored(titles("allow"))
    assert pia.move(revision, "activate", waive="go").status_code == 303
    assert pia.move(other, "rollout", percent="5", waive="go").status_code == 303
    assert pia.move(revision, "rollback").status_code == 303
    assert (pia.state(other), pia.state(active)) == (("rollout", 5), ("active", 0))
    assert pia.state(revision) == ("shadow", 0)


def test_more_decisions_than_a_page_waits_for_are_left_to_the_command_line(
    pia: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = pia.stored(titles("block"))
    monkeypatch.setattr(policy_acts, "MOST_DECISIONS", 0)
    with pia.app.database.transaction() as session:
        decided(session, judged(policy("review"), TITLE), of="gen_1", now_ms=now_ms(session))
    answer = pia.move(revision, "backtest", days="0")
    assert (answer.status_code, "policy.backtest_too_long" in answer.text) == (413, True)
    with pia.app.database.read() as session:
        assert session.exec(select(PolicyBacktest)).all() == []


def test_a_document_that_can_no_longer_be_read_is_shown_and_never_rules(pia: Staff, active: str) -> None:
    with pia.app.database.transaction() as session:
        at = now_ms(session)
        session.add(
            PolicyRow(revision="sha256:aaaaaaaaaaaa", name="old", document="format: 0\n", added_ms=at)
        )
        session.flush()
        session.add(PolicyState(revision="sha256:aaaaaaaaaaaa", state="retired", changed_ms=at))
    page = pia.show("sha256:aaaaaaaaaaaa")
    assert "The document can no longer be read, so it cannot rule." in page
    assert "format: 0" in page
    answer = pia.move("sha256:aaaaaaaaaaaa", "activate", waive="go")
    assert (answer.status_code, "policy.invalid" in answer.text) == (422, True)
    assert pia.state(active) == ("active", 0)


def test_a_revision_that_nobody_stored_is_a_page_that_says_so(pia: Staff) -> None:
    for path in ("sha256:000000000000", "new?from=sha256:000000000000", "%27%20or"):
        answer = pia.browser.get(f"/review/policies/{path}")
        assert (answer.status_code, "no policy of this revision is stored" in answer.text) == (404, True)
    answer = pia.browser.post("/review/policies/sha256:000000000000/activate", reason=WHY, since="1")
    assert answer.status_code == 404


def test_a_document_larger_than_the_other_forms_is_taken(pia: Staff) -> None:
    typed = titles("block") + f"# {'x' * 200_000}\n"
    pia.browser.get("/review/policies/new")
    answer = pia.browser.post("/review/policies/new", document=typed, reason=WHY, do="store")
    assert answer.status_code == 303
