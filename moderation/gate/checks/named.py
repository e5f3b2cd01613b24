"""Who and what the prompt names: public figures from the list, protected works from the registry."""

from collections.abc import Sequence

from consent.public_figures.names import FigureMatcher, FigureMention
from consent.public_figures.standing import Standing
from moderation.gate.check import CouldNotJudge
from moderation.gate.checks.text import SHORT_PROMPT
from moderation.gate.lazy import Lazy
from moderation.gate.subjects import RequestSubject, WorkUse
from policies.findings import Finding, TextSpan
from policies.taxonomy import Category

WORKS_REVISION = "2"
_SIGNALS = {
    Standing.LIVING: "figure.living",
    Standing.RECENTLY_DEAD: "figure.recently_dead",
    Standing.UNKNOWN: "figure.unknown_status",
    Standing.ROLE: "figure.unknown_status",
}
_NEEDS_LICENCE = frozenset({"shown", "logo"})


class FiguresCheck:
    """Public figures who would be shown or heard. Those dead for over seventy years, and names merely mentioned, are no
    finding; a living artist's style is a matter of works."""

    name = "prompt.figures"
    tier = 1

    def __init__(self, matcher: Lazy[FigureMatcher]) -> None:
        self._matcher = matcher

    @property
    def revision(self) -> str:
        """The list's digest and the rules' version; `missing` while the list cannot be read."""
        try:
            return self._matcher.get().revision
        except Exception:
            return "missing"

    def idle(self, subject: RequestSubject) -> bool:
        """Whether the prompt is read in a quarter of a millisecond."""
        return len(subject.prompt) <= SHORT_PROMPT

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`figure.living`, `figure.recently_dead`, `figure.unknown_status`; `work.named` for a living artist's style."""
        mentions = self._matcher.get().find(subject.prompt, subject.today)
        return [finding for mention in mentions if (finding := self._finding(mention)) is not None]

    def _finding(self, mention: FigureMention) -> Finding | None:
        where = TextSpan("prompt", mention.start, mention.end)
        if mention.use == "style":
            if mention.standing is not Standing.LIVING:
                return None
            style = f"the style of {mention.name}"
            return Finding(Category.WORKS, "work.named", 1.0, where, self.name, self.revision, style)
        signal = _SIGNALS.get(mention.standing)
        if signal is None:
            return None
        matched = f"{mention.name} ({mention.how})"
        return Finding(Category.PUBLIC_FIGURE, signal, 1.0, where, self.name, self.revision, matched)


class WorksCheck:
    """Works named in the prompt, with what the registry says for this account."""

    name = "prompt.works"
    tier = 1
    instant = True

    def __init__(self, revision: str) -> None:
        self.revision = f"{WORKS_REVISION}+{revision}"

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`work.opted_out`; `work.unlicensed` for a work that would be shown; `work.named` for a style, setting or theme. While
        a change of rights is parked, nobody knows which works there are."""
        findings = [self._finding(use) for use in subject.works if use.standing != "licensed"]
        if subject.rights_parked and not findings:
            raise CouldNotJudge("registry.parked_change", "replay it: safeconduct dlq replay")
        return findings

    def _finding(self, use: WorkUse) -> Finding:
        where = TextSpan("prompt", use.start, use.end)
        return Finding(
            Category.WORKS, work_signal(use.standing, use.use), 1.0, where, self.name, self.revision, use.name
        )


def work_signal(standing: str, use: str) -> str:
    """POLICY.md, row `works`: shown, or a logo filling the frame, needs a licence; a style, a setting or a theme is for a person
    to judge, unless the rights-holder refused it all. A mere resemblance is for a person even then."""
    if standing == "opted_out" and use != "resembled":
        return "work.opted_out"
    return "work.unlicensed" if use in _NEEDS_LICENCE else "work.named"
