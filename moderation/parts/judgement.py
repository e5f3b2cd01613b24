"""The gate with everything that it asks, and the people who decide where it does not."""

from datetime import UTC, date, datetime
from functools import cached_property

from consent.likeness.registry import registry_version
from moderation.accounts.quota import QuotaLimits
from moderation.checks import output_checks, request_checks
from moderation.explaining.seek import EditFinder
from moderation.gate.gate import Gate
from moderation.gate.judge import Judge, Surroundings
from moderation.gate.runner import CheckRunner
from moderation.gate.subjects import AccountFacts, RequestSubject, WorkUse
from moderation.generation.facts import Limits
from moderation.generation.human import HumanDecisions
from moderation.generation.jobs import Judging
from moderation.likenesses.enrol import Enrolment
from moderation.media.limits import MediaLimits
from moderation.model_registry.errors import ModelDamaged, ModelMissing
from moderation.parts.senses import SenseParts
from moderation.store import now_ms
from policies.document import PolicyDocument
from policies.engine import PolicyContext, Ruling
from policies.lifecycle.trial import TextJudge, Trial, try_document

TRIED = "policy-test"
"""The account in whose name the texts of a document's tests are judged: an adult unless the test says otherwise."""


class JudgementParts(SenseParts):
    """What judges."""

    @cached_property
    def _runner(self) -> CheckRunner:
        runner = CheckRunner(timeout_s=self.settings.check_timeout_s, observer=self.metrics)
        self._opened.callback(runner.close)
        return runner

    @cached_property
    def gate(self) -> Gate:
        """The gate."""
        return Gate(
            request_checks=request_checks(self.profile, self.works, self.policy),
            output_checks=output_checks(self.profile, self.works, self.policy),
            policy=self.policy.panel,
            runner=self._runner,
            observer=self.metrics,
        )

    @cached_property
    def judge(self) -> Judge:
        """The gate asked directly."""
        return Judge(
            self.gate,
            self.perceiver,
            Surroundings(registry_version=self._registry_version, today=today, works=self._works_in),
        )

    def text_judge(self, document: PolicyDocument) -> TextJudge | None:
        """Rules on texts as requests under `document`, whichever policy is active; None where no text model is installed."""
        try:
            self.profile.text.get()
        except ModelDamaged:
            raise
        except ModelMissing:
            return None
        checks = request_checks(self.profile, self.works, lambda: document)
        gate = Gate(request_checks=checks, output_checks=(), policy=lambda: document, runner=self._runner)

        def judge(text: str, context: PolicyContext) -> Ruling:
            version, works = self._works_in(text, TRIED)
            account = AccountFacts(TRIED, under_18=not context.adult)
            subject = RequestSubject(
                account=account, prompt=text, works=works, today=today(), registry_version=version, feed=context.feed
            )  # fmt: skip
            return gate.judge_request(subject).ruling

        return judge

    def trials(self, document: PolicyDocument) -> tuple[Trial, ...]:
        """Run the tests that the document carries; the text model is loaded only where one is in words."""
        in_words = any(test.text for test in document.tests.values())
        return try_document(document, self.text_judge(document) if in_words else None)

    @cached_property
    def limits(self) -> Limits:
        """What one account may ask for."""
        settings = self.settings
        quota = QuotaLimits(account=settings.account_daily_quota, total=settings.total_daily_quota)
        return Limits(quota, settings.account_rate_per_minute)

    @cached_property
    def judging(self) -> Judging:
        """What the gate's jobs work with."""
        return Judging(self.database, self.gate, self.perceiver, self.assets, self.limits, self.works, today)

    @cached_property
    def edit_finder(self) -> EditFinder:
        """Looks for texts that would pass, with the same checks and policies; nobody counts what it judges as a judgement."""
        checks = request_checks(self.profile, self.works, self.policy)
        gate = Gate(request_checks=checks, output_checks=(), policy=self.policy.panel, runner=self._runner)
        return EditFinder(self.judging, gate)

    @cached_property
    def people(self) -> HumanDecisions:
        """Moderators' decisions."""
        return HumanDecisions(self.limits.quota)

    @cached_property
    def enrolment(self) -> Enrolment:
        """Enrolment of likenesses."""
        return Enrolment(
            database=self.database,
            assets=self.assets,
            faces=self.profile.faces,
            index=self.templates,
            ear=self.profile.voices,
            voice_index=self.voice_templates,
            vault=self.vault,
            limits=MediaLimits(),
        )

    def _registry_version(self) -> int:
        with self.database.read() as session:
            return registry_version(session)

    def _works_in(self, text: str, account_id: str) -> tuple[int, tuple[WorkUse, ...]]:
        with self.database.read() as session:
            version = registry_version(session)
            return version, self.works.find(
                session, text, account_id, now_ms=now_ms(session), version=version
            )


def today() -> date:
    """Today in UTC: by which day a public figure's seventy years are counted."""
    return datetime.now(UTC).date()
