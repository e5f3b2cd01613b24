"""Cases as a moderator finds them: held generations with real rulings of the shipped policy on findings made here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import select

from moderation.accounts.directory import ensure_account
from moderation.bootstrap import Application
from moderation.gate.decisions import record_judgement
from moderation.gate.gate import conclude
from moderation.gate.perceived import remember
from moderation.gate.subjects import Media
from moderation.generation.request_stage import hold
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.messages import GenerationRequested, Parameters
from moderation.review.models import ReviewCase
from moderation.store import now_ms
from policies.document import shipped_document
from policies.findings import CheckReport, CheckStatus, Finding, TextSpan
from policies.rulings import PolicyContext
from policies.taxonomy import Category, Stage
from tests.support.service import ACCOUNT

CHECKED = "test.model:3f2a91c07b1e"


@dataclass(frozen=True, slots=True)
class Held:
    """What a case is made of. `findings` are on the judged reports, `unjudged` maps checks to causes (without either, the text
    check timed out), `minutes` is its age."""

    name: str
    prompt: str = "A lighthouse on a rocky coast at dawn."
    stage: Stage = Stage.REQUEST
    findings: Sequence[Finding] = ()
    unjudged: dict[str, str] = field(default_factory=dict)
    output: Path | None = None
    references: Sequence[Path] = ()
    perceived: Sequence[Media] = ()
    likenesses: tuple[str, ...] = ()
    account: str = ACCOUNT
    minutes: int = 5


def span(
    prompt: str, words: str, category: Category, score: float = 0.4, signal: str = "text.classifier"
) -> Finding:
    """A finding on these words of the prompt."""
    start = prompt.index(words)
    where = TextSpan("prompt", start, start + len(words))
    return Finding(category, signal, score, where, "prompt.text", CHECKED, "" if score < 1 else words)


def store(app: Application, file: Path) -> str:
    """Put a file into the object store; its sha256."""
    sha256 = app.assets.stage(file).sha256
    app.assets.promote(sha256)
    return sha256


def make_held(app: Application, held: Held) -> str:
    """Make the generation, judge it by the shipped policy, and hold it; the id of its case."""
    output = store(app, held.output) if held.output else None
    references = tuple(store(app, file) for file in held.references)
    request = GenerationRequested(
        generation_id=f"gen_{held.name}", account_id=held.account, prompt=held.prompt, likenesses=held.likenesses,
        references=references, parameters=Parameters(seconds=6, width=640, height=360, fps=12),
    )  # fmt: skip
    judgement = conclude(shipped_document(), _context(held), _reports(held), 7)
    with app.database.transaction() as session:
        at = now_ms(session) - held.minutes * 60_000
        ensure_account(session, held.account, actor="test", now_ms=at)
        before = State.REQUESTED if held.stage is Stage.REQUEST else State.GENERATED
        row = Generation(
            id=request.generation_id, account_id=held.account, state=before.value, output_sha256=output,
            request=request.model_dump_json(), generator="storyboard 1" if output else "", created_ms=at, updated_ms=at,
        )  # fmt: skip
        session.add(row)
        session.flush()
        if held.stage is Stage.OUTPUT:
            fine = PolicyContext(Stage.REQUEST, True, False, False, False)
            looked = (CheckReport("prompt.text", 1, CheckStatus.JUDGED, CHECKED),)
            allowed = record_judgement(
                session, row.id, conclude(shipped_document(), fine, looked, 7), now_ms=at
            )
            row.request_decision_id = allowed.id
        decision = record_judgement(session, row.id, judgement, now_ms=at)
        assert judgement.verdict.value == "review", judgement.ruling
        if held.stage is Stage.REQUEST:
            row.request_decision_id = decision.id
        else:
            row.output_decision_id = decision.id
        hold(session, row, decision, held.stage, now_ms=at)
        remember(session, decision.id, held.perceived, now_ms=at)
    with app.database.read() as session:
        return session.exec(
            select(ReviewCase.id).where(ReviewCase.generation_id == request.generation_id)
        ).one()


def _context(held: Held) -> PolicyContext:
    return PolicyContext(held.stage, True, False, bool(held.likenesses), False)


def _reports(held: Held) -> tuple[CheckReport, ...]:
    checks = dict.fromkeys(finding.check for finding in held.findings)
    judged = [
        CheckReport(
            check, 1, CheckStatus.JUDGED, CHECKED, tuple(f for f in held.findings if f.check == check)
        )
        for check in checks or ("prompt.figures",)
    ]
    failed = [
        CheckReport(check, 1, CheckStatus.UNJUDGED, CHECKED, (), cause)
        for check, cause in (held.unjudged or _usual(held)).items()
    ]
    blind = [
        CheckReport(name, 0, CheckStatus.UNCOVERED, "1") for name in ("gore", "hate_symbols", "deepfake_face")
    ]
    return (*judged, *failed, *blind)


def _usual(held: Held) -> dict[str, str]:
    return {} if held.findings else {"prompt.text": "timeout"}
