"""Likenesses, their templates and grants, and the registry of works."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_link',
    sa.Column('follower_id', sa.String(length=64), nullable=False),
    sa.Column('followed_id', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('follower_id', 'followed_id')
    )
    op.create_table('licence',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('work_id', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.String(length=64), nullable=False),
    sa.Column('holder_account_id', sa.String(length=64), nullable=False),
    sa.Column('territory', sa.String(length=64), nullable=False),
    sa.Column('rating', sa.String(length=32), nullable=False),
    sa.Column('terms', sa.JSON(), nullable=False),
    sa.Column('from_ms', sa.BigInteger(), nullable=False),
    sa.Column('until_ms', sa.BigInteger(), nullable=True),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_licence_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_licence_work_id'), ['work_id'], unique=False)
    op.create_table('likeness',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('owner_account_id', sa.String(length=64), nullable=False),
    sa.Column('handle', sa.String(length=32), nullable=False),
    sa.Column('handle_key', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('restrictions_revision', sa.Integer(), nullable=False),
    sa.Column('revoke_scope', sa.String(length=16), nullable=True),
    sa.Column('minor', sa.Boolean(), nullable=False),
    sa.Column('liveness', sa.String(length=32), nullable=False),
    sa.Column('voice', sa.String(length=32), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('changed_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('handle_key')
    )
    with op.batch_alter_table('likeness', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_likeness_owner_account_id'), ['owner_account_id'], unique=False)
    op.create_table('likeness_portrait',
    sa.Column('likeness_id', sa.String(), nullable=False),
    sa.Column('asset_sha256', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('likeness_id', 'asset_sha256')
    )
    op.create_table('opt_out',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('work_id', sa.String(length=64), nullable=False),
    sa.Column('holder_account_id', sa.String(length=64), nullable=False),
    sa.Column('standing', sa.String(length=200), nullable=False),
    sa.Column('scope', sa.String(length=16), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('ended_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('opt_out', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_opt_out_holder_account_id'), ['holder_account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_opt_out_work_id'), ['work_id'], unique=False)
    op.create_table('registry_state',
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('template',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('subject_id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('model_revision', sa.String(length=64), nullable=False),
    sa.Column('standing', sa.String(length=16), nullable=False),
    sa.Column('nonce', sa.LargeBinary(), nullable=False),
    sa.Column('ciphertext', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('template', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_template_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_template_version'), ['version'], unique=False)
    op.create_table('template_key',
    sa.Column('subject_id', sa.String(length=64), nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=False),
    sa.Column('wrapped_by', sa.String(length=64), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('subject_id')
    )
    op.create_table('work',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('holder_account_id', sa.String(length=64), nullable=False),
    sa.Column('names', sa.JSON(), nullable=False),
    sa.Column('franchise', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('work', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_work_holder_account_id'), ['holder_account_id'], unique=False)
    op.create_table('likeness_event',
    sa.Column('likeness_id', sa.String(length=64), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('change', sa.String(length=32), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('registry_version', sa.Integer(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['likeness_id'], ['likeness.id'], ),
    sa.PrimaryKeyConstraint('likeness_id', 'revision')
    )
    op.create_table('likeness_grant',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('likeness_id', sa.String(length=64), nullable=False),
    sa.Column('audience', sa.String(length=16), nullable=False),
    sa.Column('account_ids', sa.JSON(), nullable=False),
    sa.Column('purposes', sa.JSON(), nullable=False),
    sa.Column('expires_ms', sa.BigInteger(), nullable=True),
    sa.Column('uses_left', sa.Integer(), nullable=True),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_ms', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['likeness_id'], ['likeness.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('likeness_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_likeness_grant_likeness_id'), ['likeness_id'], unique=False)
    op.create_table('likeness_restriction',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('likeness_id', sa.String(length=64), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('conditions', sa.JSON(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_ms', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['likeness_id'], ['likeness.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('likeness_restriction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_likeness_restriction_likeness_id'), ['likeness_id'], unique=False)
    op.create_table('likeness_grant_use',
    sa.Column('generation_id', sa.String(length=64), nullable=False),
    sa.Column('grant_id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('changed_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['grant_id'], ['likeness_grant.id'], ),
    sa.PrimaryKeyConstraint('generation_id', 'grant_id')
    )


def downgrade() -> None:
    op.drop_table("likeness_grant_use")
    op.drop_table("likeness_restriction")
    op.drop_table("likeness_grant")
    op.drop_table("likeness_event")
    op.drop_table("work")
    op.drop_table("template_key")
    op.drop_table("template")
    op.drop_table("registry_state")
    op.drop_table("opt_out")
    op.drop_table("likeness_portrait")
    op.drop_table("likeness")
    op.drop_table("licence")
    op.drop_table("account_link")
