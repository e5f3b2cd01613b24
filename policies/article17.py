"""The statement of reasons that Regulation (EU) 2022/2065 (DSA), article 17(3), owes the person concerned, letter by letter.

It is made for that person: it may quote their own words, and it holds no score, threshold, pattern, list entry or name of another
person. The row for the transparency database is another thing (`policies.dsa`): that one quotes nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from policies.canonical import Plain
from policies.clauses import ReasonClause
from policies.dsa import ILLEGAL
from policies.rulings import Ruling
from policies.taxonomy import Stage, Verdict

_RESTRICTIONS = {
    (Stage.REQUEST, Verdict.BLOCK): "The video is not made.",
    (Stage.REQUEST, Verdict.REVIEW): "The video is not made before a person has decided.",
    (Stage.OUTPUT, Verdict.BLOCK): "The video that was made is not delivered.",
    (Stage.OUTPUT, Verdict.REVIEW): "The video that was made is not delivered before a person has decided.",
    (Stage.PUBLISH, Verdict.BLOCK): "The video is not shown in the public feed.",
    (Stage.PUBLISH, Verdict.REVIEW): "The video is not shown in the public feed before a person has decided.",
}
_SUBJECTS = {
    Stage.REQUEST: "your request",
    Stage.OUTPUT: "the video made for your request",
    Stage.PUBLISH: "the video to be published",
}
REDRESS = (
    "You can complain to the service where you asked for the video, free of charge, within six months of this decision; a person "
    "decides on the complaint (article 20).",
    "You can take the matter to a certified out-of-court dispute settlement body (article 21).",
    "You can go to court.",
)


@dataclass(frozen=True, slots=True)
class StatementOfReasons:
    """Each field by the letter of article 17(3) that asks for it.

    (a) `restriction`, `territory`, `duration`; (b) `facts`, `source`; (c) `automated_detection`, `automated_decision`; (d)
    `legal_ground`, empty unless the content is held to be illegal; (e) `terms`, empty where it is; `explanation` of either;
    (f) `redress`.
    """

    restriction: str
    territory: str
    duration: str
    facts: str
    source: str
    automated_detection: bool
    automated_decision: bool
    legal_ground: str
    terms: str
    explanation: str
    redress: tuple[str, ...] = REDRESS

    def to_plain(self) -> dict[str, Plain]:
        """As JSON, every field named."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


def statement_of_reasons(
    clause: ReasonClause, ruling: Ruling, stage: Stage, places: Sequence[str], *, person: str | None = None
) -> StatementOfReasons | None:
    """The statement on a ruling that holds or refuses; None for an allow.

    `clause` is the deciding rule's reason, `places` name where (they may quote the person's own words), `person` is what
    somebody who decided wrote, None where a machine did.
    """
    if ruling.verdict is Verdict.ALLOW:
        return None
    illegal = clause.dsa is not None and clause.dsa.ground == ILLEGAL
    about = ruling.category.value.replace("_", " ") if ruling.category else ""
    held = ruling.verdict is Verdict.REVIEW
    return StatementOfReasons(
        restriction=_RESTRICTIONS[stage, ruling.verdict],
        territory="Everywhere.",
        duration="Until a person has decided." if held else "For this request; your account stays as it is.",
        facts=_facts(ruling, stage, about, places, person),
        source="The service looked on its own initiative; nobody reported it.",
        automated_detection=True,
        automated_decision=person is None and not held,
        legal_ground=clause.dsa.legal_ground if illegal and clause.dsa else "",
        terms="" if illegal else f"Content policy{f', {about}' if about else ''}, revision {ruling.policy}.",
        explanation=person or clause.user,
    )


def _facts(ruling: Ruling, stage: Stage, about: str, places: Sequence[str], person: str | None) -> str:
    who = "A person looked at" if person is not None else "Automated checks looked at"
    found = f" and found {about}" if about else ""
    where = f" in {'; '.join(places)}" if places else ""
    deciding = ruling.deciding
    rule = f" Rule: {deciding.rule_id}." if deciding else ""
    return f"{who} {_SUBJECTS[stage]}{found}{where}.{rule}"
