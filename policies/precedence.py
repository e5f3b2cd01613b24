"""Who has the last word: absolute rule > revocation or legal order > human decision > policy (DESIGN §5.9).

Nobody overrides upward: a moderator cannot lift an absolute rule or bring back what its owner revoked, and a policy,
however new, does not overturn a person's decision.
"""

from dataclasses import dataclass
from enum import StrEnum

from policies.rulings import Ruling
from policies.taxonomy import Verdict


class Authority(StrEnum):
    """Who decides, strongest first."""

    ABSOLUTE = "absolute"
    REVOCATION = "revocation"
    LEGAL_ORDER = "legal_order"
    HUMAN = "human"
    POLICY = "policy"

    @property
    def rank(self) -> int:
        """0 is the strongest. A revocation and a legal order are equals; the revocation is named first."""
        return list(Authority).index(self)


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict that stands, and by whose authority."""

    verdict: Verdict
    by: Authority


def standing(
    ruling: Ruling,
    *,
    human: Verdict | None,
    revoked: bool,
    legal_order: bool,
    absolute: bool = False,
) -> Standing:
    """What stands. Conditions, the first that holds decides:

    1. an absolute rule blocks, in this ruling or (`absolute`) in an earlier one of the same generation: block;
    2. `revoked`: a likeness in it was revoked or erased: block;
    3. `legal_order`: an order or a valid notice is in force: block;
    4. a person has decided (`human`; None if nobody has): as that person said, more strictly or less than the policy;
    5. otherwise the policy's verdict.
    """
    if absolute or ruling.absolute:
        return Standing(Verdict.BLOCK, Authority.ABSOLUTE)
    if revoked:
        return Standing(Verdict.BLOCK, Authority.REVOCATION)
    if legal_order:
        return Standing(Verdict.BLOCK, Authority.LEGAL_ORDER)
    if human is not None:
        return Standing(human, Authority.HUMAN)
    return Standing(ruling.verdict, Authority.POLICY)


def may_decide(authority: Authority, standing_now: Standing) -> bool:
    """Whether this authority may replace what stands: only as strong as what stands, or stronger."""
    return authority.rank <= standing_now.by.rank or {authority, standing_now.by} == {
        Authority.REVOCATION,
        Authority.LEGAL_ORDER,
    }
