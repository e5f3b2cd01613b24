"""Nobody comes in without a key, and nobody further than the key's roles: proven for every route there is."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from moderation.accounts.models import Role
from moderation.accounts.sanctions import suspend
from moderation.api.app import ROUTERS
from moderation.api.auth import Admin, Anyone, Guard, OpenDoor, PublicVerifyDoor
from moderation.api.context import make_router
from moderation.api.services import ApiLimits
from moderation.api.strict import GuardedRoute, find_guard
from moderation.store import Database
from tests.support.api import World, assert_problem, make_world

OPEN = {
    ("GET", "/health/live"),
    ("GET", "/v1/releases/{release_id}/file"),
    ("HEAD", "/v1/releases/{release_id}/file"),
}


def _routes() -> Iterator[tuple[str, APIRoute]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, GuardedRoute)
            for method in sorted(route.methods or ()):
                yield method, route


GUARDED = [
    pytest.param(method, route, id=f"{method} {route.path}")
    for method, route in _routes()
    if (method, route.path) not in OPEN
]


def _path(route: APIRoute) -> str:
    return route.path.replace("{sha256}", "0" * 64).replace("{", "").replace("}", "")


def test_only_liveness_and_links_that_prove_themselves_are_open() -> None:
    opened = {(method, route.path) for method, route in _routes() if isinstance(find_guard(route), OpenDoor)}
    assert opened == OPEN


def test_every_route_of_the_application_is_known_here(world: World) -> None:
    paths = world.app.openapi()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    listed = {(method, route.path) for method, route in _routes() if route.include_in_schema}
    assert described == listed
    assert len(listed) > 35


@pytest.mark.parametrize(("method", "route"), GUARDED)
def test_without_a_key_the_answer_is_401(world: World, method: str, route: APIRoute) -> None:
    answer = world.client.request(method, _path(route))
    assert_problem(answer, 401, "auth.key_refused")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "route"), GUARDED)
def test_with_every_role_but_the_right_ones_the_answer_is_403(
    world: World, method: str, route: APIRoute
) -> None:
    guard = find_guard(route)
    wrong = [role for role in Role if role not in guard.roles]
    if not wrong:
        assert guard.roles == set(Role)
        return
    answer = world.client.request(method, _path(route), headers=world.key(*wrong))
    body = assert_problem(answer, 403, "auth.role_missing")
    assert all(role.value in body["detail"] for role in guard.roles)


@pytest.mark.parametrize(("method", "route"), GUARDED)
def test_each_right_role_alone_gets_past_the_guard(world: World, method: str, route: APIRoute) -> None:
    for role in find_guard(route).roles:
        answer = world.client.request(method, _path(route), headers=world.key(role))
        assert answer.status_code not in {401, 500}, (role, answer.text)
        if answer.status_code == 403:
            assert answer.json()["code"] == "likeness.not_yours", (role, answer.text)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer sk_1_2",
        "Basic abc",
        "Bearer " + "x" * 10_000,
        "sk_" + "0" * 97,
        "Bearer \xff",
    ],
)
def test_what_is_no_key_is_refused_alike(world: World, header: str) -> None:
    answer = world.client.get("/v1/me", headers={b"Authorization": header.encode("latin-1")})
    body = assert_problem(answer, 401, "auth.key_refused")
    assert "value" not in body


def test_the_key_is_asked_for_before_the_body_is_read(world: World) -> None:
    read: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(3):
            read.append(number)
            yield b"x" * 1000

    answer = world.client.post("/v1/assets", content=body())
    assert_problem(answer, 401, "auth.key_refused")
    broken = world.client.post("/v1/generations", content=b"{", headers={"Content-Type": "application/json"})
    assert_problem(broken, 401, "auth.key_refused")


def test_who_am_i_tells_account_and_roles(world: World) -> None:
    answer = world.client.get("/v1/me", headers=world.key(Role.OWNER, Role.RIGHTS, account="acct_1"))
    assert answer.status_code == 200
    assert answer.json()["account_id"] == "acct_1"
    assert answer.json()["roles"] == ["owner", "rights"]


def test_suspension_takes_staff_roles_away_at_once(world: World) -> None:
    headers = world.key(Role.ADMIN, Role.OWNER, account="acct_1")
    assert world.client.get("/v1/accounts/acct_1", headers=headers).status_code == 200
    with world.database.transaction() as session:
        suspend(session, "acct_1", reason="r", actor="test", now_ms=1)
    assert_problem(world.client.get("/v1/accounts/acct_1", headers=headers), 403, "auth.role_missing")
    assert world.client.get("/v1/likenesses", headers=headers).status_code == 200


def test_a_route_without_a_guard_cannot_be_made() -> None:
    router = make_router("test")

    def unguarded() -> None:
        """Nobody said who may call it."""

    with pytest.raises(TypeError, match="has 0 guards"):
        router.get("/unguarded")(unguarded)


def test_a_route_with_two_guards_cannot_be_made() -> None:
    router = make_router("test")

    def twice(_one: Admin, _other: Anyone) -> None:
        """Who may call it?"""

    with pytest.raises(TypeError, match="has 2 guards"):
        router.get("/twice")(twice)


def test_a_plain_router_would_be_noticed() -> None:
    assert all(isinstance(router, APIRouter) and router.route_class is GuardedRoute for router in ROUTERS)


def test_verifying_is_closed_unless_the_operator_opened_it(sqlite_database: Database) -> None:
    guards = [find_guard(route) for _, route in _routes() if route.path == "/v1/verify"]
    assert [type(guard) for guard in guards] == [PublicVerifyDoor]
    world = make_world(sqlite_database, limits=ApiLimits(verify_public=True))
    with world.client:
        answer = world.client.post("/v1/verify", files={"file": ("a.mp4", b"1234")})
    assert answer.json() == {"answer": "unknown", "reasons": []}
    world.services.health.close()


def test_a_guard_without_roles_lets_nobody_in(world: World) -> None:
    assert Guard().roles == frozenset()
