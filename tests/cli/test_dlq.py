"""`safeconduct dlq`: what was parked is listed with why, replayed under its own event id, or closed for good."""

from sqlmodel import col, select

from moderation.bus.dead_letters import DeadLetterRow, park
from moderation.bus.log import Partition, Record
from moderation.bus.outbox import OutboxRow
from moderation.messages import CaseChanged, MessageError
from moderation.transparency.audit import AuditEntry
from tests.support.bus import record_of
from tests.support.commands import Shell


def parked(shell: Shell, name: str, at_ms: int = 1) -> str:
    """A parked message about case `name`; the dead letter's id."""
    made = record_of(CaseChanged(case_id=name, generation_id="gen_1", change="opened"), f"evt_{name}")
    record = Record(Partition(made.topic, 0), 3, made.key, made.event_id, made.value)
    error = MessageError("message.invalid_data", "change: not a word we know")
    with shell.database.transaction() as session:
        return park(session, record, error, group="cases", tries=5, now_ms=at_ms)


def row(shell: Shell, letter: str) -> DeadLetterRow:
    """The dead letter as it stands."""
    with shell.database.read() as session:
        return session.get_one(DeadLetterRow, letter)


def outbox(shell: Shell) -> list[str]:
    """Event ids waiting to be published."""
    with shell.database.read() as session:
        return list(session.exec(select(OutboxRow.event_id)))


def test_an_empty_list_is_empty(shell: Shell) -> None:
    assert shell("dlq", "list", "--json").out == ""
    assert "0 open dead letters" in shell("dlq", "list").out


def test_each_dead_letter_says_what_where_and_why_without_its_content(shell: Shell) -> None:
    second, first = parked(shell, "case_b", at_ms=9), parked(shell, "case_a", at_ms=2)
    listed = shell("dlq", "list", "--json").lines
    assert [one["id"] for one in listed] == [first, second]
    assert (listed[0]["topic"], listed[0]["key"], listed[0]["code"], listed[0]["tries"]) == (
        "review.cases",
        "case_a",
        "message.invalid_data",
        5,
    )
    assert "value" not in listed[0]
    shown = shell("dlq", "list").out
    assert "2 open dead letters" in shown
    assert first in shown


def test_a_replayed_letter_is_published_again_under_its_own_event_id_and_closed(shell: Shell) -> None:
    letter = parked(shell, "case_a")
    before = outbox(shell)
    assert shell("dlq", "replay", letter, "--json").json == {"act": "dlq.replayed", "ids": [letter]}
    assert [one for one in outbox(shell) if one not in before] == ["evt_case_a"]
    assert row(shell, letter).replayed_ms is not None
    assert shell("dlq", "list", "--json").out == ""


def test_all_means_every_open_letter_and_none_twice(shell: Shell) -> None:
    letters = {parked(shell, "case_a"), parked(shell, "case_b")}
    closed = parked(shell, "case_c")
    shell("dlq", "dismiss", closed)
    assert set(shell("dlq", "replay", "all", "--json").json["ids"]) == letters
    assert shell("dlq", "replay", "all").out == "dlq.replayed: 0\n"


def test_a_dismissed_letter_is_closed_and_never_published(shell: Shell) -> None:
    letter = parked(shell, "case_a")
    before = outbox(shell)
    assert shell("dlq", "dismiss", letter).out == "dlq.dismissed: 1\n"
    assert outbox(shell) == before
    assert row(shell, letter).dismissed_ms is not None
    assert shell("dlq", "replay", letter).status == 2


def test_when_one_of_several_is_unknown_none_is_touched(shell: Shell) -> None:
    letter = parked(shell, "case_a")
    refused = shell("dlq", "dismiss", letter, "dead_nowhere")
    assert (refused.status, refused.out) == (2, "")
    assert "dead_nowhere" in refused.err
    assert row(shell, letter).dismissed_ms is None


def test_who_replayed_or_dismissed_is_in_the_audit_log(shell: Shell) -> None:
    one, two = parked(shell, "case_a"), parked(shell, "case_b")
    shell("dlq", "replay", one)
    shell("dlq", "dismiss", two)
    with shell.database.read() as session:
        rows = session.exec(select(AuditEntry).where(col(AuditEntry.act).startswith("dlq."))).all()
    assert [(entry.act, entry.subject, entry.actor) for entry in rows] == [
        ("dlq.replayed", one, "operator"),
        ("dlq.dismissed", two, "operator"),
    ]
