"""Accounts and keys over HTTP."""

from typing import Any

import pytest

from moderation.accounts.models import Role
from tests.support.api import World, assert_problem


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    """An administrator's key."""
    return world.key(Role.ADMIN, account="acct_admin")


def _post(world: World, headers: dict[str, str], path: str, body: Any) -> Any:
    return world.client.post(f"/v1/{path}", json=body, headers=headers)


def test_from_account_to_key_to_request_and_out_again(world: World, admin: dict[str, str]) -> None:
    assert _post(world, admin, "accounts", {"id": "user-1", "under_18": False}).status_code == 201
    made = _post(world, admin, "accounts/user-1/keys", {"name": "phone", "roles": ["owner"]})
    assert made.status_code == 201
    user = {"Authorization": f"Bearer {made.json()['key']}"}
    assert world.client.get("/v1/me", headers=user).json() == {
        "account_id": "user-1", "key_id": made.json()["id"], "roles": ["owner"],
    }  # fmt: skip
    assert _post(world, user, "generations", {"prompt": "x"}).status_code == 202
    revoked = world.client.delete(f"/v1/keys/{made.json()['id']}", headers=admin)
    assert revoked.json()["revoked_ms"] > 0
    assert_problem(world.client.get("/v1/me", headers=user), 401, "auth.key_refused")


def test_a_key_is_shown_once_only(world: World, admin: dict[str, str]) -> None:
    _post(world, admin, "accounts", {"id": "user-1", "under_18": False})
    made = _post(world, admin, "accounts/user-1/keys", {"name": "phone", "roles": ["owner"]}).json()
    listed = world.client.get("/v1/accounts/user-1/keys", headers=admin)
    assert [key["id"] for key in listed.json()] == [made["id"]]
    assert made["key"].rpartition("_")[2] not in listed.text
    assert "sha256" not in listed.text


def test_use_of_a_key_is_noted(world: World, admin: dict[str, str]) -> None:
    [key] = world.client.get("/v1/accounts/acct_admin/keys", headers=admin).json()
    assert key["last_used_ms"] is not None


def test_a_pipeline_makes_accounts_but_no_keys(world: World) -> None:
    pipeline = world.key(Role.PIPELINE)
    made = _post(world, pipeline, "accounts", {"under_18": True})
    assert (made.json()["under_18"], made.json()["state"]) == (True, "active")
    answer = _post(world, pipeline, f"accounts/{made.json()['id']}/keys", {"name": "n", "roles": ["admin"]})
    assert_problem(answer, 403, "auth.role_missing")


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("accounts", {}, 422, "request.invalid", "under_18"),
        ("accounts", {"id": "a@b.c", "under_18": False}, 422, "account.id_invalid", "account_id"),
        ("accounts", {"id": "acct_admin", "under_18": False}, 409, "account.exists", "account_id"),
        ("accounts/nobody/keys", {"name": "n", "roles": ["owner"]}, 404, "account.unknown", "account_id"),
        ("accounts/acct_admin/keys", {"name": "n", "roles": []}, 422, "request.invalid", "roles"),
        ("accounts/acct_admin/keys", {"name": "n", "roles": ["king"]}, 422, "request.invalid", "roles.0"),
        ("accounts/nobody/suspend", {"reason": "r"}, 404, "account.unknown", "account_id"),
        ("accounts/acct_admin/suspend", {"reason": " "}, 422, "account.reason_missing", "reason"),
        ("accounts/acct_admin/lift", {"reason": "r"}, 409, "account.sanction_conflict", "account_id"),
    ],
)
def test_a_fault_is_named(
    world: World, admin: dict[str, str], path: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    assert assert_problem(_post(world, admin, path, body), status, code)["field"] == field


def test_suspending_and_lifting(world: World, admin: dict[str, str]) -> None:
    _post(world, admin, "accounts", {"id": "user-1", "under_18": True})
    placed = _post(world, admin, "accounts/user-1/suspend", {"reason": "spam"}).json()
    assert (placed["account_id"], placed["reason"], placed["placed_by"]) == ("user-1", "spam", "acct_admin")
    standing = world.client.get("/v1/accounts/user-1", headers=admin).json()
    assert standing == {"account_id": "user-1", "suspended": True, "under_18": True, "used_today": 0}
    lifted = _post(world, admin, "accounts/user-1/lift", {"reason": "a mistake"}).json()
    assert lifted["id"] == placed["id"]
    assert world.client.get("/v1/accounts/user-1", headers=admin).json()["suspended"] is False


def test_coming_of_age(world: World, admin: dict[str, str]) -> None:
    _post(world, admin, "accounts", {"id": "user-1", "under_18": True})
    assert _post(world, admin, "accounts/user-1/age", {"under_18": False}).json()["under_18"] is False


def test_an_unknown_key_is_a_404(world: World, admin: dict[str, str]) -> None:
    assert_problem(world.client.delete("/v1/keys/key_x", headers=admin), 404, "auth.key_unknown")
