"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.fulltext.index import create_statements

revision = '0001'
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')


def upgrade() -> None:
    for statement in create_statements(op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table('acknowledgement',
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('mailbox_id', 'language', name=op.f('pk_acknowledgement'))
    )
    op.create_table('affiliation',
    sa.Column('contact_id', ID, nullable=False),
    sa.Column('counterparty_id', ID, nullable=False),
    sa.PrimaryKeyConstraint('contact_id', 'counterparty_id', name=op.f('pk_affiliation'))
    )
    with op.batch_alter_table('affiliation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_affiliation_counterparty_id'), ['counterparty_id'], unique=False)

    op.create_table('audit',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('user_id', ID, nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('details', JSON, nullable=False),
    sa.Column('previous', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    sqlite_autoincrement=True
    )
    op.create_table('blob',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('size', ID, nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blob')),
    sa.UniqueConstraint('sha256', name=op.f('uq_blob_sha256')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('blob', schema=None) as batch_op:
        batch_op.create_index('ix_blob_unsettled', ['id'], unique=False, sqlite_where=sa.text('content IS NOT NULL'), postgresql_where=sa.text('content IS NOT NULL'))

    op.create_table('boot',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_boot'))
    )
    op.create_table('change',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('transaction', ID, server_default='0', nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('entity_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=True),
    sa.Column('fields', JSON, nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_transaction_id'), ['transaction', 'id'], unique=False)

    op.create_table('consumer',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('transaction', ID, server_default='0', nullable=False),
    sa.Column('position', ID, server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_consumer'))
    )
    op.create_table('contact',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_folded', sa.Text(), nullable=False),
    sa.Column('position', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_name_folded_id'), ['name_folded', 'id'], unique=False)

    op.create_table('job',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('payload', JSON, nullable=False),
    sa.Column('run_at', sa.BigInteger(), nullable=False),
    sa.Column('dedupe_key', sa.Text(), nullable=True),
    sa.Column('tries', ID, server_default='0', nullable=False),
    sa.Column('boot', sa.Text(), nullable=True),
    sa.Column('fence', ID, server_default='0', nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('dead_at', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_job_dedupe_key')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index('ix_job_boot', ['boot'], unique=False)
        batch_op.create_index('ix_job_ready', ['kind', 'run_at', 'id'], unique=False, sqlite_where=sa.text('boot IS NULL AND dead_at IS NULL'), postgresql_where=sa.text('boot IS NULL AND dead_at IS NULL'))

    op.create_table('letter',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('fingerprint', sa.LargeBinary(), nullable=False),
    sa.Column('message_id', sa.Text(), server_default='', nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('from_name', sa.Text(), server_default='', nullable=False),
    sa.Column('from_address', sa.Text(), server_default='', nullable=False),
    sa.Column('from_trusted', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('sent_at', sa.BigInteger(), nullable=True),
    sa.Column('excerpt', sa.Text(), server_default='', nullable=False),
    sa.Column('parsed', JSON, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('fingerprint', name=op.f('uq_letter_fingerprint')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_message_id'), ['message_id'], unique=False)

    op.create_table('letter_facts',
    sa.Column('counterparty_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('last_in', sa.BigInteger(), nullable=True),
    sa.Column('last_out', sa.BigInteger(), nullable=True),
    sa.Column('waiting_since', sa.BigInteger(), nullable=True),
    sa.Column('letters', ID, server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('counterparty_id', 'scope_id', name=op.f('pk_letter_facts'))
    )
    op.create_table('letter_html',
    sa.Column('letter_id', ID, nullable=False),
    sa.Column('variant', sa.Text(), nullable=False),
    sa.Column('policy', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('facts', JSON, nullable=False),
    sa.PrimaryKeyConstraint('letter_id', 'variant', name=op.f('pk_letter_html'))
    )
    op.create_table('letter_reference',
    sa.Column('letter_id', ID, nullable=False),
    sa.Column('place', ID, nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('letter_id', 'message_id', name=op.f('pk_letter_reference'))
    )
    with op.batch_alter_table('letter_reference', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_reference_message_id'), ['message_id'], unique=False)

    op.create_table('letter_words',
    sa.Column('letter_id', ID, nullable=False),
    sa.Column('version', ID, nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('people', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('letter_id', name=op.f('pk_letter_words'))
    )
    op.create_table('mark',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_mark'))
    )
    op.create_table('membership',
    sa.Column('team_id', ID, nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.PrimaryKeyConstraint('team_id', 'user_id', name=op.f('pk_membership'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_user_id'), ['user_id'], unique=False)

    op.create_table('not_a_client',
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.Column('by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('address', name=op.f('pk_not_a_client'))
    )
    op.create_table('rate_limit',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('arrival', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_rate_limit'))
    )
    op.create_table('request_once',
    sa.Column('user_id', ID, nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('route', sa.Text(), nullable=False),
    sa.Column('body_hash', sa.LargeBinary(), nullable=False),
    sa.Column('answer', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'key', name=op.f('pk_request_once'))
    )
    with op.batch_alter_table('request_once', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_request_once_at'), ['at'], unique=False)

    op.create_table('scope',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scope')),
    sqlite_autoincrement=True
    )
    op.create_table('suppression',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('address_hash', sa.LargeBinary(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppression')),
    sa.UniqueConstraint('address_hash', 'reason', name=op.f('uq_suppression_address_hash_reason')),
    sqlite_autoincrement=True
    )
    op.create_table('team',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('name', name=op.f('uq_team_name')),
    sqlite_autoincrement=True
    )
    op.create_table('thread_participant',
    sa.Column('thread_id', ID, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.Column('sure', ID, server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('thread_id', 'address', name=op.f('pk_thread_participant'))
    )
    with op.batch_alter_table('thread_participant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thread_participant_address_thread_id'), ['address', 'thread_id'], unique=False)

    op.create_table('unread',
    sa.Column('user_id', ID, nullable=False),
    sa.Column('thread_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'thread_id', name=op.f('pk_unread'))
    )
    with op.batch_alter_table('unread', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unread_thread_id'), ['thread_id'], unique=False)

    op.create_table('user',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password', sa.Text(), nullable=True),
    sa.Column('is_admin', ID, server_default='0', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('theme', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('disabled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('email', name=op.f('uq_user_email')),
    sqlite_autoincrement=True
    )
    op.create_table('access_grant',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('user_id', ID, nullable=True),
    sa.Column('team_id', ID, nullable=True),
    sa.Column('right', sa.Text(), nullable=False),
    sa.Column('only_assigned', ID, server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_access_grant_scope_id')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_access_grant_team_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_access_grant_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_grant')),
    sa.UniqueConstraint('scope_id', 'user_id', 'team_id', 'right', name=op.f('uq_access_grant_scope_id_user_id_team_id_right')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('access_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_grant_team_id'), ['team_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_grant_user_id'), ['user_id'], unique=False)

    op.create_table('assignment',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('thread_id', ID, nullable=False),
    sa.Column('executor_id', ID, nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('by_id', ID, nullable=True),
    sa.Column('assigned_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['user.id'], name=op.f('fk_assignment_by_id')),
    sa.ForeignKeyConstraint(['executor_id'], ['user.id'], name=op.f('fk_assignment_executor_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_assignment_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('assignment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_assignment_scope_id_id'), ['scope_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_assignment_thread_id_id'), ['thread_id', 'id'], unique=False)

    op.create_table('counterparty',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_folded', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('roles', JSON, nullable=False),
    sa.Column('manager_id', ID, nullable=True),
    sa.Column('parent_id', ID, nullable=True),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('city', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['manager_id'], ['user.id'], name=op.f('fk_counterparty_manager_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_counterparty')),
    sa.UniqueConstraint('external_id', name=op.f('uq_counterparty_external_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('counterparty', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_counterparty_manager_id'), ['manager_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_counterparty_name_folded_id'), ['name_folded', 'id'], unique=False)

    op.create_table('known_sender',
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('junk', ID, nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_known_sender_user_id')),
    sa.PrimaryKeyConstraint('mailbox_id', 'address', name=op.f('pk_known_sender'))
    )
    op.create_table('mailbox',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('owner_id', ID, nullable=True),
    sa.Column('colour', ID, server_default='0', nullable=False),
    sa.Column('way', sa.Text(), server_default='manager', nullable=False),
    sa.Column('default_executor_id', ID, nullable=True),
    sa.Column('answer_hours', ID, server_default='8', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['default_executor_id'], ['user.id'], name=op.f('fk_mailbox_default_executor_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_mailbox_owner_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_mailbox_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mailbox')),
    sa.UniqueConstraint('address', name=op.f('uq_mailbox_address')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('mailbox', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mailbox_scope_id'), ['scope_id'], unique=True)

    op.create_table('session',
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('peer', sa.Text(), server_default='', nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_session_user_id')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_session'))
    )
    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_session_user_id'), ['user_id'], unique=False)

    op.create_table('token',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('user_id', ID, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('scopes', JSON, nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('used_at', sa.BigInteger(), nullable=True),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_token_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_token')),
    sa.UniqueConstraint('key', name=op.f('uq_token_key')),
    sqlite_autoincrement=True
    )
    op.create_table('account',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('port', ID, nullable=False),
    sa.Column('security', sa.Text(), nullable=False),
    sa.Column('user', sa.Text(), nullable=False),
    sa.Column('auth', sa.Text(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=True),
    sa.Column('smtp_host', sa.Text(), nullable=True),
    sa.Column('smtp_port', ID, server_default='0', nullable=False),
    sa.Column('smtp_security', sa.Text(), server_default='starttls', nullable=False),
    sa.Column('smtp_user', sa.Text(), nullable=True),
    sa.Column('smtp_secret', sa.LargeBinary(), nullable=True),
    sa.Column('write_seen', ID, server_default='1', nullable=False),
    sa.Column('write_answered', ID, server_default='1', nullable=False),
    sa.Column('write_sent', ID, server_default='1', nullable=False),
    sa.Column('follow_new', ID, server_default='1', nullable=False),
    sa.Column('paused', ID, server_default='0', nullable=False),
    sa.Column('state', sa.Text(), server_default='new', nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('sentence', sa.Text(), server_default='', nullable=False),
    sa.Column('fields', JSON, nullable=False),
    sa.Column('tries', ID, server_default='0', nullable=False),
    sa.Column('next_at', ID, server_default='0', nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=True),
    sa.Column('boot', sa.Text(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_account_mailbox_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_mailbox_id'), ['mailbox_id'], unique=False)

    op.create_table('counterparty_domain',
    sa.Column('counterparty_id', ID, nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['counterparty_id'], ['counterparty.id'], name=op.f('fk_counterparty_domain_counterparty_id'), ondelete='CASCADE')
    )
    with op.batch_alter_table('counterparty_domain', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_counterparty_domain_counterparty_id'), ['counterparty_id'], unique=False)
        batch_op.create_index('uq_counterparty_domain', ['domain', 'counterparty_id'], unique=True)

    op.create_table('incoming',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('blob_id', ID, nullable=False),
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), server_default='in', nullable=False),
    sa.Column('trace', JSON, nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('resend_key', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('quiet', ID, server_default='0', nullable=False),
    sa.Column('step', sa.Text(), server_default='', nullable=False),
    sa.Column('error', sa.Text(), server_default='', nullable=False),
    sa.Column('tries', ID, server_default='0', nullable=False),
    sa.Column('message_id', ID, nullable=True),
    sa.ForeignKeyConstraint(['blob_id'], ['blob.id'], name=op.f('fk_incoming_blob_id')),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_incoming_mailbox_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_incoming_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incoming')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('incoming', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_incoming_resend_key'), ['resend_key'], unique=False)
        batch_op.create_index('ix_incoming_state', ['state', 'id'], unique=False, sqlite_where=sa.text("state <> 'done'"), postgresql_where=sa.text("state <> 'done'"))

    op.create_table('interaction',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('counterparty_id', ID, nullable=False),
    sa.Column('contact_id', ID, nullable=True),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('happened_at', sa.BigInteger(), nullable=False),
    sa.Column('direction', sa.Text(), server_default='', nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('thread_id', ID, nullable=True),
    sa.Column('message_id', ID, nullable=True),
    sa.Column('executor_id', ID, nullable=True),
    sa.Column('counts', ID, server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_interaction_contact_id')),
    sa.ForeignKeyConstraint(['counterparty_id'], ['counterparty.id'], name=op.f('fk_interaction_counterparty_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_interaction_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('interaction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interaction_counterparty_id_happened_at_id'), ['counterparty_id', 'happened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_interaction_thread_id'), ['thread_id'], unique=False)

    op.create_table('mailbox_address',
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_mailbox_address_mailbox_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('address', name=op.f('pk_mailbox_address'))
    )
    with op.batch_alter_table('mailbox_address', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mailbox_address_mailbox_id'), ['mailbox_id'], unique=False)

    op.create_table('party_address',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('contact_id', ID, nullable=True),
    sa.Column('counterparty_id', ID, nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_party_address_contact_id')),
    sa.ForeignKeyConstraint(['counterparty_id'], ['counterparty.id'], name=op.f('fk_party_address_counterparty_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party_address')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('party_address', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_party_address_address'), ['address'], unique=False)
        batch_op.create_index(batch_op.f('ix_party_address_contact_id'), ['contact_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_party_address_counterparty_id'), ['counterparty_id'], unique=False)

    op.create_table('thread',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('subject_base', sa.Text(), server_default='', nullable=False),
    sa.Column('who', sa.Text(), server_default='', nullable=False),
    sa.Column('who_address', sa.Text(), server_default='', nullable=False),
    sa.Column('snippet', sa.Text(), server_default='', nullable=False),
    sa.Column('language', sa.Text(), server_default='', nullable=False),
    sa.Column('counterparty_id', ID, nullable=True),
    sa.Column('contact_id', ID, nullable=True),
    sa.Column('state', sa.Text(), server_default='open', nullable=False),
    sa.Column('waiting_for', sa.Text(), nullable=True),
    sa.Column('waiting_since', sa.BigInteger(), nullable=True),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('executor_id', ID, nullable=True),
    sa.Column('message_count', ID, server_default='0', nullable=False),
    sa.Column('attachment_count', ID, server_default='0', nullable=False),
    sa.Column('last_message_at', sa.BigInteger(), nullable=False),
    sa.Column('last_message_id', ID, server_default='0', nullable=False),
    sa.Column('last_in_id', ID, server_default='0', nullable=False),
    sa.Column('version', ID, server_default='0', nullable=False),
    sa.Column('match', JSON, nullable=False),
    sa.Column('begun_at', sa.BigInteger(), nullable=True),
    sa.Column('claims_id', ID, nullable=True),
    sa.Column('merged_into', ID, nullable=True),
    sa.Column('merged', JSON, nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_thread_contact_id')),
    sa.ForeignKeyConstraint(['counterparty_id'], ['counterparty.id'], name=op.f('fk_thread_counterparty_id')),
    sa.ForeignKeyConstraint(['executor_id'], ['user.id'], name=op.f('fk_thread_executor_id')),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_thread_mailbox_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_thread_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('thread', schema=None) as batch_op:
        batch_op.create_index('ix_thread_claims_id', ['claims_id'], unique=False, sqlite_where=sa.text('claims_id IS NOT NULL'), postgresql_where=sa.text('claims_id IS NOT NULL'))
        batch_op.create_index('ix_thread_closed', ['scope_id', sa.literal_column('last_message_at DESC'), sa.literal_column('id DESC')], unique=False, sqlite_where=sa.text("state = 'closed'"), postgresql_where=sa.text("state = 'closed'"))
        batch_op.create_index('ix_thread_counterparty', ['counterparty_id', 'subject_base', sa.literal_column('last_message_at DESC')], unique=False)
        batch_op.create_index('ix_thread_late', ['scope_id', 'due_at', 'id'], unique=False, sqlite_where=sa.text("state = 'open' AND waiting_for = 'us'"), postgresql_where=sa.text("state = 'open' AND waiting_for = 'us'"))
        batch_op.create_index('ix_thread_late_client', ['counterparty_id', 'scope_id', 'waiting_since'], unique=False, sqlite_where=sa.text("state = 'open' AND waiting_for = 'us'"), postgresql_where=sa.text("state = 'open' AND waiting_for = 'us'"))
        batch_op.create_index('ix_thread_late_mine', ['executor_id', 'due_at', 'id'], unique=False, sqlite_where=sa.text("state = 'open' AND waiting_for = 'us'"), postgresql_where=sa.text("state = 'open' AND waiting_for = 'us'"))
        batch_op.create_index('ix_thread_merged_into', ['merged_into'], unique=False, sqlite_where=sa.text('merged_into IS NOT NULL'), postgresql_where=sa.text('merged_into IS NOT NULL'))
        batch_op.create_index('ix_thread_open', ['scope_id', sa.literal_column('last_message_at DESC'), sa.literal_column('id DESC')], unique=False, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.create_index('ix_thread_scope_executor', ['scope_id', 'executor_id', sa.literal_column('last_message_at DESC'), sa.literal_column('id DESC')], unique=False)
        batch_op.create_index('ix_thread_scope_newest', ['scope_id', sa.literal_column('last_message_at DESC'), sa.literal_column('id DESC')], unique=False)
        batch_op.create_index('ix_thread_spam', ['scope_id', sa.literal_column('last_message_at DESC'), sa.literal_column('id DESC')], unique=False, sqlite_where=sa.text("state = 'spam'"), postgresql_where=sa.text("state = 'spam'"))

    op.create_table('account_token',
    sa.Column('account_id', ID, autoincrement=False, nullable=False),
    sa.Column('authority', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('refresh_until', sa.BigInteger(), nullable=True),
    sa.Column('holder', sa.Text(), nullable=True),
    sa.Column('held_until', ID, server_default='0', nullable=False),
    sa.Column('trouble_since', sa.BigInteger(), nullable=True),
    sa.Column('trouble', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_token_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_account_token'))
    )
    op.create_table('folder',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('account_id', ID, nullable=False),
    sa.Column('wire', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('followed', ID, server_default='1', nullable=False),
    sa.Column('uidvalidity', ID, server_default='0', nullable=False),
    sa.Column('last_uid', ID, server_default='0', nullable=False),
    sa.Column('quiet_below', ID, server_default='0', nullable=False),
    sa.Column('quiet_before', sa.BigInteger(), nullable=True),
    sa.Column('highest_modseq', ID, server_default='0', nullable=False),
    sa.Column('server_count', ID, server_default='0', nullable=False),
    sa.Column('resets', ID, server_default='0', nullable=False),
    sa.Column('resets_since', sa.BigInteger(), nullable=True),
    sa.Column('looked_at', sa.BigInteger(), nullable=True),
    sa.Column('compared_at', sa.BigInteger(), nullable=True),
    sa.Column('look_now', ID, server_default='0', nullable=False),
    sa.Column('error', sa.Text(), server_default='', nullable=False),
    sa.Column('gone_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_folder_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_folder')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('folder', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_folder_account_id_wire'), ['account_id', 'wire'], unique=True)

    op.create_table('message',
    sa.Column('id', ID, autoincrement=False, nullable=False),
    sa.Column('letter_id', ID, nullable=False),
    sa.Column('mailbox_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('thread_id', ID, nullable=False),
    sa.Column('home_id', ID, nullable=False),
    sa.Column('split_id', ID, nullable=True),
    sa.Column('blob_id', ID, nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('spam', ID, server_default='0', nullable=False),
    sa.Column('quiet', ID, server_default='0', nullable=False),
    sa.Column('dated_at', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('trace', JSON, nullable=False),
    sa.Column('authentication', JSON, nullable=True),
    sa.ForeignKeyConstraint(['blob_id'], ['blob.id'], name=op.f('fk_message_blob_id')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_message_letter_id')),
    sa.ForeignKeyConstraint(['mailbox_id'], ['mailbox.id'], name=op.f('fk_message_mailbox_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_message_scope_id')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_message_thread_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_letter_id_mailbox_id'), ['letter_id', 'mailbox_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_mailbox_id_id'), ['mailbox_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_thread_id_id'), ['thread_id', 'id'], unique=False)

    op.create_table('thread_event',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('thread_id', ID, nullable=False),
    sa.Column('user_id', ID, nullable=True),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('fields', JSON, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_thread_event_thread_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_thread_event_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread_event')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('thread_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thread_event_thread_id_id'), ['thread_id', 'id'], unique=False)

    op.create_table('delivery',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('epoch', ID, nullable=False),
    sa.Column('message_id', ID, nullable=False),
    sa.Column('scope_id', ID, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('canonical', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('return_path', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), server_default='queued', nullable=False),
    sa.Column('attempts', ID, server_default='0', nullable=False),
    sa.Column('repeats', ID, server_default='0', nullable=False),
    sa.Column('boot', sa.Text(), nullable=True),
    sa.Column('fence', ID, server_default='0', nullable=False),
    sa.Column('handed_at', sa.BigInteger(), nullable=True),
    sa.Column('next_at', sa.BigInteger(), nullable=False),
    sa.Column('reply_code', ID, server_default='0', nullable=False),
    sa.Column('reply_status', sa.Text(), server_default='', nullable=False),
    sa.Column('reply_text', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_delivery_message_id')),
    sa.ForeignKeyConstraint(['scope_id'], ['scope.id'], name=op.f('fk_delivery_scope_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('message_id', 'canonical', name=op.f('uq_delivery_message_id_canonical')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_leased', ['boot'], unique=False, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.create_index('ix_delivery_ready', ['next_at', 'id'], unique=False, sqlite_where=sa.text("state IN ('queued', 'deferred')"), postgresql_where=sa.text("state IN ('queued', 'deferred')"))
        batch_op.create_index('ix_delivery_scope', ['scope_id', 'id'], unique=False)

    op.create_table('placement',
    sa.Column('id', ID, autoincrement=True, nullable=False),
    sa.Column('folder_id', ID, nullable=False),
    sa.Column('uidvalidity', ID, nullable=False),
    sa.Column('uid', ID, nullable=False),
    sa.Column('flags', sa.Text(), server_default='', nullable=False),
    sa.Column('blob_id', ID, nullable=True),
    sa.Column('incoming_id', ID, nullable=True),
    sa.Column('message_id', ID, nullable=True),
    sa.Column('error', sa.Text(), server_default='', nullable=False),
    sa.Column('tries', ID, server_default='0', nullable=False),
    sa.Column('placed_at', sa.BigInteger(), nullable=False),
    sa.Column('missing_at', sa.BigInteger(), nullable=True),
    sa.Column('gone_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['blob_id'], ['blob.id'], name=op.f('fk_placement_blob_id')),
    sa.ForeignKeyConstraint(['folder_id'], ['folder.id'], name=op.f('fk_placement_folder_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_placement')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('placement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_placement_blob_id'), ['blob_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_placement_folder_id_uidvalidity_uid'), ['folder_id', 'uidvalidity', 'uid'], unique=True)
        batch_op.create_index(batch_op.f('ix_placement_incoming_id'), ['incoming_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_placement_message_id'), ['message_id'], unique=False)

