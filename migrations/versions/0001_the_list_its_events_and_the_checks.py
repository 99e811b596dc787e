"""the list, its events and the checks"""

from alembic import op
import sqlalchemy as sa


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('call_check',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('dialled', sa.String(length=100), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=True),
    sa.Column('campaign', sa.String(length=64), nullable=False),
    sa.Column('verdict', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('entry_id', sa.BigInteger(), nullable=True),
    sa.Column('via', sa.String(length=20), nullable=False),
    sa.Column('caller', sa.String(length=100), nullable=False),
    sa.Column('channel', sa.String(length=200), nullable=False),
    sa.Column('uniqueid', sa.String(length=150), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_call_check')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('call_check', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_call_check_number_at'), ['number', 'at'], unique=False)

    op.create_table('entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('campaign', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry')),
    sa.UniqueConstraint('number', 'campaign', name=op.f('uq_entry_number_campaign')),
    sqlite_autoincrement=True
    )
    op.create_table('list_event',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('event_id', sa.String(length=36), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('campaign', sa.String(length=64), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.String(length=40), nullable=False),
    sa.Column('actor', sa.String(length=200), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_list_event')),
    sa.UniqueConstraint('event_id', name=op.f('uq_list_event_event_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('list_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_list_event_number_campaign'), ['number', 'campaign'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('list_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_list_event_number_campaign'))

    op.drop_table('list_event')
    op.drop_table('entry')
    with op.batch_alter_table('call_check', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_call_check_number_at'))

    op.drop_table('call_check')
