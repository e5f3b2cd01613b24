"""Preparing a release, outside any transaction: encode with the visible mark, sign, time-stamp, stage, re-open, prove.

Whatever fails here leaves at most an orphan in staging; nothing is recorded until `release.commit`.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from moderation.assets import AssetStore
from moderation.bus.faultpoints import reach
from moderation.gate.decisions import Decision
from moderation.generation.rows import get_generation, pinned_likenesses, request_of
from moderation.generation.state import State
from moderation.generation.tables import Generation
from moderation.media.encode import encode_marked
from moderation.release.commit import Prepared
from moderation.release.tables import Release
from moderation.store import Database, now_ms
from provenance.credentials.manifest import Ingredient, ReleaseClaim
from provenance.credentials.signer import CredentialSigner
from provenance.credentials.stamp import stamp
from provenance.credentials.trust import TrustList
from provenance.ledger import entry_of
from provenance.marks.visible import VisibleMark
from provenance.proof import prove_release


@dataclass(frozen=True, slots=True)
class Stamping:
    """What a release is stamped with. `tsa_url` is the RFC 3161 service; without its answer nothing is signed."""

    signer: CredentialSigner
    trust: TrustList
    tsa_url: str
    mark: VisibleMark


@dataclass(frozen=True, slots=True)
class Preparation:
    """Prepares releases."""

    database: Database
    assets: AssetStore
    stamping: Stamping

    def prepare(self, generation_id: str, output_sha256: str, decision_id: str) -> Prepared | None:
        """Stamp and stage; None when the generation does not wait for this release any more."""
        claim = self._claim(generation_id, output_sha256, decision_id)
        if claim is None:
            return None
        with tempfile.TemporaryDirectory(prefix="safeconduct-release-") as folder:
            marked, stamped = Path(folder) / "marked.mp4", Path(folder) / "stamped.mp4"
            encode_marked(self.assets.path(output_sha256), marked, self.stamping.mark.draw)
            stamping = self.stamping
            stamp(marked, stamped, claim, stamping.signer, stamping.trust, stamping.tsa_url)
            staged = self.assets.stage(stamped)
        reach("after_staging")
        proof = prove_release(self.assets.path(staged.sha256), stamping.trust, expected=claim)
        with self.database.read() as session:
            entry = entry_of(proof, created_ms=now_ms(session))
        return Prepared(
            generation_id=generation_id,
            release_id=claim.release_id,
            output_sha256=output_sha256,
            decision_id=decision_id,
            release_sha256=proof.sha256,
            size_bytes=proof.size,
            entry=entry,
        )

    def _claim(self, generation_id: str, output_sha256: str, decision_id: str) -> ReleaseClaim | None:
        with self.database.read() as session:
            generation = get_generation(session, generation_id)
            if State(generation.state) is not State.GENERATED or generation.output_decision_id != decision_id:
                return None
            if generation.output_sha256 != output_sha256:
                return None
            decision = session.get_one(Decision, decision_id)
            ingredients = (*self._people(session, generation), *self._parent(session, generation))
            return claim_of(generation, decision, ingredients, self.stamping.mark.revision)

    def _people(self, session: Session, generation: Generation) -> list[Ingredient]:
        """Whose likeness went in: by id, never by name, and without the picture."""
        pinned = pinned_likenesses(session, generation.id)
        references = request_of(generation).references
        titles = [row.likeness_id for row in pinned] + [f"reference {sha256[:12]}" for sha256 in references]
        return [Ingredient(None, title) for title in titles]

    def _parent(self, session: Session, generation: Generation) -> list[Ingredient]:
        """The remixed release, with its own credential."""
        if not generation.remix_parent:
            return []
        parent = get_generation(session, generation.remix_parent)
        release = session.get_one(Release, parent.release_id)
        return [Ingredient(self.assets.path(release.asset_sha256), release.id, "parentOf")]


def claim_of(
    generation: Generation, decision: Decision, ingredients: tuple[Ingredient, ...], mark_revision: str
) -> ReleaseClaim:
    """What the credential states of this release."""
    name, _, version = generation.generator.partition(" ")
    return ReleaseClaim(
        release_id=release_id_of(generation.id),
        generation_id=generation.id,
        title=f"{release_id_of(generation.id)}.mp4",
        generator=name,
        generator_version=version,
        policy_revision=decision.policy_revision,
        decision_ids=tuple(filter(None, (generation.request_decision_id, generation.output_decision_id))),
        mark_revision=mark_revision,
        ai_generated=name != "storyboard",
        ingredients=ingredients,
    )


def release_id_of(generation_id: str) -> str:
    """A generation is released once, so its release is named after it: a job that runs twice makes the same name."""
    return f"rel_{generation_id.removeprefix('gen_')}"
