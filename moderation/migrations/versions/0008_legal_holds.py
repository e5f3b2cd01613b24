"""Legal holds, and erasures that wait for one to end."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('deferred_erasure',
    sa.Column('likeness_id', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('asked_ms', sa.BigInteger(), nullable=False),
    sa.Column('done_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('likeness_id')
    )
    op.create_table('legal_hold',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('target_id', sa.String(), nullable=False),
    sa.Column('effect', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('placed_by', sa.String(), nullable=False),
    sa.Column('placed_ms', sa.BigInteger(), nullable=False),
    sa.Column('lifted_by', sa.String(), nullable=False),
    sa.Column('lifted_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('legal_hold', schema=None) as batch_op:
        batch_op.create_index('ix_legal_hold_open', ['lifted_ms', 'target', 'target_id'], unique=False)


def downgrade() -> None:
    op.drop_table('legal_hold')
    op.drop_table('deferred_erasure')
