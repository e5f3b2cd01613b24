"""Absolute rule > revocation or legal order > human decision > policy."""

from itertools import product

import pytest

from policies.precedence import Authority, Standing, may_decide, standing
from policies.rulings import RuleFired, Ruling
from policies.taxonomy import Category, Verdict


def ruling(verdict: Verdict, *, absolute: bool = False) -> Ruling:
    fired = RuleFired("absolute:minors", Category.MINORS, Verdict.BLOCK, 0, None, "minors", absolute=True)
    return Ruling(verdict, None, "sha256:0", rules=(fired,) if absolute else ())


@pytest.mark.parametrize("verdict", Verdict)
def test_without_anyone_else_the_policy_stands(verdict: Verdict) -> None:
    stands = standing(ruling(verdict), human=None, revoked=False, legal_order=False)
    assert stands == Standing(verdict, Authority.POLICY)


@pytest.mark.parametrize(("policy", "human"), [*product(Verdict, Verdict)])
def test_a_person_outranks_the_policy_in_both_directions(policy: Verdict, human: Verdict) -> None:
    stands = standing(ruling(policy), human=human, revoked=False, legal_order=False)
    assert stands == Standing(human, Authority.HUMAN)


@pytest.mark.parametrize("human", [None, *Verdict])
def test_nobody_brings_back_what_was_revoked(human: Verdict | None) -> None:
    stands = standing(ruling(Verdict.ALLOW), human=human, revoked=True, legal_order=False)
    assert stands == Standing(Verdict.BLOCK, Authority.REVOCATION)


@pytest.mark.parametrize("human", [None, *Verdict])
def test_a_legal_order_outranks_a_person(human: Verdict | None) -> None:
    stands = standing(ruling(Verdict.ALLOW), human=human, revoked=False, legal_order=True)
    assert stands == Standing(Verdict.BLOCK, Authority.LEGAL_ORDER)


@pytest.mark.parametrize(
    ("human", "revoked", "order"), [*product([None, *Verdict], [True, False], [True, False])]
)
def test_an_absolute_rule_outranks_everyone(human: Verdict | None, revoked: bool, order: bool) -> None:
    stands = standing(ruling(Verdict.BLOCK, absolute=True), human=human, revoked=revoked, legal_order=order)
    assert stands == Standing(Verdict.BLOCK, Authority.ABSOLUTE)


def test_an_absolute_block_of_an_earlier_stage_still_stands() -> None:
    stands = standing(
        ruling(Verdict.ALLOW), human=Verdict.ALLOW, revoked=False, legal_order=False, absolute=True
    )
    assert stands == Standing(Verdict.BLOCK, Authority.ABSOLUTE)


def test_a_person_may_overrule_the_policy_and_another_person_but_nothing_above() -> None:
    allowed = {by for by in Authority if may_decide(Authority.HUMAN, Standing(Verdict.BLOCK, by))}
    assert allowed == {Authority.HUMAN, Authority.POLICY}


def test_a_new_policy_overrules_only_a_policy() -> None:
    allowed = {by for by in Authority if may_decide(Authority.POLICY, Standing(Verdict.ALLOW, by))}
    assert allowed == {Authority.POLICY}


def test_a_legal_order_and_a_revocation_are_equals() -> None:
    for authority in (Authority.LEGAL_ORDER, Authority.REVOCATION):
        allowed = {by for by in Authority if may_decide(authority, Standing(Verdict.BLOCK, by))}
        assert allowed == set(Authority) - {Authority.ABSOLUTE}
