"""Staff pages: sessions, what cases are listed by, and what the machine perceived."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BACKFILL = """UPDATE review_case SET category = COALESCE(
    (SELECT decision.category FROM decision WHERE decision.id = review_case.decision_id), '')"""


def upgrade() -> None:
    text = sqltypes.AutoString
    op.create_table(
        "perceived",
        sa.Column("decision_id", text(), nullable=False),
        sa.Column("asset", text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "asset"),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("source", text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "slot"),
    )
    op.create_table(
        "staff_session",
        sa.Column("id", text(), nullable=False),
        sa.Column("key_id", text(), nullable=False),
        sa.Column("account_id", text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_staff_session_key_id", "staff_session", ["key_id"])
    with op.batch_alter_table("review_case") as batch:
        batch.add_column(sa.Column("category", text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("rule", text(), nullable=False, server_default=""))
        batch.create_index("ix_review_case_category", ["category"])
    op.execute(BACKFILL)


def downgrade() -> None:
    with op.batch_alter_table("review_case") as batch:
        batch.drop_index("ix_review_case_category")
        batch.drop_column("rule")
        batch.drop_column("category")
    op.drop_index("ix_staff_session_key_id", "staff_session")
    op.drop_table("staff_session")
    op.drop_table("sign_in_failure")
    op.drop_table("perceived")
