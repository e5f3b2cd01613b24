"""Whom schemathesis plays with: a surface with something of everything in it, keys of every role, and ids that exist.

Half of the ids it sends are ones the interface named before, so that the answers to good requests are tried, too.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from moderation.accounts.models import Role
from moderation.generation.state import State
from moderation.review import cases
from moderation.store import Database
from tests.support.api import PNG, World, make_world
from tests.support.rows import decision, generation, likeness, release, shows

Request = Case[Any]
Operation = APIOperation[Any, Any, Any, Any]
LIKENESSES = [f"lik_{number}" for number in range(1, 9)]
CLIP = bytes(range(256)) * 8
REFUSALS = ["400", "401", "403", "404", "409", "410", "413", "415", "422", "429"]
NAMED = {
    "generation_id": "id", "case_id": "id", "decision_id": "decision_id",
    "release_id": "release_id", "likeness_id": "likeness_id", "account_id": "account_id",
    "grant_id": "grant_id", "restriction_id": "restriction_id", "withdrawal_id": "withdrawal_id", "key_id": "id",
    "sha256": "sha256", "claim_token": "claim_token",
    "expires": "expires", "token": "token",
}  # fmt: skip
"""Where each parameter's values are named in answers."""
ROLES: Mapping[str, tuple[Role, ...]] = {
    "nobody": (),
    "owner": (Role.OWNER,),
    "pipeline": (Role.PIPELINE,),
    "moderator": (Role.MODERATOR,),
    "auditor": (Role.AUDITOR,),
    "admin": (Role.ADMIN,),
    "everything": tuple(Role),
}


@dataclass(slots=True)
class Players:
    """A world, headers by role, and what exists in it."""

    world: World
    headers: Mapping[str, Mapping[str, str]]
    known: dict[str, list[Any]] = field(default_factory=dict)

    def cases(self, operation: Operation, mode: GenerationMode) -> st.SearchStrategy[Request]:
        """Requests as one of the roles; some about what exists."""
        drawn = operation.as_strategy(generation_mode=mode)
        roles = st.one_of(st.just("everything"), st.just("everything"), st.sampled_from(sorted(self.headers)))
        pick = st.integers(0, 1_000_000)
        invented = mode is GenerationMode.NEGATIVE  # what exists would mend what was made wrong
        return st.builds(self._as, drawn, roles, st.just(0) if invented else pick)

    def learn(self, answer: Any) -> None:
        """Take down the ids that a good answer names."""
        if answer.status_code < 300 and "json" in answer.headers.get("content-type", [""])[0]:
            for name, value in (*_named(answer.json()), *_link(answer.json())):
                some = self.known.setdefault(name, [])
                if value not in some:
                    some[:] = [*some[-20:], value]

    def _as(self, case: Request, role: str, pick: int) -> Request:
        case.headers.pop("Authorization", None)
        case.headers.update(self.headers[role])
        if pick % 2:
            for values in (case.path_parameters, case.query, case.body):
                if isinstance(values, dict):
                    self._point(values, pick)
            if case.path.startswith("/v1/assets"):
                case.body = PNG
        return case

    def _point(self, values: dict[str, Any], pick: int) -> None:
        for name in values.keys() & NAMED.keys():
            some = self.known.get(name) or self.known.get(NAMED[name])
            if some:
                values[name] = some[pick // 2 % len(some)]


def make_players(database: Database) -> Players:
    """Everything of which the interface speaks exists once."""
    world = make_world(database)
    headers = {name: world.key(*roles, account="acct_1") if roles else {} for name, roles in ROLES.items()}
    row = release(CLIP, of="gen_2")
    world.files.kept[row.asset_sha256] = CLIP
    world.add(
        generation("gen_1", account="acct_1", state=State.HELD, held="request"),
        decision("dec_1", of="gen_1"),
        generation("gen_2", account="acct_1", state=State.RELEASED),
        decision("dec_2", of="gen_2", verdict="allow"),
        *(likeness(name, owner="acct_1", handle=name) for name in LIKENESSES),
        shows("gen_2"),
        row,
    )
    with world.database.transaction() as session:
        opened = cases.open_case(
            session, generation_id="gen_1", decision_id="dec_1", stage="request", overridable=True, now_ms=1
        )
    known: dict[str, list[Any]] = {
        "generation_id": ["gen_1", "gen_2"], "decision_id": ["dec_1", "dec_2"],
        "case_id": [opened.id], "release_id": [row.id], "likeness_id": LIKENESSES,
        "account_id": ["acct_1"], "sha256": [world.upload(headers["owner"], PNG)],
    }  # fmt: skip
    return Players(world, headers, known)


def operations(document: Mapping[str, Any], world: World | None = None) -> dict[str, Operation]:
    """The document's operations by name, to be called on `world`."""
    schema = schemathesis.openapi.from_dict(_without_locks(document))
    schema.config.generation.update(allow_x00=False)  # NUL is no text here: tests/api/test_errors.py
    schema.config.checks.negative_data_rejection.expected_statuses = REFUSALS
    schema.app = world.app if world else None
    found = (one for one in schema.get_all_operations() if isinstance(one, Ok))
    return {one.ok().label: one.ok() for one in found}


def _without_locks(document: Mapping[str, Any]) -> dict[str, Any]:
    """The keys are ours to choose: a request made wrong by leaving its key out would be put right by our own."""
    open_: dict[str, Any] = json.loads(json.dumps(document))
    del open_["components"]["securitySchemes"]
    for methods in open_["paths"].values():
        for operation in methods.values():
            del operation["security"]
    return open_


def _link(body: Any) -> Iterator[tuple[str, Any]]:
    """What a link to a file carries."""
    if isinstance(body, dict) and "url" in body:
        yield from parse_qsl(urlsplit(body["url"]).query)


def _named(node: Any) -> Iterator[tuple[str, Any]]:
    wanted = {*NAMED, *NAMED.values()}
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in wanted and isinstance(value, str | int) and value:
                yield name, value
            yield from _named(value)
