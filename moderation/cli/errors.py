"""How the command line shows an error that a person can act on."""

import sys

from pydantic import ValidationError

from consent.errors import ConsentError
from moderation.bus.dead_letters import DeadLetterUnknown
from moderation.errors import ServiceError
from moderation.generation.generators.port import GenerationFailed
from moderation.generation.state import IllegalStep
from moderation.messages import MessageError, explain
from moderation.model_registry.errors import ModelError
from moderation.store import DatabaseUnusable
from policies.evaluation.reading import RowUnreadable
from policies.loading.problems import PolicyInvalid
from provenance.errors import ProvenanceError

ACTIONABLE = (
    ServiceError,
    ConsentError,
    ProvenanceError,
    ModelError,
    PolicyInvalid,
    RowUnreadable,
    MessageError,
    DatabaseUnusable,
    DeadLetterUnknown,
    GenerationFailed,
    IllegalStep,
    ValidationError,
)
USAGE = 2


def show_error(error: Exception) -> int:
    """Print code and sentence to standard error; the exit status."""
    code, sentence = _told(error)
    print(f"safeconduct: {code}: {sentence}", file=sys.stderr)
    return USAGE


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, ValidationError):
        return "input.invalid", f"{explain(error)}; correct what is named here"
    return getattr(error, "code", type(error).__name__), str(error)
