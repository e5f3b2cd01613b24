"""The gate: run the checks of a stage on a subject, ask the policy, and give a judgement with every revision pinned.

A judgement is pure of ids and times (DESIGN §5.5); `gate.decisions` turns it into the immutable record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moderation.gate.check import Check
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import LikenessUse, OutputSubject, RequestSubject, Subject
from policies.document import PolicyDocument
from policies.engine import PolicyContext, Ruling, flatten, rule
from policies.findings import CheckReport
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


class Gate:
    """Judges requests and outputs with one set of checks and the policy that is active at the moment of judging."""

    def __init__(
        self,
        *,
        request_checks: Sequence[Check[RequestSubject]],
        output_checks: Sequence[Check[OutputSubject]],
        policy: Callable[[], PolicyDocument],
        runner: CheckRunner,
    ) -> None:
        self._request_checks = tuple(request_checks)
        self._output_checks = tuple(output_checks)
        self._policy = policy
        self._runner = runner

    def judge_request(self, subject: RequestSubject) -> Judgement:
        """Judge a request before anything is generated."""
        document = self._policy()
        context = context_of(Stage.REQUEST, subject, subject.likenesses)
        reports = self._runner.run(self._request_checks, subject, blocks=_blocks(document, context))
        return conclude(document, context, reports, subject.registry_version)

    def judge_requests(self, subjects: Sequence[RequestSubject]) -> list[Judgement | None]:
        """As `judge_request` for each, with one hop to each check for all; None where a check did not come to it in time:
        judge it alone. Subjects of which nothing is said get one and the same judgement."""
        document = self._policy()
        rules = Rules(document, [context_of(Stage.REQUEST, one, one.likenesses) for one in subjects])
        found = self._runner.run_many(self._request_checks, subjects, blocks=rules.blocks)
        return [
            None if reports is None else rules.conclude(number, reports, subjects[number].registry_version)
            for number, reports in enumerate(found)
        ]

    def judge_output(self, subject: OutputSubject) -> Judgement:
        """Judge a finished clip before anyone sees it."""
        document = self._policy()
        context = context_of(Stage.OUTPUT, subject, subject.approved)
        reports = self._runner.run(self._output_checks, subject, blocks=_blocks(document, context))
        return conclude(document, context, reports, subject.registry_version)

    def with_report(self, judgement: Judgement, report: CheckReport) -> Judgement:
        """The judgement as it would be had `report` been among its reports: for a fact learned while committing."""
        reports = (*(known for known in judgement.reports if known.check != report.check), report)
        return conclude(self._policy(), judgement.context, reports, judgement.registry_version)

    def without_checks(self, stage: Stage, report: CheckReport) -> Judgement:
        """The judgement of a subject nobody could look at: one report says why."""
        context = PolicyContext(stage=stage, adult=True, feed=False, real_person=False, minor_present=False)
        return conclude(self._policy(), context, (report,), 0)

    def coverage(self) -> tuple[str, ...]:
        """Names of all checks of both stages."""
        requests = (check.name for check in self._request_checks)
        return (*requests, *(check.name for check in self._output_checks))


class Rules:
    """A document's rulings on a batch, each made once: most requests of a batch say the same, that is nothing.

    Which is the same is told by the reports' identity, so a ruling is remembered together with the reports it is about.
    """

    def __init__(self, document: PolicyDocument, contexts: Sequence[PolicyContext]) -> None:
        self._document, self._contexts = document, contexts
        self._made: dict[tuple[object, ...], tuple[Sequence[CheckReport], Ruling]] = {}
        self._judgements: dict[tuple[object, ...], Judgement] = {}

    def blocks(self, number: int, reports: Sequence[CheckReport]) -> bool:
        """Whether the reports so far on subject `number` are a block."""
        return self._ruling(number, reports).verdict is Verdict.BLOCK

    def conclude(self, number: int, reports: tuple[CheckReport, ...], registry_version: int) -> Judgement:
        """The judgement of subject `number`."""
        key = (self._contexts[number], registry_version, *map(id, reports))
        known = self._judgements.get(key)
        if known is None:
            ruling = self._ruling(number, reports)
            context = self._contexts[number]
            known = Judgement(context.stage, ruling, reports, context, self._document, registry_version)
            self._judgements[key] = known
        return known

    def _ruling(self, number: int, reports: Sequence[CheckReport]) -> Ruling:
        key = (self._contexts[number], *map(id, reports))
        known = self._made.get(key)
        if known is None:
            kept = tuple(reports)
            known = self._made[key] = kept, rule(self._document, kept, self._contexts[number])
        return known[1]


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
