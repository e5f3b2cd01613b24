"""Decisions and acts of the audit log that the database itself refuses to change, and the ledger's last gaps."""

from alembic import op

from moderation.guards import ACTS, DECISIONS
from provenance.ledger import AGAINST_REPLACING

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for guard in (DECISIONS, ACTS, AGAINST_REPLACING):
        for statement in guard[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER ledger_entry_no_truncate ON ledger_entry")
        for table in ("decision", "audit_entry"):
            op.execute(f"DROP FUNCTION {table}_refuse() CASCADE")
        return
    op.execute("DROP TRIGGER ledger_entry_no_replace")
    for table in ("decision", "audit_entry"):
        for act in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER {table}_no_{act}")
