"""May this account ask at all: suspended, too fast, or out of quota? The counts are recorded inputs of the decision."""

from collections.abc import Sequence

from moderation.gate.subjects import RequestSubject
from policies.findings import CheckReport, CheckStatus, Finding, WholeField

REVISION = "1"


class AccountCheck:
    """Facts about the requester; no content is looked at."""

    name = "request.account"
    tier = 0
    instant = True
    revision = REVISION

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`account.suspended`; `account.rate_limited` above the rate; `account.quota_exhausted` when none is left."""
        account = subject.account
        signals = []
        if account.suspended:
            signals.append("account.suspended")
        if account.rate_limit and account.requests_last_minute > account.rate_limit:
            signals.append("account.rate_limited")
        if account.quota_limit and account.quota_used >= account.quota_limit:
            signals.append("account.quota_exhausted")
        return [account_finding(signal) for signal in signals]


def account_finding(signal: str) -> Finding:
    """A fact about the account as a finding."""
    return Finding(None, signal, 1.0, WholeField("account"), AccountCheck.name, REVISION)


def quota_exhausted_report() -> CheckReport:
    """What is reported when the last of the quota went to another request between judging and committing."""
    return CheckReport(
        AccountCheck.name,
        AccountCheck.tier,
        CheckStatus.JUDGED,
        REVISION,
        (account_finding("account.quota_exhausted"),),
    )
