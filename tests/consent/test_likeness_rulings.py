"""The decision whether an account may use a likeness, as a pure function of facts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.likeness.models import Audience
from consent.likeness.rulings import GrantFacts, LikenessFacts, UseRuling, rule_use

ANNA = LikenessFacts(
    id="likeness_1",
    handle="anna",
    owner_account_id="owner",
    state="active",
    revision=7,
    restrictions_revision=3,
    minor=False,
)
GRANT = GrantFacts(
    id="grant_1",
    audience=Audience.EVERYONE,
    account_ids=frozenset(),
    purposes=frozenset({"video"}),
    expires_ms=None,
    uses_left=None,
)


def ask(
    likeness: LikenessFacts | None,
    *grants: GrantFacts,
    account: str = "friend",
    mutual: bool = False,
    purpose: str = "video",
    now_ms: int = 1_000,
) -> UseRuling:
    return rule_use(
        likeness, grants, asked_for="@anna", account_id=account, mutual=mutual, purpose=purpose, now_ms=now_ms
    )


def test_nobody_may_use_a_likeness_without_a_grant() -> None:
    ruling = ask(ANNA)
    assert (ruling.permitted, ruling.code, ruling.revision) == (False, "likeness.not_granted", 7)


def test_the_owner_may_use_their_own_likeness_without_a_grant_and_for_any_purpose() -> None:
    ruling = ask(ANNA, account="owner", purpose="advert")
    assert ruling.permitted
    assert ruling.grant_id == ""


def test_a_grant_to_everyone_permits_and_is_named() -> None:
    ruling = ask(ANNA, GRANT)
    assert (ruling.permitted, ruling.code, ruling.grant_id, ruling.counted) == (True, "ok", "grant_1", False)


def test_an_unknown_likeness_is_refused_by_name() -> None:
    ruling = ask(None)
    assert (ruling.code, ruling.likeness_id, ruling.revision) == ("likeness.unknown", "", 0)
    assert "'@anna'" in ruling.sentence


@pytest.mark.parametrize(("state", "code"), [("revoked", "likeness.revoked"), ("erased", "likeness.erased")])
@pytest.mark.parametrize("account", ["owner", "friend"])
def test_a_revoked_or_erased_likeness_refuses_everyone_even_its_owner(
    state: str, code: str, account: str
) -> None:
    assert ask(replace(ANNA, state=state), GRANT, account=account).code == code


def test_a_state_this_version_does_not_know_is_no_permission() -> None:
    assert not ask(replace(ANNA, state="frozen"), GRANT, account="owner").permitted


def test_a_named_grant_is_for_the_named_account_alone() -> None:
    named = replace(GRANT, audience=Audience.NAMED, account_ids=frozenset({"friend"}))
    assert ask(ANNA, named).permitted
    assert ask(ANNA, named, account="stranger").code == "likeness.not_granted"


def test_a_grant_to_mutuals_is_for_mutuals_alone() -> None:
    mutuals = replace(GRANT, audience=Audience.MUTUALS)
    assert ask(ANNA, mutuals, mutual=True).permitted
    assert ask(ANNA, mutuals).code == "likeness.not_granted"


@pytest.mark.parametrize("audience", [Audience.ONLY_ME, "a_later_audience"])
def test_a_grant_for_the_owner_alone_or_of_unknown_kind_is_for_no_one_else(audience: str) -> None:
    assert ask(ANNA, replace(GRANT, audience=audience), mutual=True).code == "likeness.not_granted"


@pytest.mark.parametrize(
    ("now_ms", "code"), [(1_999, "ok"), (2_000, "likeness.expired"), (2_001, "likeness.expired")]
)
def test_a_grant_ends_at_the_very_millisecond_it_names(now_ms: int, code: str) -> None:
    assert ask(ANNA, replace(GRANT, expires_ms=2_000), now_ms=now_ms).code == code


def test_another_purpose_than_granted_is_refused_and_named() -> None:
    ruling = ask(ANNA, GRANT, purpose="advert")
    assert ruling.code == "likeness.purpose"
    assert "advert" in ruling.sentence


def test_a_grant_for_any_purpose_covers_every_purpose() -> None:
    assert ask(ANNA, replace(GRANT, purposes=frozenset({"any"})), purpose="advert").permitted


def test_a_grant_without_uses_left_is_used_up_unless_this_generation_holds_one() -> None:
    spent = replace(GRANT, uses_left=0)
    assert ask(ANNA, spent).code == "likeness.used_up"
    assert ask(ANNA, replace(spent, held=True)).permitted


def test_of_refusing_grants_the_one_that_came_nearest_names_the_reason() -> None:
    expired = replace(GRANT, id="grant_a", expires_ms=5)
    other_purpose = replace(GRANT, id="grant_b", purposes=frozenset({"advert"}))
    spent = replace(GRANT, id="grant_c", uses_left=0)
    assert ask(ANNA, expired, other_purpose).code == "likeness.purpose"
    assert ask(ANNA, spent, expired, other_purpose).code == "likeness.used_up"


def test_a_grant_without_a_count_is_used_before_a_counted_one() -> None:
    counted = replace(GRANT, id="grant_0", uses_left=5)
    assert ask(ANNA, counted, GRANT).grant_id == "grant_1"
    ruling = ask(ANNA, counted)
    assert (ruling.grant_id, ruling.counted) == ("grant_0", True)


def test_the_ruling_carries_what_a_decision_pins() -> None:
    ruling = ask(replace(ANNA, minor=True), GRANT)
    assert (ruling.likeness_id, ruling.handle, ruling.revision) == ("likeness_1", "anna", 7)
    assert (ruling.minor, ruling.restrictions_revision) == (True, 3)


grants = st.builds(
    GrantFacts,
    id=st.sampled_from(["a", "b", "c", "d"]),
    audience=st.sampled_from([*Audience, "unheard_of"]),
    account_ids=st.frozensets(st.sampled_from(["friend", "stranger"])),
    purposes=st.frozensets(st.sampled_from(["video", "advert", "any"])),
    expires_ms=st.none() | st.integers(0, 2_000),
    uses_left=st.none() | st.integers(0, 2),
    held=st.booleans(),
)


@given(given_grants=st.lists(grants, max_size=4, unique_by=lambda grant: grant.id), mutual=st.booleans())
def test_a_ruling_permits_exactly_when_some_grant_alone_would(
    given_grants: list[GrantFacts], mutual: bool
) -> None:
    together = ask(ANNA, *given_grants, mutual=mutual)
    alone = [ask(ANNA, grant, mutual=mutual) for grant in given_grants]
    assert together.permitted == any(ruling.permitted for ruling in alone)
    assert together.permitted == (together.code == "ok")
    assert together == ask(ANNA, *reversed(given_grants), mutual=mutual)


@given(given_grants=st.lists(grants, max_size=4), account=st.sampled_from(["owner", "friend"]))
def test_no_set_of_grants_opens_a_revoked_likeness(given_grants: list[GrantFacts], account: str) -> None:
    assert not ask(replace(ANNA, state="revoked"), *given_grants, account=account, mutual=True).permitted
