"""The life of policies: where each revision stands and how it came there, backtests, shadow rulings, floods."""

import sqlalchemy as sa
from alembic import op

from moderation.guards import POLICY_CHANGES

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('policy_backtest',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('against', sa.String(), nullable=False),
    sa.Column('decisions', sa.BigInteger(), nullable=False),
    sa.Column('flips', sa.BigInteger(), nullable=False),
    sa.Column('report', sa.Text(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('policy_backtest', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_backtest_revision'), ['revision'], unique=False)

    op.create_table('policy_change',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('before', sa.String(), nullable=False),
    sa.Column('after', sa.String(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('waived', sa.Text(), nullable=False),
    sa.Column('backtest_id', sa.String(), nullable=False),
    sa.Column('tests_passed', sa.Integer(), nullable=False),
    sa.Column('tests_not_run', sa.Integer(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('policy_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_change_at_ms'), ['at_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_policy_change_revision'), ['revision'], unique=False)

    op.create_table('policy_flood',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('blocks', sa.BigInteger(), nullable=False),
    sa.Column('decisions', sa.BigInteger(), nullable=False),
    sa.Column('usual_blocks', sa.BigInteger(), nullable=False),
    sa.Column('usual_decisions', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('noticed_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('policy_flood', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_flood_revision'), ['revision'], unique=False)

    op.create_table('policy_rule_tally',
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('minute_ms', sa.BigInteger(), nullable=False),
    sa.Column('lane', sa.Integer(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('revision', 'rule', 'minute_ms', 'lane')
    )
    op.create_table('shadow_ruling',
    sa.Column('decision_id', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('shadow_verdict', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('whole', sa.Boolean(), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('decision_id', 'revision')
    )
    with op.batch_alter_table('shadow_ruling', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_ruling_created_ms'), ['created_ms'], unique=False)
        batch_op.create_index(batch_op.f('ix_shadow_ruling_revision'), ['revision'], unique=False)

    op.create_table('policy_state',
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('previous', sa.String(), nullable=False),
    sa.Column('changed_ms', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("(state = 'rollout' AND percent BETWEEN 1 AND 100) OR (state <> 'rollout' AND percent = 0)", name='policy_state_percent'),
    sa.CheckConstraint("state IN ('draft', 'shadow', 'rollout', 'active', 'retired')", name='policy_state_known'),
    sa.ForeignKeyConstraint(['revision'], ['policy_document.revision'], ),
    sa.PrimaryKeyConstraint('revision')
    )
    with op.batch_alter_table('policy_state', schema=None) as batch_op:
        batch_op.create_index('ix_policy_state_one', ['state'], unique=True, sqlite_where=sa.text("state IN ('active', 'rollout')"), postgresql_where=sa.text("state IN ('active', 'rollout')"))

    op.execute(
        "INSERT INTO policy_state (revision, state, percent, previous, changed_ms) "
        "SELECT d.revision, CASE WHEN a.slot IS NULL THEN 'retired' ELSE 'active' END, 0, '', "
        "COALESCE(a.activated_ms, d.added_ms) "
        "FROM policy_document d LEFT JOIN policy_activation a ON a.revision = d.revision AND a.slot = 'active'"
    )
    op.drop_table('policy_activation')
    for statement in POLICY_CHANGES[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.create_table('policy_activation',
    sa.Column('slot', sa.VARCHAR(), nullable=False),
    sa.Column('revision', sa.VARCHAR(), nullable=False),
    sa.Column('activated_ms', sa.BIGINT(), nullable=False),
    sa.ForeignKeyConstraint(['revision'], ['policy_document.revision'], ),
    sa.PrimaryKeyConstraint('slot')
    )
    op.execute(
        "INSERT INTO policy_activation (slot, revision, activated_ms) "
        "SELECT 'active', revision, changed_ms FROM policy_state WHERE state = 'active'"
    )
    op.drop_table('policy_state')
    op.drop_table('shadow_ruling')
    op.drop_table('policy_rule_tally')
    op.drop_table('policy_flood')
    op.drop_table('policy_change')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION policy_change_refuse()")
    op.drop_table('policy_backtest')
