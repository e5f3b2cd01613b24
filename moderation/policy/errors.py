"""What keeps a policy from going a step further, each with the way out."""

from moderation.errors import Kind, ServiceError


class PolicyUnknown(ServiceError):
    """No revision is stored under this name, or several begin like it."""

    code = "policy.unknown"
    kind = Kind.NOT_FOUND


class PolicyStepRefused(ServiceError):
    """A revision cannot take this step from where it stands."""

    code = "policy.step"
    kind = Kind.CONFLICT


class PolicyMoved(ServiceError):
    """The revision took another step after it was looked at."""

    code = "policy.moved"
    kind = Kind.CONFLICT


class BacktestTooLong(ServiceError):
    """More decisions are on record than one request may rule on."""

    code = "policy.backtest_too_long"
    kind = Kind.TOO_LARGE


class PolicyReasonMissing(ServiceError):
    """A change of what rules needs a reason in words."""

    code = "policy.reason"
    kind = Kind.INVALID


class PolicyTestsFailed(ServiceError):
    """A test inside the document does not pass."""

    code = "policy.tests_failed"
    kind = Kind.CONFLICT


class PolicyNotBacktested(ServiceError):
    """Nobody looked what the revision would change on recorded decisions."""

    code = "policy.not_backtested"
    kind = Kind.CONFLICT


class NothingToRollBack(ServiceError):
    """No rollout is in progress, and no revision ruled before the active one."""

    code = "policy.no_previous"
    kind = Kind.CONFLICT
