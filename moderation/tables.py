"""Which modules define tables: importing them all is what makes `SQLModel.metadata` complete for migrations and tests."""

from importlib import import_module

TABLE_MODULES: tuple[str, ...] = (
    "consent.biometrics.models",
    "consent.likeness.models",
    "consent.works.models",
    "moderation.accounts.models",
    "moderation.api.idempotency",
    "moderation.bus.dead_letters",
    "moderation.bus.jobs",
    "moderation.bus.leases",
    "moderation.bus.outbox",
    "moderation.bus.positions",
    "moderation.bus.sql_tables",
    "moderation.gate.decisions",
    "moderation.gate.perceived",
    "moderation.gate.shadows",
    "moderation.generation.tables",
    "moderation.legal.tables",
    "moderation.observability.tally",
    "moderation.policy.tables",
    "moderation.release.tables",
    "moderation.review.models",
    "moderation.transparency.audit",
    "provenance.ledger",
)


def load_tables() -> None:
    """Import every module that defines a table."""
    for name in TABLE_MODULES:
        import_module(name)
