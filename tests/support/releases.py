"""Generations that wait for release without anything having been made, and downloads through the real surface."""

import hashlib
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import Session

from consent.likeness.models import Likeness
from moderation.accounts.keys import make_key
from moderation.accounts.models import Role
from moderation.generation.state import State
from moderation.generation.tables import Generation, GenerationLikeness
from moderation.ids import new_id
from moderation.policy.store import active_revision
from moderation.release.commit import Prepared
from moderation.release.prepare import release_id_of
from moderation.store import Database, now_ms
from moderation.surface import http_app
from provenance.ledger import LedgerEntry
from tests.support.rows import decision
from tests.support.service import ACCOUNT, Person, StubApplication, ask


def sha256_of(name: str) -> str:
    """Some file's address."""
    return hashlib.sha256(name.encode()).hexdigest()


def waiting(
    database: Database,
    *people: Person,
    parent: str | None = None,
    request: str = "allow",
    output: str = "allow",
    **changes: Any,
) -> Prepared:
    """A generation that the output gate let pass, and the prepared release of it; `request` and `output` are its decisions'
    verdicts, `changes` replace fields of its row."""
    name = new_id("gen")
    with database.transaction() as session:
        rows = generated(name, *people, parent=parent, **changes)
        session.add(rows)
        for stage, verdict in (("request", request), ("output", output)):
            active = active_revision(session)
            session.add(decision(f"dec_{stage}_{name}", of=name, stage=stage, verdict=verdict, policy=active))
        session.flush()
        for person in people:
            pin(session, name, person)
    return prepared_of(name)


def generated(name: str, *people: Person, parent: str | None = None, **changes: Any) -> Generation:
    """The row."""
    fields = {
        "id": name,
        "account_id": ACCOUNT,
        "state": State.GENERATED.value,
        "request": ask("a lighthouse", *people, parent=parent, name=name).model_dump_json(),
        "remix_parent": parent,
        "request_decision_id": f"dec_request_{name}",
        "output_decision_id": f"dec_output_{name}",
        "output_sha256": sha256_of(f"output of {name}"),
        "generator": "painter 1",
        "created_ms": 1,
        "updated_ms": 1,
    }
    return Generation(**{**fields, **changes})


def pin(session: Session, generation_id: str, person: Person) -> None:
    """It was approved to show the person, at the revisions that hold now."""
    row = session.get_one(Likeness, person.likeness_id, populate_existing=True)
    session.add(
        GenerationLikeness(
            generation_id=generation_id,
            likeness_id=row.id,
            handle=row.handle,
            revision=row.revision,
            restrictions_revision=row.restrictions_revision,
        )
    )


def prepared_of(name: str) -> Prepared:
    """What the preparation of it would give."""
    stamped = sha256_of(f"release of {name}")
    decisions = [f"dec_request_{name}", f"dec_output_{name}"]
    entry = LedgerEntry(
        sha256=stamped, release_id=release_id_of(name), generation_id=name, size=5, manifest_label=f"urn:{name}",
        policy_revision="sha256:0", decision_ids=decisions, mark_revision="label-1", created_ms=1,
    )  # fmt: skip
    return Prepared(
        generation_id=name,
        release_id=release_id_of(name),
        output_sha256=sha256_of(f"output of {name}"),
        decision_id=decisions[1],
        release_sha256=stamped,
        size_bytes=5,
        entry=entry,
    )


class Downloads:
    """The account's own view of its releases."""

    def __init__(self, app: StubApplication) -> None:
        with app.database.transaction() as session:
            _, key = make_key(
                session, ACCOUNT, name="test", roles=[Role.OWNER], actor="test", now_ms=now_ms(session)
            )
        self._client = TestClient(http_app(app), base_url=app.settings.public_url)
        self._headers = {"Authorization": f"Bearer {key}"}

    def link(self, generation_id: str) -> str:
        """A fresh link to the file of the generation's release."""
        answer = self._client.get(f"/v1/releases/{release_id_of(generation_id)}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["url"])

    def status(self, link: str) -> int:
        """What fetching it answers; needs no key."""
        return self._client.get(link).status_code
