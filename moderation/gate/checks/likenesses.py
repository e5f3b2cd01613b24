"""Is every likeness asked for there with its owner's consent, for this user, this purpose, now?"""

from collections.abc import Sequence

from moderation.gate.check import CouldNotJudge
from moderation.gate.subjects import RequestSubject
from policies.findings import Finding, WholeField
from policies.taxonomy import Category

REVISION = "1"


class LikenessCheck:
    """Turns the consent registry's answers into findings; the answers were read at `subject.registry_version`."""

    name = "request.likenesses"
    tier = 1
    instant = True
    revision = REVISION

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """One finding for each likeness that is not permitted; the signal is the registry's code. While a change of consent is
        parked, an answer that permits is not believed."""
        findings = [
            Finding(
                Category.PRIVATE_PERSON,
                use.code,
                1.0,
                WholeField(f"likenesses[{position}]"),
                self.name,
                REVISION,
                use.asked,
            )
            for position, use in enumerate(subject.likenesses)
            if not use.permitted
        ]
        if subject.likenesses and subject.registry_parked and not findings:
            raise CouldNotJudge("registry.parked_change", "replay it: safeconduct dlq replay")
        return findings


class RemixCheck:
    """Is the video to be remixed one that is still released? A withdrawn parent must not live on in its children."""

    name = "request.remix_parent"
    tier = 1
    instant = True
    revision = REVISION

    def examine(self, subject: RequestSubject) -> Sequence[Finding]:
        """`remix.parent_not_released` unless there is no parent or it is released now."""
        if not subject.remix_parent or subject.remix_parent_state == "released":
            return []
        return [
            Finding(
                Category.PRIVATE_PERSON,
                "remix.parent_not_released",
                1.0,
                WholeField("remix_parent"),
                self.name,
                REVISION,
                subject.remix_parent_state or "unknown",
            )
        ]
