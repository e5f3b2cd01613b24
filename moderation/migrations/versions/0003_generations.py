"""Generations, decisions, cases, releases, withdrawals, and the ledger with its triggers."""

import sqlalchemy as sa
from alembic import op

from provenance.ledger import APPEND_ONLY

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('asset',
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('sha256')
    )
    with op.batch_alter_table('asset', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_asset_account_id'), ['account_id'], unique=False)
    op.create_table('decision',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('case_id', sa.String(), nullable=False),
    sa.Column('policy_revision', sa.String(), nullable=False),
    sa.Column('registry_version', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('body_sha256', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_decision_generation_id'), ['generation_id'], unique=False)
    op.create_table('generation',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('held_stage', sa.String(), nullable=False),
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('remix_parent', sa.String(), nullable=True),
    sa.Column('request_decision_id', sa.String(), nullable=True),
    sa.Column('output_decision_id', sa.String(), nullable=True),
    sa.Column('output_sha256', sa.String(), nullable=True),
    sa.Column('generator', sa.String(), nullable=False),
    sa.Column('release_id', sa.String(), nullable=True),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('requests_last_minute', sa.Integer(), nullable=False),
    sa.Column('ended_because', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('updated_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('generation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_generation_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_generation_created_ms'), ['created_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_generation_remix_parent'), ['remix_parent'], unique=False)
        batch_op.create_index(batch_op.f('ix_generation_state'), ['state'], unique=False)
    op.create_table('ledger_entry',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('release_id', sa.String(), nullable=False),
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('manifest_label', sa.String(), nullable=False),
    sa.Column('policy_revision', sa.String(), nullable=False),
    sa.Column('decision_ids', sa.JSON(), nullable=False),
    sa.Column('mark_revision', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('sha256')
    )
    with op.batch_alter_table('ledger_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ledger_entry_generation_id'), ['generation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_entry_manifest_label'), ['manifest_label'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_entry_release_id'), ['release_id'], unique=True)
    op.create_table('release',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('asset_sha256', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('served', sa.BigInteger(), nullable=False),
    sa.Column('released_ms', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('generation_id')
    )
    with op.batch_alter_table('release', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_release_asset_sha256'), ['asset_sha256'], unique=False)
    op.create_table('review_case',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('decision_id', sa.String(), nullable=False),
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('overridable', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('claimed_by', sa.String(), nullable=True),
    sa.Column('claim_token', sa.Integer(), nullable=False),
    sa.Column('claim_until_ms', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('opened_ms', sa.BigInteger(), nullable=False),
    sa.Column('decided_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('decision_id', 'kind')
    )
    with op.batch_alter_table('review_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_case_generation_id'), ['generation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_review_case_opened_ms'), ['opened_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_review_case_state'), ['state'], unique=False)
    op.create_table('withdrawal',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('likeness_id', sa.String(), nullable=False),
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('started_ms', sa.BigInteger(), nullable=False),
    sa.Column('done_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('withdrawal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_withdrawal_generation_id'), ['generation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_withdrawal_likeness_id'), ['likeness_id'], unique=False)
    op.create_table('generation_likeness',
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('likeness_id', sa.String(), nullable=False),
    sa.Column('handle', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('restrictions_revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['generation_id'], ['generation.id'], ),
    sa.PrimaryKeyConstraint('generation_id', 'likeness_id')
    )
    with op.batch_alter_table('generation_likeness', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_generation_likeness_likeness_id'), ['likeness_id'], unique=False)
    op.create_table('withdrawal_receipt',
    sa.Column('withdrawal_id', sa.String(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('detail', sa.String(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['withdrawal_id'], ['withdrawal.id'], ),
    sa.PrimaryKeyConstraint('withdrawal_id', 'target', 'kind')
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("withdrawal_receipt")
    op.drop_table("generation_likeness")
    op.drop_table("withdrawal")
    op.drop_table("review_case")
    op.drop_table("release")
    op.drop_table("ledger_entry")
    op.drop_table("generation")
    op.drop_table("decision")
    op.drop_table("asset")
