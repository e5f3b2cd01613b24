"""Accounts, the event log, jobs, the outbox, the audit log and policies."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('under_18', sa.Boolean(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('audit_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('act', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('detail', sa.String(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=True),
    sa.Column('previous_hash', sa.String(), nullable=True),
    sa.Column('hash', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('seq')
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_actor'), ['actor'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_subject'), ['subject'], unique=False)
        batch_op.create_index('ix_audit_unsealed', ['id'], unique=False, sqlite_where=sa.text('seq IS NULL'), postgresql_where=sa.text('seq IS NULL'))
    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('dead_letter',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('group_name', sa.String(), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('partition_number', sa.Integer(), nullable=False),
    sa.Column('log_offset', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('parked_ms', sa.BigInteger(), nullable=False),
    sa.Column('replayed_ms', sa.BigInteger(), nullable=True),
    sa.Column('dismissed_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('dead_letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dead_letter_event_id'), ['event_id'], unique=False)
        batch_op.create_index('ix_dead_letter_open', ['topic', 'replayed_ms', 'dismissed_ms'], unique=False)
    op.create_table('decision_tally',
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('decisions', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('stage', 'verdict', 'category')
    )
    op.create_table('idempotency_key',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('body_sha256', sa.String(), nullable=False),
    sa.Column('result_id', sa.String(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'key')
    )
    op.create_table('job',
    sa.Column('sequence', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('subject_id', sa.String(), nullable=False),
    sa.Column('serial', sa.Boolean(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('dedupe_key', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('max_attempts', sa.Integer(), nullable=False),
    sa.Column('run_after_ms', sa.BigInteger(), nullable=False),
    sa.Column('token', sa.BigInteger(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('lease_until_ms', sa.BigInteger(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('finished_ms', sa.BigInteger(), nullable=True),
    sa.Column('last_error', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('sequence'),
    sa.UniqueConstraint('id'),
    sa.UniqueConstraint('kind', 'dedupe_key')
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index('ix_job_claim', ['kind', 'state', 'run_after_ms', 'sequence'], unique=False)
        batch_op.create_index('ix_job_one_running_per_subject', ['subject_id'], unique=True, sqlite_where=sa.text("serial AND state = 'running'"), postgresql_where=sa.text("serial AND state = 'running'"))
        batch_op.create_index('ix_job_subject', ['subject_id'], unique=False)
    op.create_table('log_member',
    sa.Column('group_name', sa.String(), nullable=False),
    sa.Column('member_id', sa.String(), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('lease_until_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('group_name', 'member_id', 'topic')
    )
    op.create_table('log_partition',
    sa.Column('topic_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('next_offset', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('topic_id', 'number')
    )
    op.create_table('log_record',
    sa.Column('topic_id', sa.String(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('log_offset', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('topic_id', 'number', 'log_offset')
    )
    op.create_table('log_topic',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('partitions', sa.Integer(), nullable=False),
    sa.Column('compacted', sa.Boolean(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name'),
    sa.UniqueConstraint('id')
    )
    op.create_table('named_lease',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('token', sa.BigInteger(), nullable=False),
    sa.Column('until_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('sent_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_unsent', ['id'], unique=False, sqlite_where=sa.text('sent_ms IS NULL'), postgresql_where=sa.text('sent_ms IS NULL'))
    op.create_table('policy_document',
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('added_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('revision')
    )
    op.create_table('quota_day',
    sa.Column('scope', sa.String(), nullable=False),
    sa.Column('day', sa.String(), nullable=False),
    sa.Column('used', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('scope', 'day')
    )
    op.create_table('quota_reservation',
    sa.Column('generation_id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('day', sa.String(), nullable=False),
    sa.Column('returned', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('generation_id')
    )
    with op.batch_alter_table('quota_reservation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_quota_reservation_account_id'), ['account_id'], unique=False)
    op.create_table('request_rate',
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('minute', sa.BigInteger(), nullable=False),
    sa.Column('requests', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'minute')
    )
    op.create_table('seen_event',
    sa.Column('group_name', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('seen_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('group_name', 'event_id')
    )
    with op.batch_alter_table('seen_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_seen_event_seen_ms'), ['seen_ms'], unique=False)
    op.create_table('api_key',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('secret_sha256', sa.String(), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('revoked_ms', sa.BigInteger(), nullable=True),
    sa.Column('last_used_ms', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('api_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_key_account_id'), ['account_id'], unique=False)
    op.create_table('policy_activation',
    sa.Column('slot', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('activated_ms', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['revision'], ['policy_document.revision'], ),
    sa.PrimaryKeyConstraint('slot')
    )
    op.create_table('sanction',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('account_id', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('placed_by', sa.String(), nullable=False),
    sa.Column('placed_ms', sa.BigInteger(), nullable=False),
    sa.Column('lifted_by', sa.String(), nullable=True),
    sa.Column('lifted_ms', sa.BigInteger(), nullable=True),
    sa.Column('lift_reason', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('sanction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sanction_account_id'), ['account_id'], unique=False)
    op.create_table('consumer_position',
    sa.Column('group_name', sa.String(), nullable=False),
    sa.Column('topic_id', sa.String(), nullable=False),
    sa.Column('partition_number', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('next_offset', sa.BigInteger(), nullable=False),
    sa.Column('moved_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('group_name', 'topic_id', 'partition_number')
    )


def downgrade() -> None:
    op.drop_table("consumer_position")
    op.drop_table("sanction")
    op.drop_table("policy_activation")
    op.drop_table("api_key")
    op.drop_table("seen_event")
    op.drop_table("request_rate")
    op.drop_table("quota_reservation")
    op.drop_table("quota_day")
    op.drop_table("policy_document")
    op.drop_table("outbox")
    op.drop_table("named_lease")
    op.drop_table("log_topic")
    op.drop_table("log_record")
    op.drop_table("log_partition")
    op.drop_table("log_member")
    op.drop_table("job")
    op.drop_table("idempotency_key")
    op.drop_table("decision_tally")
    op.drop_table("dead_letter")
    op.drop_table("audit_head")
    op.drop_table("audit_entry")
    op.drop_table("account")
