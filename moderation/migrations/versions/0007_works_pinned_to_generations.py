"""The works a generation was judged with, and withdrawals of everything that names one."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('generation_work',
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('work_id', sa.String(), nullable=False),
    sa.Column('use', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('franchise_id', sa.String(), nullable=False),
    sa.Column('approved', sa.String(), nullable=False),
    sa.Column('judged', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['generation_id'], ['generation.id'], ),
    sa.PrimaryKeyConstraint('generation_id', 'work_id', 'use')
    )
    with op.batch_alter_table('generation_work', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_generation_work_franchise_id'), ['franchise_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_generation_work_work_id'), ['work_id'], unique=False)
    with op.batch_alter_table('withdrawal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('work_id', sa.String(), server_default='', nullable=False))
        batch_op.create_index(batch_op.f('ix_withdrawal_work_id'), ['work_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('withdrawal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_withdrawal_work_id'))
        batch_op.drop_column('work_id')
    op.drop_table('generation_work')
