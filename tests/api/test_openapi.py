"""The description of the interface is complete: examples, the error shape, who may call; and it survives a storm of input."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.accounts.models import Role
from tests.support.api import World


def _operations(world: World) -> list[tuple[str, str, dict[str, Any]]]:
    paths = world.app.openapi()["paths"]
    return [
        (method.upper(), path, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


def test_it_is_served_to_whoever_has_a_key(world: World) -> None:
    served = world.client.get("/v1/openapi.json", headers=world.key(Role.RIGHTS)).json()
    assert served["openapi"].startswith("3.1")
    assert served == json.loads(json.dumps(world.app.openapi()))


def test_no_interactive_pages_load_scripts_from_elsewhere(world: World) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert world.client.get(path).status_code == 404


def test_every_operation_has_a_summary_a_description_and_the_error_shape(world: World) -> None:
    for method, path, operation in _operations(world):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        for status in ("401", "404", "500"):
            assert operation["responses"][status] == {"$ref": f"#/components/responses/Problem{status}"}, (
                method,
                path,
            )
    shared = world.app.openapi()["components"]["responses"]["Problem404"]
    assert shared["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    problem = world.app.openapi()["components"]["schemas"]["Problem"]
    assert {"code", "field", "value", "remedy"} <= set(problem["properties"])


def test_every_operation_names_its_key_and_the_roles_that_open_it_except_the_open_ones(world: World) -> None:
    open_ = {("GET", "/health/live"), ("GET", "/v1/releases/{release_id}/file")}
    for method, path, operation in _operations(world):
        assert operation["security"] == ([] if (method, path) in open_ else [{"apiKey": []}]), (method, path)
        assert ("x-roles" in operation) is ((method, path) not in open_)
    assert world.app.openapi()["paths"]["/v1/keys/{key_id}"]["delete"]["x-roles"] == ["admin"]


def test_bodies_that_matter_come_with_examples(world: World) -> None:
    schemas = world.app.openapi()["components"]["schemas"]
    for name in ("GenerationIn", "JudgementIn", "EnrolIn", "GrantIn", "DecideIn", "AccountIn", "KeyIn"):
        assert schemas[name]["examples"], name


def test_every_answer_of_a_decision_has_id_and_verdict_on_top(world: World) -> None:
    schemas = world.app.openapi()["components"]["schemas"]
    for name in ("GenerationView", "DecisionView", "JudgementOut", "CaseDecisionView"):
        assert {"id", "verdict"} <= set(schemas[name]["required"]), name


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**66), 2**66) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [
        "prompt", "text", "id", "account_id", "references", "likenesses", "parameters", "remix_parent", "purpose",
        "handle", "portraits", "minor", "audience", "account_ids", "expires_ms", "uses_left", "scope", "claim_token",
        "outcome", "reason", "under_18", "name", "roles",
    ]
)  # fmt: skip
_PATH_PART = st.sampled_from(
    ["x", "%2e%2e", "a b", "ü", "%ff", "-1", "9" * 30, "lik_1", "'; DROP TABLE x; --"]
)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_input_makes_it_fall_over(world: World, all_roles: dict[str, str], data: st.DataObject) -> None:
    method, path, _ = data.draw(st.sampled_from(_operations(world)))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + data.draw(_PATH_PART) + rest.partition("}")[2]
    body = data.draw(st.one_of(_JSON, st.dictionaries(_FIELDS, _JSON, max_size=5)))
    query = data.draw(
        st.dictionaries(st.sampled_from(["limit", "after", "state", "token", "expires"]), _TEXT, max_size=3)
    )
    answer = world.client.request(method, path, params=query, json=body, headers=all_roles)
    assert answer.status_code < 500 or path == "/health", (method, path, body, answer.text)
    if answer.status_code >= 400 and path != "/health":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


@pytest.fixture
def all_roles(world: World) -> dict[str, str]:
    """A key that may do everything."""
    return world.key(*Role, account="acct_all")
