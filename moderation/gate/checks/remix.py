"""A remix and what it remixes, judged as one: steps that are each harmless can add up to what no single prompt says.

The finished clip shows all of it, so the prompts of the chain are read in order as one text, by the absolute rules and by the
classifier. Each of them has been judged alone when it was asked for; only what they say together is a finding here.
"""

from collections.abc import Sequence
from dataclasses import replace

from moderation.gate.checks.text import TextModel, strongest_per_category
from moderation.gate.checks.together import said_together
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import RequestSubject
from policies.findings import Finding, TextSpan, WholeField
from policies.text.absolute import REVISION as ABSOLUTE_REVISION
from policies.text.absolute import absolute_findings
from policies.text.normalise import normalise

CHAIN_FIELD = "remix_parent"


class RemixMinorsCheck:
    """The absolute rules on the whole chain, in the first tier."""

    name = "remix.minors"
    tier = 0
    revision = ABSOLUTE_REVISION

    def idle(self, subject: RequestSubject) -> bool:
        """Whether nothing was remixed."""
        return not subject.remix_prompts

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`text.absolute`, in the prompt where it is said there, else in the video that is remixed."""
        if not subject.remix_prompts:
            return []
        found = absolute_findings(normalise(chain_of(subject)), "prompt")
        return [replace(placed(finding, subject), check=self.name) for finding in found]


class RemixTextCheck:
    """The classifier on the whole chain, beside its findings on each prompt."""

    name = "remix.text"
    tier = 1

    def __init__(self, model: Lazy[TextModel], revision: str) -> None:
        self._model = model
        self.revision = revision

    def idle(self, subject: RequestSubject) -> bool:
        """Whether nothing was remixed."""
        return not subject.remix_prompts

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`joint.text` for each category that the chain says and no prompt of it alone. Raises `CouldNotJudge` where each
        prompt can be read and the chain cannot."""
        if not subject.remix_prompts:
            return []
        prompts = (*subject.remix_prompts, subject.prompt)
        found = said_together(
            self._model.get(),
            [prompt for prompt in prompts if prompt.strip()],
            [chain_of(subject)],
            check=self.name,
            detail=subject.remix_parent,
        )
        return strongest_per_category([placed(finding, subject) for finding in found])


def chain_of(subject: RequestSubject) -> str:
    """The prompts in the order in which they were asked for, one below the other."""
    return "\n".join((*subject.remix_prompts, subject.prompt))


def placed(finding: Finding, subject: RequestSubject) -> Finding:
    """The finding where the requester can change it: the part of its span that lies in this prompt, else the video remixed."""
    before = len(chain_of(subject)) - len(subject.prompt)
    span = finding.where
    if isinstance(span, TextSpan) and span.end > before:
        return replace(finding, where=TextSpan(span.field, max(0, span.start - before), span.end - before))
    return replace(finding, where=WholeField(CHAIN_FIELD))
