"""How the command line shows an error that a person can act on."""

import sys

from consent.errors import ConsentError
from moderation.bus.dead_letters import DeadLetterUnknown
from moderation.errors import ServiceError
from moderation.generation.state import IllegalStep
from moderation.messages import MessageError
from moderation.model_registry.errors import ModelError
from moderation.store import DatabaseUnusable
from policies.loading.problems import PolicyInvalid
from provenance.errors import ProvenanceError

ACTIONABLE = (
    ServiceError,
    ConsentError,
    ProvenanceError,
    ModelError,
    PolicyInvalid,
    MessageError,
    DatabaseUnusable,
    DeadLetterUnknown,
    IllegalStep,
)
USAGE = 2


def show_error(error: Exception) -> int:
    """Print code and sentence to standard error; the exit status."""
    code = getattr(error, "code", type(error).__name__)
    print(f"safeconduct: {code}: {error}", file=sys.stderr)
    return USAGE
