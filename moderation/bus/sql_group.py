"""Membership of a consumer group of the embedded log: members renew a lease, and each computes its own share.

Two members may briefly believe they hold the same partition, while one has not yet seen the other; `bus.consumer` makes that
harmless, because only one of them can move the position in the database.
"""

from collections.abc import Sequence
from time import monotonic
from zlib import crc32

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, col

from moderation.bells import ring_after_commit
from moderation.bus.log import Partition
from moderation.bus.sql_tables import MemberRow, TopicRow
from moderation.bus.upsert import insert_or_ignore
from moderation.ids import new_id
from moderation.store import Database, now_ms


class Membership:
    """One member. `session_s`: how long it counts as alive without a sign of life; not thread-safe."""

    def __init__(self, database: Database, topics: Sequence[str], group: str, session_s: float) -> None:
        self._database, self._topics, self._group = database, sorted(set(topics)), group
        self._session_s = session_s
        self.member_id = new_id("member")
        self._bell = f"group:{group}"
        self._rung = -1
        self._refreshed = -session_s
        self._share: frozenset[Partition] = frozenset()

    def share(self) -> frozenset[Partition]:
        """The partitions that are ours; looks anew three times per session, or at once when a member of this process
        joined or left."""
        rung = self._database.bells.count([self._bell])
        if rung != self._rung or monotonic() - self._refreshed > self._session_s / 3:
            self._refreshed = monotonic()
            with self._database.transaction() as session:
                joined = self._sign_in(session)
                self._share = self._compute(session)
            self._rung = rung + joined
        return self._share

    def leave(self) -> None:
        """Let the others have our partitions now."""
        with self._database.transaction() as session:
            session.execute(delete(MemberRow).where(col(MemberRow.member_id) == self.member_id))
            ring_after_commit(session, self._bell)

    def _sign_in(self, session: Session) -> bool:
        now = now_ms(session)
        until = now + int(self._session_s * 1000)
        in_group = col(MemberRow.group_name) == self._group
        lease = col(MemberRow.lease_until_ms)  # twice as far ahead as it can be: the clock was set back since
        gone = or_(lease <= now, lease > until + until - now)
        session.execute(delete(MemberRow).where(in_group, gone))
        renewed = session.execute(
            update(MemberRow)
            .where(in_group, col(MemberRow.member_id) == self.member_id)
            .values(lease_until_ms=until)
            .returning(col(MemberRow.topic))
        ).all()
        if renewed:
            return False
        member = {"group_name": self._group, "member_id": self.member_id, "lease_until_ms": until}
        session.execute(
            insert_or_ignore(session, MemberRow), [{**member, "topic": topic} for topic in self._topics]
        )
        ring_after_commit(session, self._bell)
        return True

    def _compute(self, session: Session) -> frozenset[Partition]:
        rows = session.execute(
            select(col(MemberRow.topic), col(MemberRow.member_id), col(TopicRow.partitions))
            .join(TopicRow, col(TopicRow.name) == col(MemberRow.topic))
            .where(col(MemberRow.group_name) == self._group)
            .order_by(col(MemberRow.topic), col(MemberRow.member_id))
        ).all()
        readers: dict[tuple[str, int], list[str]] = {}
        for topic, member, partitions in rows:
            readers.setdefault((topic, partitions), []).append(member)
        return frozenset(
            Partition(topic, number)
            for (topic, partitions), members in readers.items()
            for number in range(partitions)
            if members[(number + crc32(topic.encode())) % len(members)] == self.member_id
        )
