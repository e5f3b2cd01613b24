"""Who asks, whom they may show, and what they remix: facts read beforehand, turned into findings."""

from dataclasses import replace

import pytest

from moderation.gate.check import Uncovered
from moderation.gate.checks.account import AccountCheck, quota_exhausted_report
from moderation.gate.checks.likenesses import LikenessCheck, RemixCheck
from moderation.gate.checks.uncovered import UncoveredCheck
from moderation.gate.subjects import AccountFacts, LikenessUse
from policies.findings import WholeField
from policies.taxonomy import Category, Verdict
from tests.support.subjects import ACCOUNT, ADA, gate, request

REFUSALS = ["unknown", "not_granted", "expired", "purpose", "used_up", "revoked", "erased"]


def account_signals(**facts: object) -> list[str]:
    """What the check says of an account with these facts."""
    account = replace(ACCOUNT, **facts)  # type: ignore[arg-type]  # fields by name
    return [finding.signal for finding in AccountCheck().examine(request(account=account))]


def test_an_account_in_good_standing_is_no_finding() -> None:
    assert account_signals(requests_last_minute=30, quota_used=9) == []


@pytest.mark.parametrize(
    ("facts", "signal"),
    [
        ({"suspended": True}, "account.suspended"),
        ({"requests_last_minute": 31}, "account.rate_limited"),
        ({"quota_used": 10}, "account.quota_exhausted"),
        ({"quota_used": 11}, "account.quota_exhausted"),
    ],
)
def test_an_account_that_may_not_ask_is_blocked_and_no_category_is_named(
    facts: dict[str, object], signal: str
) -> None:
    assert account_signals(**facts) == [signal]
    account = replace(ACCOUNT, **facts)  # type: ignore[arg-type]  # fields by name
    judgement = gate(requests=[AccountCheck()]).judge_request(request(account=account))
    assert (judgement.verdict, judgement.ruling.category) == (Verdict.BLOCK, None)


def test_a_limit_of_zero_means_no_limit_was_given() -> None:
    account = AccountFacts("acct_1", requests_last_minute=10_000, quota_used=10_000)
    assert AccountCheck().examine(request(account=account)) == []


def test_all_that_is_wrong_with_an_account_is_said_at_once() -> None:
    signals = account_signals(suspended=True, requests_last_minute=99, quota_used=99)
    assert signals == ["account.suspended", "account.rate_limited", "account.quota_exhausted"]


def test_a_quota_lost_while_committing_reads_as_the_check_would_have_said_it() -> None:
    account = replace(ACCOUNT, quota_used=10)
    [report] = gate(requests=[AccountCheck()]).judge_request(request(account=account)).reports
    assert quota_exhausted_report() == report


@pytest.mark.parametrize("code", REFUSALS)
def test_a_likeness_that_may_not_be_used_is_refused_where_it_was_asked_for(code: str) -> None:
    refused = LikenessUse("@bo", f"likeness.{code}", likeness_id="lik_bo")
    judgement = gate(requests=[LikenessCheck()]).judge_request(request(likenesses=(ADA, refused)))
    [finding] = judgement.reports[0].findings
    assert (judgement.verdict, judgement.ruling.category) == (Verdict.BLOCK, Category.PRIVATE_PERSON)
    assert (finding.signal, finding.where, finding.matched) == (
        f"likeness.{code}",
        WholeField("likenesses[1]"),
        "@bo",
    )


def test_likenesses_with_consent_are_no_finding() -> None:
    assert LikenessCheck().examine(request(likenesses=(ADA,))) == []


@pytest.mark.parametrize(("parent", "state"), [("", ""), ("gen_1", "released")])
def test_no_remix_or_one_of_a_released_video_is_no_finding(parent: str, state: str) -> None:
    assert RemixCheck().examine(request(remix_parent=parent, remix_parent_state=state)) == []


@pytest.mark.parametrize("state", ["withdrawn", "refused", "held", "approved", "unknown", ""])
def test_a_remix_of_anything_else_is_not_allowed(state: str) -> None:
    subject = request(remix_parent="gen_1", remix_parent_state=state)
    judgement = gate(requests=[RemixCheck()]).judge_request(subject)
    assert judgement.verdict is not Verdict.ALLOW
    assert judgement.reports[0].findings[0].matched == (state or "unknown")


def test_an_aspect_without_a_model_says_so_under_its_own_name() -> None:
    check = UncoveredCheck("gore")
    assert (check.name, check.tier, check.revision) == ("gore", 0, "none")
    with pytest.raises(Uncovered, match="gore"):
        check.examine(request())
