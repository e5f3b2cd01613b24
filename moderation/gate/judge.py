"""The gate asked directly, about a text or a file, without making a generation of it: the API, the command line and backtests.

Nothing is recorded and no clock or id enters the answer, so the same item under the same revisions gets the same answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from moderation.errors import Kind, ServiceError
from moderation.gate.decisions import body_of, reasons_of, revisions_of
from moderation.gate.gate import Gate, Judgement
from moderation.gate.perceiver import Perceiver
from moderation.gate.subjects import AccountFacts, LikenessUse, OutputSubject, RequestSubject, WorkUse
from policies.engine import flatten
from policies.records import finding_to_plain, ruling_to_plain

As = Literal["request", "reference", "output"]
MAX_TEXT = 20_000
"""Characters: as many as a request may have. A longer text costs minutes to judge and nothing could be made of it."""


class NothingToJudge(ServiceError):
    """The item has neither text nor media."""

    code = "judge.empty"
    kind = Kind.INVALID


class TextTooLongToJudge(ServiceError):
    """The text is longer than anything a generator takes."""

    code = "judge.text_too_long"
    kind = Kind.TOO_LARGE


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be judged. `treat_as`: a text is a request; a file is an `output` unless it is said to be a `reference`."""

    id: str
    text: str = ""
    media: Path | None = None
    references: tuple[Path, ...] = ()
    treat_as: As = "request"
    account: AccountFacts = field(default_factory=lambda: AccountFacts("anonymous"))
    likenesses: tuple[LikenessUse, ...] = ()
    purpose: str = "video"
    feed: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true around a judgement: the registry's version, today's date, and the works that a text names for an account, with
    the version at which they were read."""

    registry_version: Callable[[], int]
    today: Callable[[], date]
    works: Callable[[str, str], tuple[int, tuple[WorkUse, ...]]]


class Judge:
    """Judges items with the same gate, perceiver and facts that generations go through."""

    def __init__(self, gate: Gate, perceiver: Perceiver, surroundings: Surroundings) -> None:
        self._gate = gate
        self._perceiver = perceiver
        self._surroundings = surroundings

    def judge(self, item: Item) -> Mapping[str, Any]:
        """The decision as JSON: `id`, `verdict`, `categories`, `findings`, `revisions`, and why. Raises `NothingToJudge`."""
        if not item.text.strip() and item.media is None and not item.references:
            raise NothingToJudge(
                "the item has neither text nor media",
                field="text",
                value=item.text,
                remedy="give a prompt in `text`, or a file in `media`",
            )
        if len(item.text) > MAX_TEXT:
            raise TextTooLongToJudge(
                f"the text has {len(item.text)} characters",
                field="text",
                value=item.text,
                remedy=f"send at most {MAX_TEXT}",
            )
        output = item.media is not None and item.treat_as == "output"
        return record_of(item.id, self._output(item) if output else self._request(item))

    def judge_texts(self, items: Sequence[Item]) -> list[Judgement]:
        """Requests of which only the text is judged, many at a time: what `judge` decides of each, without the reasons in words.

        No text may be blank or longer than `MAX_TEXT`.
        """
        subjects = [self._subject(item) for item in items]
        found = self._gate.judge_requests(subjects)
        return [
            one or self._gate.judge_request(subject) for one, subject in zip(found, subjects, strict=True)
        ]

    def _request(self, item: Item) -> Judgement:
        return self._gate.judge_request(self._subject(item))

    def _subject(self, item: Item) -> RequestSubject:
        files = (*item.references, *([item.media] if item.media else []))
        version, works = self._surroundings.works(item.text, item.account.account_id)
        return RequestSubject(
            account=item.account,
            prompt=item.text,
            likenesses=item.likenesses,
            references=tuple(
                self._perceiver.perceive(file, digest(file), credentials=True) for file in files
            ),
            works=works,
            today=self._surroundings.today(),
            purpose=item.purpose,
            registry_version=version,
            feed=item.feed,
        )

    def _output(self, item: Item) -> Judgement:
        assert item.media is not None
        subject = OutputSubject(
            account=item.account,
            prompt=item.text,
            output=self._perceiver.perceive(item.media, digest(item.media)),
            approved=tuple(use for use in item.likenesses if use.permitted),
            still_allowed=True,
            today=self._surroundings.today(),
            registry_version=self._surroundings.registry_version(),
            feed=item.feed,
        )
        return self._gate.judge_output(subject)


def record_of(item_id: str, judgement: Judgement) -> dict[str, Any]:
    """A judgement for readers: what was decided, by which rules, on which evidence, under which revisions."""
    ruling = judgement.ruling
    return {
        "id": item_id,
        "verdict": judgement.verdict.value,
        "stage": judgement.stage.value,
        "category": ruling.category.value if ruling.category else None,
        "categories": list(judgement.categories),
        "findings": [finding_to_plain(finding) for finding in flatten(judgement.reports)],
        "rules": ruling_to_plain(ruling)["rules"],  # type: ignore[index,call-overload]  # a JSON object by construction
        "reasons": reasons_of(judgement),
        "unjudged": {r.check: r.cause for r in judgement.reports if r.check in ruling.unjudged},
        "uncovered": list(ruling.uncovered),
        "skipped": list(ruling.skipped),
        "revisions": revisions_of(judgement),
        "body_sha256": sha256(body_of(judgement)).hexdigest(),
    }


def digest(path: Path) -> str:
    """SHA-256 of the file; of nothing when it cannot be read, which perceiving it then reports."""
    total = sha256()
    try:
        with path.open("rb") as content:
            while chunk := content.read(1 << 20):
                total.update(chunk)
    except (OSError, ValueError):  # not there, or no path at all
        pass
    return total.hexdigest()
