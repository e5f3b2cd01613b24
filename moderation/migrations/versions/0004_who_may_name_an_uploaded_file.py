"""Who may name an uploaded file: every account that sent it; until now it was one account, and anybody could name it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('asset_holder',
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', 'account_id')
    )
    op.execute(
        "INSERT INTO asset_holder (sha256, account_id, created_ms) "
        "SELECT sha256, account_id, created_ms FROM asset WHERE role IN ('reference', 'portrait')"
    )


def downgrade() -> None:
    op.drop_table('asset_holder')
