"""The gate: run the checks of a stage on a subject, ask the policy, and give a judgement with every revision pinned.

A judgement is pure of ids and times (DESIGN §5.5); `gate.decisions` turns it into the immutable record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from moderation.gate.check import Check
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import LikenessUse, OutputSubject, RequestSubject, Subject
from policies.document import PolicyDocument
from policies.engine import PolicyContext, Ruling, flatten, rule
from policies.findings import CheckReport
from policies.lifecycle.panel import Panel
from policies.reasons import Statement, explain
from policies.taxonomy import Stage, Verdict
from policies.text.absolute import mentions_minor
from policies.text.normalise import normalise


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says of a subject: the ruling and all it rests on."""

    stage: Stage
    ruling: Ruling
    reports: tuple[CheckReport, ...]
    context: PolicyContext
    document: PolicyDocument
    registry_version: int
    shadows: tuple[Ruling, ...] = ()
    """What revisions in shadow would have ruled: recorded beside the decision, without effect and not part of its body."""

    @property
    def verdict(self) -> Verdict:
        """The policy's verdict."""
        return self.ruling.verdict

    @property
    def policy_revision(self) -> str:
        """The revision of the policy that ruled."""
        return self.document.revision

    @property
    def statement(self) -> Statement:
        """The statement of reasons: what the user and staff are told. It quotes nothing of the input."""
        return explain(self.document, self.ruling, flatten(self.reports), self.context)

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category that a fired rule names, in the policy's order."""
        return tuple(category.value for category in self.ruling.categories)

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The ids of the rules that block, each once, in the order of the ruling."""
        blocking = (fired.rule_id for fired in self.ruling.rules if fired.verdict is Verdict.BLOCK)
        return tuple(dict.fromkeys(blocking))


class ShadowObserver(Protocol):
    """Counts what shadows said."""

    def shadowed(self, revision: str, verdict: str, shadow_verdict: str) -> None:
        """A revision in shadow ruled beside the one that stands."""


class Gate:
    """Judges requests and outputs with one set of checks and the policies that rule and watch at the moment of judging.

    `policy` is asked once, before the first check of a judgement: what it gives holds to the end of it. A document alone rules on
    everybody; a panel says whom a rollout rules on, and who watches.
    """

    def __init__(
        self,
        *,
        request_checks: Sequence[Check[RequestSubject]],
        output_checks: Sequence[Check[OutputSubject]],
        policy: Callable[[], PolicyDocument | Panel],
        runner: CheckRunner,
        observer: ShadowObserver | None = None,
    ) -> None:
        self._request_checks = tuple(request_checks)
        self._output_checks = tuple(output_checks)
        self._policy = policy
        self._runner = runner
        self._observer = observer

    def judge_request(self, subject: RequestSubject) -> Judgement:
        """Judge a request before anything is generated."""
        panel = self._panel()
        document = panel.ruling_for(subject.account.account_id)
        context = context_of(Stage.REQUEST, subject, subject.likenesses)
        reports = self._runner.run(self._request_checks, subject, blocks=_blocks(document, context))
        return self._watched(panel, conclude(document, context, reports, subject.registry_version))

    def judge_requests(self, subjects: Sequence[RequestSubject]) -> list[Judgement | None]:
        """As `judge_request` for each, with one hop to each check for all; None where a check did not come to it in time:
        judge it alone. Subjects of which nothing is said get one and the same judgement."""
        panel = self._panel()
        rules = Rules(
            [panel.ruling_for(one.account.account_id) for one in subjects],
            [context_of(Stage.REQUEST, one, one.likenesses) for one in subjects],
            panel,
        )
        found = self._runner.run_many(self._request_checks, subjects, blocks=rules.blocks)
        judgements = [
            None if reports is None else rules.conclude(number, reports, subjects[number].registry_version)
            for number, reports in enumerate(found)
        ]
        for judgement in judgements:
            self._count(judgement)
        return judgements

    def judge_output(self, subject: OutputSubject) -> Judgement:
        """Judge a finished clip before anyone sees it."""
        panel = self._panel()
        document = panel.ruling_for(subject.account.account_id)
        context = context_of(Stage.OUTPUT, subject, subject.approved)
        reports = self._runner.run(self._output_checks, subject, blocks=_blocks(document, context))
        return self._watched(panel, conclude(document, context, reports, subject.registry_version))

    def with_report(self, judgement: Judgement, report: CheckReport) -> Judgement:
        """The judgement as it would be had `report` been among its reports: for a fact learned while committing. The same
        document rules; what shadows said of the other reports is no longer said."""
        reports = (*(known for known in judgement.reports if known.check != report.check), report)
        return conclude(judgement.document, judgement.context, reports, judgement.registry_version)

    def without_checks(self, stage: Stage, report: CheckReport) -> Judgement:
        """The judgement of a subject nobody could look at: one report says why."""
        context = PolicyContext(stage=stage, adult=True, feed=False, real_person=False, minor_present=False)
        return conclude(self._panel().active, context, (report,), 0)

    def coverage(self) -> tuple[str, ...]:
        """Names of all checks of both stages."""
        requests = (check.name for check in self._request_checks)
        return (*requests, *(check.name for check in self._output_checks))

    def _panel(self) -> Panel:
        policy = self._policy()
        return policy if isinstance(policy, Panel) else Panel(policy)

    def _watched(self, panel: Panel, judgement: Judgement) -> Judgement:
        watched = with_shadows(panel, judgement)
        self._count(watched)
        return watched

    def _count(self, judgement: Judgement | None) -> None:
        if judgement is not None and self._observer is not None:
            for ruling in judgement.shadows:
                self._observer.shadowed(ruling.policy, judgement.verdict.value, ruling.verdict.value)


class Rules:
    """The rulings on a batch, each made once: most requests of a batch say the same, that is nothing.

    `documents` rule on the subjects, one each. Which is the same is told by the reports' identity, so a ruling is remembered
    together with the reports it is about.
    """

    def __init__(
        self, documents: Sequence[PolicyDocument], contexts: Sequence[PolicyContext], panel: Panel
    ) -> None:
        self._documents, self._contexts, self._panel = documents, contexts, panel
        self._made: dict[tuple[object, ...], tuple[Sequence[CheckReport], Ruling]] = {}
        self._judgements: dict[tuple[object, ...], Judgement] = {}

    def blocks(self, number: int, reports: Sequence[CheckReport]) -> bool:
        """Whether the reports so far on subject `number` are a block."""
        return self._ruling(number, reports).verdict is Verdict.BLOCK

    def conclude(self, number: int, reports: tuple[CheckReport, ...], registry_version: int) -> Judgement:
        """The judgement of subject `number`."""
        document = self._documents[number]
        key = (document.revision, self._contexts[number], registry_version, *map(id, reports))
        known = self._judgements.get(key)
        if known is None:
            ruling = self._ruling(number, reports)
            context = self._contexts[number]
            known = Judgement(context.stage, ruling, reports, context, document, registry_version)
            known = self._judgements[key] = with_shadows(self._panel, known)
        return known

    def _ruling(self, number: int, reports: Sequence[CheckReport]) -> Ruling:
        document = self._documents[number]
        key = (document.revision, self._contexts[number], *map(id, reports))
        known = self._made.get(key)
        if known is None:
            kept = tuple(reports)
            known = self._made[key] = kept, rule(document, kept, self._contexts[number])
        return known[1]


def with_shadows(panel: Panel, judgement: Judgement) -> Judgement:
    """The judgement with what the panel's shadows say of the same reports."""
    if not panel.shadows:
        return judgement
    return replace(judgement, shadows=panel.watch(judgement.reports, judgement.context))


def conclude(
    document: PolicyDocument, context: PolicyContext, reports: Sequence[CheckReport], registry_version: int
) -> Judgement:
    """Let `document` rule on `reports`."""
    return Judgement(
        stage=context.stage,
        ruling=rule(document, tuple(reports), context),
        reports=tuple(reports),
        context=context,
        document=document,
        registry_version=registry_version,
    )


def context_of(stage: Stage, subject: Subject, likenesses: Sequence[LikenessUse]) -> PolicyContext:
    """The facts that make rules stricter: an under-18 account, the feed, a real person shown, a minor shown or spoken of."""
    return PolicyContext(
        stage=stage,
        adult=not subject.account.under_18,
        feed=subject.feed,
        real_person=bool(likenesses),
        minor_present=any(use.minor for use in likenesses) or mentions_minor(normalise(subject.prompt)),
    )


def _blocks(document: PolicyDocument, context: PolicyContext) -> Callable[[Sequence[CheckReport]], bool]:
    return lambda reports: rule(document, tuple(reports), context).verdict is Verdict.BLOCK
