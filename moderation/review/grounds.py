"""Why a moderator decides as they do: a ground from a short list, and a note in their own words, as one reason.

The requester is told both, so a ground is a sentence that a person may read.
"""

from collections.abc import Mapping
from types import MappingProxyType

from moderation.errors import ServiceError
from moderation.review.case_state import MAX_REASON, Outcome

MAX_NOTE = MAX_REASON - 200


class GroundInvalid(ServiceError):
    """The ground is not one of those listed for this outcome."""

    code = "case.ground_invalid"


class NoteMissing(ServiceError):
    """A decision needs a note in the moderator's own words."""

    code = "case.note_missing"


GROUNDS: Mapping[Outcome, Mapping[str, str]] = MappingProxyType(
    {
        Outcome.ALLOW: {
            "nothing_found": "Nothing here is against the policy.",
            "context": "The context makes it acceptable.",
            "mistaken": "The automatic check was mistaken.",
            "not_recognisable": "Nobody and no protected work is recognisable.",
            "permission": "The permission that is needed is there.",
        },
        Outcome.BLOCK: {
            "minors": "It concerns the safety of minors.",
            "sexual": "Sexual content.",
            "violence": "Violent content.",
            "self_harm": "Self-harm.",
            "hate": "Hate.",
            "harassment": "Harassment of a person.",
            "illicit": "Illicit acts or goods.",
            "deception": "Deception.",
            "politics": "Political persuasion.",
            "public_figure": "A public figure without consent.",
            "private_person": "A private person without consent.",
            "works": "A protected work or mark.",
            "shock": "Shocking content.",
            "could_not_judge": "It could not be judged, and so cannot be let through.",
            "moot": "There is nothing left to decide.",
        },
    }
)


def written_reason(outcome: Outcome, ground: str, note: str) -> str:
    """The reason as it is recorded and told: the ground's sentence, then the note. Raises `GroundInvalid`, `NoteMissing`."""
    sentence = GROUNDS[outcome].get(ground)
    if sentence is None:
        raise GroundInvalid(
            f"choose the ground on which you {outcome.value} it",
            field="ground",
            value=ground,
            remedy="choose one from the list",
        )
    told = " ".join(note.split())
    if not told or len(told) > MAX_NOTE:
        raise NoteMissing(
            f"say in your own words why, in 1 to {MAX_NOTE} characters",
            field="note",
            value=note,
            remedy="write what you saw and why it decides the case; the requester reads it",
        )
    return f"{sentence} {told}"
