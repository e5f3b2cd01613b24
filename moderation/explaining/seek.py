"""Looking for the nearest text that would pass: proposals are judged by the gate as this request sent again, and the first is
offered.

On demand only, one decision at a time: no job of the gate comes here. What is offered was allowed by every check just now,
with room to spare; nothing else is.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from moderation.explaining.generic import generic
from moderation.explaining.told import Told
from moderation.gate.gate import Gate, Judgement
from moderation.gate.subjects import RequestSubject
from moderation.generation.facts import gather
from moderation.generation.jobs import Judging
from moderation.observability.logs import describe_failure, get_logger
from moderation.store import now_ms
from policies.edits.candidates import Edit, candidates
from policies.edits.clearance import passes_clearly
from policies.edits.faults import Withheld, age_matters, faults_of
from policies.engine import flatten
from policies.reasons import may_suggest
from policies.taxonomy import Stage, Verdict
from policies.text.readings import readings

MOST_JUDGED = 12
AT_ONCE = 4
"""Proposals judged together: the nearest four first, the others only where none of them passes."""
PATIENCE_S = 3.0
"""No further round begins after this. A round takes as long as four prompts."""
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that the gate allowed under `policy` when it was asked just now; `edit` says what was changed."""

    edit: Edit
    policy: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of looking: a suggestion, or why there is none; `judged` is how many proposals the gate judged."""

    suggestion: Suggestion | None
    withheld: Withheld | None
    judged: int = 0


Seek = Callable[[Told], Sought]


def not_sought(_told: Told) -> Sought:
    """Nobody looks."""
    return Sought(None, Withheld.NOT_ASKED)


class EditFinder:
    """Finds the nearest edit that passes. Safe to share between threads; answers within a few seconds."""

    def __init__(self, judging: Judging, gate: Gate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._judging = judging
        self._gate = gate
        self._clock = clock

    def __call__(self, told: Told) -> Sought:
        """What came of it. A gate that cannot judge is no error here: then nothing is offered."""
        withheld = withheld_from(told)
        if withheld is not None:
            return Sought(None, withheld)
        proposals = proposals_for(told)
        if not proposals:
            return Sought(None, Withheld.NONE_PASSED)
        try:
            return self._first_that_passes(told, proposals)
        except Exception as error:
            _log.warning("edit.not_judged", decision=told.decision.id, **describe_failure(error))
            return Sought(None, Withheld.COULD_NOT_JUDGE)

    def _first_that_passes(self, told: Told, proposals: Sequence[Edit]) -> Sought:
        until = self._clock() + PATIENCE_S
        subject = self._again(told)
        judged = 0
        for some in _rounds(proposals[:MOST_JUDGED]):
            if self._clock() > until:
                return Sought(None, Withheld.OUT_OF_TIME, judged)
            answers = self._gate.judge_requests([self._with(subject, edit) for edit in some])
            judged += len(some)
            for edit, answer in zip(some, answers, strict=True):
                if answer is not None and _passes(told, answer):
                    return Sought(Suggestion(edit, answer.policy_revision), None, judged)
        return Sought(None, Withheld.NONE_PASSED, judged)

    def _again(self, told: Told) -> RequestSubject:
        """The request as it would be judged if it were sent again now; its text is replaced before anybody judges it."""
        with self._judging.database.read() as session:
            facts = gather(session, told.request, rate=0, limits=self._judging.limits, now_ms=now_ms(session))
        return self._judging.subject(told.request, facts, ())

    def _with(self, subject: RequestSubject, edit: Edit) -> RequestSubject:
        with self._judging.database.read() as session:
            works = self._judging.works.find(
                session, edit.text, subject.account.account_id, now_ms=now_ms(session),
                version=subject.registry_version,
            )  # fmt: skip
        return replace(subject, prompt=edit.text, works=works)


def withheld_from(told: Told) -> Withheld | None:
    """Why no changed text may be looked for; None where one may. Conditions, besides those of `may_suggest`:

    - a machine decided, on a request, under a document that can still be read;
    - the text hid nothing: whoever disguises words is not helped with wording.
    """
    asked = (
        (told.decision.verdict == Verdict.ALLOW.value, Withheld.NOTHING_TO_CHANGE),
        (told.by_person, Withheld.A_PERSON_DECIDED),
        (told.stage is not Stage.REQUEST, Withheld.NOT_A_REQUEST),
        (told.document is None or told.recorded.context is None, Withheld.COULD_NOT_JUDGE),
    )
    return next((why for holds, why in asked if holds), None) or _withheld_from_these_words(told)


def _withheld_from_these_words(told: Told) -> Withheld | None:
    recorded, document = told.recorded, told.document
    assert document is not None
    assert recorded.context is not None
    if not may_suggest(document, recorded.ruling, recorded.findings, recorded.context):
        return Withheld.KEPT_BACK
    if len(readings(told.request.prompt)) > 1:
        return Withheld.DISGUISED
    if faults_of(recorded.ruling, recorded.findings, "prompt", generic) is None:
        return Withheld.NOT_THESE_WORDS
    return None


def proposals_for(told: Told) -> tuple[Edit, ...]:
    """Changed texts, nearest first, that nobody judged yet."""
    recorded = told.recorded
    faults = faults_of(recorded.ruling, recorded.findings, "prompt", generic) or ()
    ages = recorded.context is not None and age_matters(recorded.ruling, recorded.context)
    return candidates(told.request.prompt, faults, ages=ages, most=MOST_JUDGED)


def _passes(told: Told, answer: Judgement) -> bool:
    return passes_clearly(
        answer.document, answer.ruling, flatten(answer.reports), told.recorded.ruling.categories
    )


def _rounds(proposals: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    for start in range(0, len(proposals), AT_ONCE):
        yield proposals[start : start + AT_ONCE]
