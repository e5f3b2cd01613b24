"""What must be true when everything has settled: nothing lost, doubled, out of order or served after it was taken back, and every
released file still provable from the disk."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from moderation.accounts.models import QuotaDay, QuotaReservation
from moderation.accounts.quota import TOTAL
from moderation.bus.dead_letters import list_open
from moderation.bus.jobs import JobRow
from moderation.bus.outbox import OutboxRow
from moderation.gate.decisions import Decision
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested, decode
from moderation.release.report import withdrawal_report
from moderation.release.tables import Release, ReleaseState
from moderation.review.case_state import CaseStatus
from moderation.review.models import ReviewCase
from moderation.store import Database
from moderation.transparency.audit import AuditEntry, verify_chain
from policies.taxonomy import Stage
from provenance.credentials.reader import read_own
from provenance.credentials.trust import TrustList
from provenance.ledger import LedgerEntry
from tests.faults.effects import ONE_OF_EACH_JOB, ONE_RELEASE
from tests.soak.ground import Ground
from tests.soak.reader import TOPICS

Grouped = Mapping[str, Counter[str]]


@dataclass
class Books:
    """Every row that a generation leaves, by generation: read once, after the sweep."""

    states: dict[str, str]
    stages: Grouped
    events: Grouped
    jobs: Grouped
    acts: Grouped
    releases: Mapping[str, Sequence[Release]]
    ledger: Mapping[str, Sequence[LedgerEntry]]
    reserved: Mapping[str, Sequence[QuotaReservation]]
    written: Mapping[tuple[str, str], Sequence[str]]
    failed_jobs: list[str]
    unsent: int
    asked_of_people: frozenset[str]
    """Held, with an open case, because something could not be judged: an index that was stale while the database was away."""


def books_of(database: Database) -> Books:
    """Read them."""
    with database.read() as session:
        outbox = session.exec(select(OutboxRow).order_by(col(OutboxRow.id))).all()
        events, written = _events(outbox)
        jobs = session.exec(select(JobRow)).all()
        return Books(
            states=dict(session.exec(select(Generation.id, Generation.state)).all()),
            stages=_grouped(session.exec(select(Decision.generation_id, Decision.stage)).all()),
            events=events,
            jobs=_grouped((job.subject_id, job.kind) for job in jobs),
            acts=_grouped(session.exec(select(AuditEntry.subject, AuditEntry.act)).all()),
            releases=_rows((row.generation_id, row) for row in session.exec(select(Release))),
            ledger=_rows((row.generation_id, row) for row in session.exec(select(LedgerEntry))),
            reserved=_rows((row.generation_id, row) for row in session.exec(select(QuotaReservation))),
            written=written,
            failed_jobs=[f"{job.kind} {job.subject_id}: {job.state} {job.last_error}" for job in jobs
                         if job.state not in {"done", "cancelled"}],
            unsent=sum(row.sent_ms is None for row in outbox),
            asked_of_people=_asked_of_people(session),
        )  # fmt: skip


def _asked_of_people(session: Session) -> frozenset[str]:
    open_cases = select(ReviewCase.generation_id).where(ReviewCase.state != CaseStatus.DECIDED.value)
    held = select(Generation.id).where(
        Generation.state == State.HELD.value, col(Generation.id).in_(open_cases)
    )
    bodies = select(Decision.generation_id, Decision.body).where(col(Decision.generation_id).in_(held))
    return frozenset(name for name, body in session.exec(bodies) if json.loads(body)["ruling"]["unjudged"])


def wrongs_of_generations(books: Books, asked: Iterable[str]) -> list[str]:
    """One of everything for each that was released and stands; never two of anything for any."""
    wrong: list[str] = []
    for name in asked:
        state = books.states.get(name, "absent")
        counts: dict[str, Any] = {
            "stages": books.stages.get(name, Counter()), "events": books.events.get(name, Counter()),
            "jobs": books.jobs.get(name, Counter()), "acts": books.acts.get(name, Counter()),
        }  # fmt: skip
        if state == State.RELEASED.value:
            wrong += _differences(name, counts)
        wrong += [f"{name} ({state}): {what} {dict(found)}" for what, found in counts.items()
                  if any(number > 1 for kind, number in found.items() if kind != "decision.made")]  # fmt: skip
        wrong += _release_wrongs(books, name, state)
    strangers = set(books.states) - set(asked)
    return wrong + ([f"nobody asked for {sorted(strangers)}"] if strangers else [])


def _differences(name: str, counts: Mapping[str, Counter[str]]) -> list[str]:
    expected = {
        "stages": Counter({Stage.REQUEST.value: 1, Stage.OUTPUT.value: 1}), "events": ONE_RELEASE,
        "jobs": ONE_OF_EACH_JOB, "acts": Counter({"generation.released": 1}),
    }  # fmt: skip
    return [
        f"{name}: {what} {dict(counts[what])} instead of {dict(wanted)}"
        for what, wanted in expected.items()
        if counts[what] != wanted
    ]


def _release_wrongs(books: Books, name: str, state: str) -> list[str]:
    releases, ledger = books.releases.get(name, ()), books.ledger.get(name, ())
    reserved = books.reserved.get(name, ())
    wrong = []
    if len(releases) > 1 or len(ledger) != len(releases) or len(reserved) > 1:
        wrong.append(
            f"{name} ({state}): {len(releases)} releases, {len(ledger)} ledger rows, {len(reserved)} places"
        )
    if state == State.RELEASED.value:
        if len(releases) != 1 or len(reserved) != 1 or reserved[0].returned:
            wrong.append(f"{name}: released without a release, or without its place in the quota")
        elif releases[0].state != ReleaseState.RELEASED.value or ledger[0].sha256 != releases[0].asset_sha256:
            wrong.append(f"{name}: its release is {releases[0].state}, or the ledger names another file")
    elif any(row.state == ReleaseState.RELEASED.value for row in releases):
        wrong.append(f"{name}: {state}, and its release still stands")
    waits = name in books.asked_of_people
    if (
        state != State.RELEASED.value
        and not waits
        and not releases
        and any(not row.returned for row in reserved)
    ):
        wrong.append(f"{name}: {state} without a release, and its place in the quota is kept")
    return wrong


def wrongs_of_ends(
    books: Books, asked: Mapping[str, GenerationRequested], revoked: set[str], ordered: set[str]
) -> list[str]:
    """Where each must have ended. `revoked` are handles, `ordered` generations taken back one by one: nothing that was taken back
    stands, and everything else was released, or waits for a person because it could not be judged."""
    wrong, taken_back = [], _taken_back(asked, revoked, ordered)
    for name in asked:
        state = books.states.get(name, "absent")
        if name in taken_back and state == State.RELEASED.value:
            wrong.append(f"{name}: released, though it was taken back")
        if name not in taken_back | books.asked_of_people and state != State.RELEASED.value:
            wrong.append(f"{name}: {state}, though nobody took it back; {dict(books.jobs.get(name, {}))}")
    return wrong


def _taken_back(asked: Mapping[str, GenerationRequested], revoked: set[str], ordered: set[str]) -> set[str]:
    """What shows somebody who revoked, what was ordered back, and the remixes of both."""
    found: set[str] = set()
    for name, request in asked.items():  # in the order they were asked for: a parent comes before its remixes
        if name in ordered or revoked & set(request.likenesses) or request.remix_parent in found:
            found.add(name)
    return found


def wrongs_of_the_rest(ground: Ground, books: Books) -> list[str]:
    """Dead letters, unfinished work, the quota's sums, and the audit chain."""
    with ground.database.read() as session:
        wrong = [
            f"dead letter: {letter.topic} {letter.code} {letter.error[:200]}" for letter in list_open(session)
        ]
        used = session.exec(select(func.sum(QuotaDay.used)).where(QuotaDay.scope == TOTAL)).one() or 0
        report = verify_chain(session)
    kept = sum(not row.returned for rows in books.reserved.values() for row in rows)
    wrong += [f"job: {job}" for job in books.failed_jobs]
    if books.unsent:
        wrong.append(f"{books.unsent} events were not sent")
    if used != kept:
        wrong.append(f"the quota counts {used} places, {kept} are held")
    if not report.intact or report.unsealed_tail:
        wrong.append(
            f"audit: broken at {report.broken_at} ({report.fault}), unsealed {report.unsealed_tail[:5]}"
        )
    return wrong


def wrongs_of_files(ground: Ground, books: Books) -> list[str]:
    """Every released file, withdrawn ones too, hashed and its credential read anew from the disk: Trusted, time-stamped."""
    trust: TrustList = ground.deployment.app.trust
    wrong = []
    for name, releases in books.releases.items():
        for release in releases:
            ground.deployment.app.assets.verify(release.asset_sha256)
            report = read_own(ground.deployment.app.assets.path(release.asset_sha256), trust)
            if report.state != "trusted" or not report.timestamped:
                wrong.append(f"{name}: its file is {report.state}, time-stamped {report.timestamped}")
    return wrong


def wrongs_of_withdrawals(ground: Ground, withdrawals: Iterable[str]) -> list[str]:
    """Each is done, and has a receipt for each generation that shows the likeness."""
    wrong = []
    with ground.database.read() as session:
        for withdrawal in withdrawals:
            report = withdrawal_report(session, withdrawal)
            if not report["done"]:
                wrong.append(f"withdrawal {withdrawal} is not done")
            targets = Counter((r["target"], r["kind"]) for r in report["receipts"])
            if any(number > 1 for number in targets.values()):
                wrong.append(f"withdrawal {withdrawal} has two receipts for one thing")
    return wrong


def _events(outbox: Sequence[OutboxRow]) -> tuple[Grouped, dict[tuple[str, str], list[str]]]:
    events: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[tuple[str, str], list[str]] = defaultdict(list)
    wanted = {str(topic) for topic in TOPICS}
    for row in outbox:
        kind = decode(row.value).type.removeprefix("org.safeconduct.").rpartition(".v")[0]
        events[row.key][kind] += 1
        if row.topic in wanted:
            written[row.topic, row.key].append(row.event_id)
    return events, written


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, what in pairs:
        found[name][what] += 1
    return found


def _rows(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for name, row in pairs:
        found[name].append(row)
    return found
