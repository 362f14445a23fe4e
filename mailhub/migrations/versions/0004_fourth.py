"""Attributes, documents, segments, import of clients, mailings; each room adds its own in its function."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from crm.parties.personal import sort_name

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    _attributes()
    _segments()
    _transfer()
    _mailings()
    _parts()
    _documents()
    _suppliers()
    _desk()
    _automatic()
    _visits()
    _topics()
    _sign_ups()
    _pace()
    _doubles()
    _services()
    _pictures()
    _devices()
    _mornings()
    _inviting()
    _channels()
    _marketing()
    _documents_in()
    _requests()
    _senders()
    _gone_with_letters()


def _parts() -> None:
    """Parts of the house that are not used."""
    op.create_table(
        "module_off",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("by_id", ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_module_off"),
    )


def _suppliers() -> None:
    """Terms and price lists of suppliers, and items in use by name."""
    used = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_item_used", "item", ["name_folded", "id"], sqlite_where=used, postgresql_where=used
    )
    op.create_table(
        "supplier_terms",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("counterparty_id", ID, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False, server_default=""),
        sa.Column("delivery", sa.Text(), nullable=False, server_default=""),
        sa.Column("payment_days", ID),
        sa.Column("lead_days", ID),
        sa.Column("least", ID),
        sa.Column("by_id", ID),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["counterparty_id"], ["counterparty.id"], name="fk_supplier_terms_counterparty_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_supplier_terms"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_supplier_terms_counterparty_id_changed_at", "supplier_terms", ["counterparty_id", "changed_at"]
    )
    op.create_table(
        "supplier_price",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("counterparty_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("price", ID, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("quantity", ID, nullable=False),
        sa.Column("date_from", sa.Text(), nullable=False),
        sa.Column("date_to", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["counterparty_id"], ["counterparty.id"], name="fk_supplier_price_counterparty_id"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_supplier_price_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_supplier_price"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_supplier_price_counterparty_id_item_id_id", "supplier_price", ["counterparty_id", "item_id", "id"]
    )
    op.create_index("ix_supplier_price_item_id_counterparty_id", "supplier_price", ["item_id", "counterparty_id"])


def _attributes() -> None:
    """Fields that users add."""
    op.create_table(
        "attribute",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("required", ID, nullable=False, server_default="0"),
        sa.Column("listed", ID, nullable=False, server_default="0"),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("group", sa.Text(), nullable=False, server_default=""),
        sa.Column("place", ID, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_attribute"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_attribute_key", "attribute", ["of", "key"], unique=True)
    op.create_table(
        "attribute_choice",
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("holder_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("of", "key", "choice", "holder_id", name="pk_attribute_choice"),
    )
    op.create_index("ix_attribute_choice_of_holder_id", "attribute_choice", ["of", "holder_id"])
    op.create_table(
        "attribute_use",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("attribute_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["attribute_id"], ["attribute.id"], name="fk_attribute_use_attribute_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("by", "attribute_id", name="pk_attribute_use"),
    )
    for holder in ("counterparty", "contact"):
        op.add_column(holder, sa.Column("attributes", JSON))
        op.add_column(holder, sa.Column("attributes_folded", JSON))


def _segments() -> None:
    """Groups of clients and contacts by hand and by rule."""
    op.create_table(
        "segment",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("version", ID, nullable=False, server_default="0"),
        sa.Column("newest", ID, nullable=False, server_default="0"),
        sa.Column("preparing", ID),
        sa.Column("reached", ID, nullable=False, server_default="0"),
        sa.Column("settling", ID),
        sa.Column("size", ID, nullable=False, server_default="0"),
        sa.Column("next_size", ID, nullable=False, server_default="0"),
        sa.Column("created_by", ID, sa.ForeignKey("user.id", name="fk_segment_created_by")),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_name_folded", "segment", ["name_folded"])
    op.create_table(
        "segment_version",
        sa.Column("segment_id", ID, primary_key=True, nullable=False),
        sa.Column("version", ID, primary_key=True, nullable=False),
        sa.Column("rule", JSON, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("by_id", ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "segment_member",
        sa.Column("segment_id", ID, primary_key=True, nullable=False),
        sa.Column("version", ID, primary_key=True, nullable=False),
        sa.Column("party_id", ID, primary_key=True, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("why", JSON),
        sa.Column("by_id", ID),
    )
    op.create_index("ix_segment_member_party", "segment_member", ["party_id", "segment_id"])
    op.create_index(
        "ix_segment_member_entered", "segment_member", ["segment_id", "version", "entered_at", "party_id"]
    )
    op.create_table(
        "segment_left",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("segment_id", ID, sa.ForeignKey("segment.id", name="fk_segment_left_segment_id"), nullable=False),
        sa.Column("party_id", ID, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("why", JSON),
        sa.Column("by_id", ID),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_segment_left_party_id_segment_id", "segment_left", ["party_id", "segment_id"])
    op.create_index("ix_segment_left_segment_id_left_at_id", "segment_left", ["segment_id", "left_at", "id"])
    op.create_table(
        "segment_due",
        sa.Column("segment_id", ID, primary_key=True, nullable=False),
        sa.Column("version", ID, primary_key=True, nullable=False),
        sa.Column("party_id", ID, primary_key=True, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_segment_due_due_at", "segment_due", ["due_at"])
    _fold_what_rules_compare()


def _fold_what_rules_compare() -> None:
    """Cities and positions as rules compare them, beside what people wrote."""
    for table, written in (("counterparty", "city"), ("contact", "position"), ("affiliation", "position")):
        folded = f"{written}_folded"
        op.add_column(table, sa.Column(folded, sa.Text(), nullable=False, server_default=""))
        rows = sa.table(table, sa.column(written, sa.Text()), sa.column(folded, sa.Text()))
        said = sa.select(rows.c[written]).where(rows.c[written] != "").distinct()
        for text in op.get_bind().execute(said).scalars().all():
            here = sa.update(rows).where(rows.c[written] == text)
            op.get_bind().execute(here.values({folded: sort_name(text)}))
    op.create_index("ix_counterparty_city_folded", "counterparty", ["city_folded"])
    came = sa.text("channel_id IS NOT NULL")
    op.create_index(
        "ix_counterparty_channel", "counterparty", ["channel_id", "name_folded", "id"], sqlite_where=came,
        postgresql_where=came,
    )


def _transfer() -> None:
    """Import of clients, and pairs that may be one."""
    op.create_table(
        "party_import",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("about", JSON, nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("sample", JSON, nullable=False),
        sa.Column("total", ID, nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("decisions", JSON, nullable=False),
        sa.Column("place", ID, server_default="0", nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("worked", ID, server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("error_fields", JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_party_import_state", "party_import", ["state"])
    op.create_table(
        "import_row",
        sa.Column("import_id", ID, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("n", ID, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("client_id", ID),
        sa.Column("person_id", ID),
        sa.Column("journal", JSON),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reason_fields", JSON),
        sa.Column("cells", JSON),
        sa.Column("parent", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_import_row_import_id_outcome_n", "import_row", ["import_id", "outcome", "n"])
    op.create_index("ix_import_row_client_id", "import_row", ["client_id"])
    op.create_index("ix_import_row_person_id", "import_row", ["person_id"])
    op.create_table(
        "import_mapping",
        sa.Column("headers", sa.Text(), primary_key=True, nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
    )


def _mailings() -> None:
    """Letters to many: what is sent, to whom, and what became of it."""
    _recipients()
    op.add_column("interaction", sa.Column("mailing_id", ID, nullable=True))
    op.create_table(
        "mailing",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("sender_name", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("letter_version", ID, server_default="0", nullable=False),
        sa.Column("people", sa.Text(), server_default="main", nullable=False),
        sa.Column("cap_days", ID, server_default="0", nullable=False),
        sa.Column("list_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("list_run", ID, server_default="0", nullable=False),
        sa.Column("list_done", ID, server_default="0", nullable=False),
        sa.Column("list_total", ID, server_default="0", nullable=False),
        sa.Column("list_hash", sa.LargeBinary(), nullable=True),
        sa.Column("recipients_count", ID, server_default="0", nullable=False),
        sa.Column("excluded_count", ID, server_default="0", nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=True),
        sa.Column("check_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("check_run", ID, server_default="0", nullable=False),
        sa.Column("check_done", ID, server_default="0", nullable=False),
        sa.Column("checked_version", ID, server_default="0", nullable=False),
        sa.Column("faults", JSON, nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("start_at", sa.BigInteger(), nullable=True),
        sa.Column("canary", ID, server_default="0", nullable=False),
        sa.Column("approved_by", ID, nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("domains", JSON, nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=True),
        sa.Column("started_by", ID, nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("version", ID, server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_mailing_mailbox_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_mailing_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mailing_at_work"), "mailing", ["id"], sqlite_where=sa.text("state IN ('scheduled', 'sending', 'paused')"), postgresql_where=sa.text("state IN ('scheduled', 'sending', 'paused')"))
    op.create_index(op.f("ix_mailing_scope_id_id"), "mailing", ["scope_id", "id"])
    op.create_table(
        "mailing_letter",
        sa.Column("id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), server_default="", nullable=False),
        sa.Column("plain", sa.Text(), nullable=False),
        sa.Column("links", JSON, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_mailing_letter_mailing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_letter")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("uq_mailing_letter"), "mailing_letter", ["mailing_id", "version", "language"], unique=True)
    op.create_table(
        "mailing_choice",
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("takes", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "takes", "kind", "number", name=op.f("pk_mailing_choice")),
    )
    op.create_table(
        "mailing_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_mailing_event_mailing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_mailing_event_mailing_id_id"), "mailing_event", ["mailing_id", "id"])


def _recipients() -> None:
    """The ledger of mailings, and what lets it out."""
    op.create_table(
        "gate",
        sa.Column("mailing_id", ID, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("open", ID, server_default="0", nullable=False),
        sa.Column("until_id", ID, nullable=True),
        sa.Column("a_minute", ID, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_gate_mailbox_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_gate_scope_id")),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_gate")),
    )
    op.create_index(op.f("ix_gate_open"), "gate", ["mailing_id"], sqlite_where=sa.text("open = 1"), postgresql_where=sa.text("open = 1"))
    op.create_table(
        "stopped_domain",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_stopped_domain")),
    )
    op.create_table(
        "recipient",
        sa.Column("id", ID, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("epoch", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("counterparty_id", ID, nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("letter_hash", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", ID, server_default="0", nullable=False),
        sa.Column("boot", sa.Text(), nullable=True),
        sa.Column("fence", ID, server_default="0", nullable=False),
        sa.Column("handed_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", ID, server_default="0", nullable=False),
        sa.Column("reply_code", ID, server_default="0", nullable=False),
        sa.Column("reply_status", sa.Text(), server_default="", nullable=False),
        sa.Column("reply_text", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("clicked_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_id", ID, nullable=True),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("told", ID, server_default="0", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_recipient_contact_id"), "recipient", ["contact_id"], sqlite_where=sa.text("contact_id IS NOT NULL"), postgresql_where=sa.text("contact_id IS NOT NULL"))
    op.create_index(op.f("ix_recipient_counterparty_id"), "recipient", ["counterparty_id"], sqlite_where=sa.text("counterparty_id IS NOT NULL"), postgresql_where=sa.text("counterparty_id IS NOT NULL"))
    op.create_index(op.f("ix_recipient_left_out"), "recipient", ["canonical"], sqlite_where=sa.text("state = 'excluded'"), postgresql_where=sa.text("state = 'excluded'"))
    op.create_index(op.f("ix_recipient_leased"), "recipient", ["boot"], sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
    op.create_index(op.f("ix_recipient_ready"), "recipient", ["mailing_id", "next_at", "id"], sqlite_where=sa.text("state IN ('queued', 'deferred')"), postgresql_where=sa.text("state IN ('queued', 'deferred')"))
    op.create_index(op.f("ix_recipient_untold"), "recipient", ["mailing_id", "id"], sqlite_where=sa.text("state = 'sent' AND told = 0 AND counterparty_id IS NOT NULL"), postgresql_where=sa.text("state = 'sent' AND told = 0 AND counterparty_id IS NOT NULL"))
    op.create_index(op.f("ix_recipient_sent"), "recipient", ["canonical", "sent_at"], sqlite_where=sa.text("sent_at IS NOT NULL"), postgresql_where=sa.text("sent_at IS NOT NULL"))
    op.create_index(op.f("ix_recipient_state"), "recipient", ["mailing_id", "state", "id"])
    op.create_index(op.f("uq_recipient_canonical"), "recipient", ["mailing_id", "canonical"], unique=True, sqlite_where=sa.text("state <> 'excluded'"), postgresql_where=sa.text("state <> 'excluded'"))


def _documents() -> None:
    """Contracts and sales documents with their lines; suppliers; marketing."""
    op.create_table(
        "item_group",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_item_group"),
        sa.UniqueConstraint("name_folded", name="uq_item_group_name_folded"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "item",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, server_default=""),
        sa.Column("unit", sa.Text(), nullable=False, server_default=""),
        sa.Column("group_id", ID),
        sa.Column("external_id", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["group_id"], ["item_group.id"], name="fk_item_group_id"),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.UniqueConstraint("external_id", name="uq_item_external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_item_name_folded_id", "item", ["name_folded", "id"])
    op.create_index("ix_item_group_id", "item", ["group_id"])
    op.create_table(
        "refusal_reason",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_refusal_reason"),
        sa.UniqueConstraint("name_folded", name="uq_refusal_reason_name_folded"),
        sqlite_autoincrement=True,
    )
    _document()
    op.add_column("interaction", sa.Column("document_id", ID))


def _document() -> None:
    """Documents, what they are about, and what they come to."""
    op.create_table(
        "document",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, server_default=""),
        sa.Column("external_id", sa.Text()),
        sa.Column("counterparty_id", ID, nullable=False),
        sa.Column("legal_entity_id", ID),
        sa.Column("contact_id", ID),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", ID, nullable=False),
        sa.Column("profit", ID),
        sa.Column("reason_id", ID),
        sa.Column("about", sa.Text(), nullable=False, server_default=""),
        sa.Column("executor_id", ID),
        sa.Column("based_on_id", ID),
        sa.Column("based_line_id", ID),
        sa.Column("line_id", ID),
        sa.Column("author_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", ID, nullable=False, server_default="1"),
        sa.Column("attributes", JSON),
        sa.Column("attributes_folded", JSON),
        sa.ForeignKeyConstraint(["counterparty_id"], ["counterparty.id"], name="fk_document_counterparty_id"),
        sa.ForeignKeyConstraint(["reason_id"], ["refusal_reason.id"], name="fk_document_reason_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.UniqueConstraint("external_id", name="uq_document_external_id"),
        sqlite_autoincrement=True,
    )
    for columns in (
        ["counterparty_id", "date", "id"], ["kind", "date", "id"], ["date", "id"], ["executor_id", "date", "id"],
    ):  # fmt: skip
        op.create_index(f"ix_document_{'_'.join(columns)}", "document", columns)
    for name, column in (("contact", "contact_id"), ("line", "line_id"), ("based", "based_on_id")):
        known = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_document_{name}", "document", [column], sqlite_where=known, postgresql_where=known)
    op.create_table(
        "document_line",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("place", ID, nullable=False),
        sa.Column("item_id", ID),
        sa.Column("text", sa.Text(), nullable=False, server_default=""),
        sa.Column("quantity", ID, nullable=False),
        sa.Column("price", ID, nullable=False),
        sa.Column("amount", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_document_line_document_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_document_line_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_line"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_document_line_document_id_place", "document_line", ["document_id", "place"])
    op.create_index("ix_document_line_item_id", "document_line", ["item_id"])
    op.create_table(
        "document_file",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("blob_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("by_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_document_file_document_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name="fk_document_file_blob_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_file"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_document_file_document_id", "document_file", ["document_id"])
    op.create_index("ix_document_file_blob_id", "document_file", ["blob_id"])
    op.create_table(
        "document_facts",
        sa.Column("counterparty_id", ID, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("documents", ID, nullable=False),
        sa.Column("amount", ID, nullable=False),
        sa.Column("profit", ID, nullable=False),
        sa.PrimaryKeyConstraint("counterparty_id", "month", "kind", "currency", name="pk_document_facts"),
    )


def _desk() -> None:
    """What is looked at before a mailing starts."""
    op.add_column("mailing", sa.Column("made_by", ID))
    op.add_column("mailing", sa.Column("difference", JSON))


def _automatic() -> None:
    """Letters that go by themselves."""
    op.create_table(
        "automatic_rule",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("state", sa.Text(), server_default="off", nullable=False),
        sa.Column("version", ID, server_default="0", nullable=False),
        sa.Column("tried_version", ID, server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_automatic_rule_mailbox_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_automatic_rule_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_rule")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_automatic_rule_scope", "automatic_rule", ["scope_id", "id"])
    _partial("ix_automatic_rule_stands", "automatic_rule", ["id"], "ended_at IS NULL")
    op.create_table(
        "automatic_version",
        sa.Column("id", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("told", JSON, nullable=False),
        sa.Column("letters", JSON, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["automatic_rule.id"], name=op.f("fk_automatic_version_rule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_version")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_automatic_version", "automatic_version", ["rule_id", "version"], unique=True)
    op.create_table(
        "automatic_letter",
        sa.Column("id", ID, nullable=False),
        sa.Column("epoch", ID, nullable=False),
        sa.Column("rule_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("scope_id", ID, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("due_key", sa.Text(), nullable=False),
        sa.Column("counterparty_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("canonical", sa.Text(), server_default="", nullable=False),
        sa.Column("thread_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["automatic_rule.id"], name=op.f("fk_automatic_letter_rule_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scope.id"], name=op.f("fk_automatic_letter_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_letter")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_automatic_letter", "automatic_letter", ["rule_id", "subject_kind", "subject_id", "due_key"], unique=True
    )
    _partial("ix_automatic_letter_waits", "automatic_letter", ["send_at"], "state = 'waiting'")
    _partial("ix_automatic_letter_held", "automatic_letter", ["rule_id"], "state = 'held'")
    op.create_index("ix_automatic_letter_rule", "automatic_letter", ["rule_id", "id"])
    _partial("ix_automatic_letter_sent", "automatic_letter", ["canonical", "sent_at"], "sent_at IS NOT NULL")
    for name in ("message_id", "contact_id", "counterparty_id"):
        _partial(f"ix_automatic_letter_{name}", "automatic_letter", [name], f"{name} IS NOT NULL")
    op.create_index("ix_occurrence_due_at", "occurrence", ["due_at"])
    _partial("ix_interaction_ours", "interaction", ["happened_at"], "direction = 'out' AND counts = 1")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
def _visits() -> None:
    """Openings and clicks of mailings."""
    op.add_column("mailing", sa.Column("tracking", sa.Text(), nullable=False, server_default="off"))
    op.create_table(
        "mailing_visit",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("recipient_id", ID),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("link", ID, nullable=False, server_default="0"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("machine", ID, nullable=False, server_default="0"),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("agent", sa.Text(), nullable=False, server_default=""),
        sa.Column("network", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_mailing_visit_mailing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mailing_visit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mailing_visit_mailing_id_at", "mailing_visit", ["mailing_id", "at"])
    op.create_index("ix_mailing_visit_at", "mailing_visit", ["at"])
    known = sa.text("recipient_id IS NOT NULL")
    op.create_index(
        "ix_mailing_visit_recipient", "mailing_visit", ["recipient_id", "at"],
        sqlite_where=known, postgresql_where=known,
    )  # fmt: skip
    op.create_table(
        "mailing_visit_sum",
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("link", ID, nullable=False),
        sa.Column("machine", ID, nullable=False),
        sa.Column("number", ID, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_mailing_visit_sum_mailing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", "kind", "link", "machine", name="pk_mailing_visit_sum"),
    )


def _topics() -> None:
    """What mailings are about."""
    op.create_table(
        "topic",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False, server_default=""),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
        sa.UniqueConstraint("name_folded", name="uq_topic_name_folded"),
        sqlite_autoincrement=True,
    )
    op.add_column("mailing", sa.Column("topic_id", ID))
    op.add_column("mailing", sa.Column("slices", JSON))
    op.add_column("gate", sa.Column("topic_id", ID))


def _sign_ups() -> None:
    """Forms on which people sign up for mailings."""
    op.create_table(
        "sign_up_form",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", ID, nullable=False, server_default="1"),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_up_form"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sign_up_text",
        sa.Column("form_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", ID),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_id"], ["sign_up_form.id"], name="fk_sign_up_text_form_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("form_id", "version", name="pk_sign_up_text"),
    )
    op.create_table(
        "sign_up",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("form_id", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("language", sa.Text(), nullable=False, server_default=""),
        sa.Column("topics", JSON),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["sign_up_form.id"], name="fk_sign_up_form_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_up"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_up_address", "sign_up", ["address"])
    op.create_index("ix_sign_up_asked_at", "sign_up", ["asked_at"])


def _pace() -> None:
    """How fast mailings leave, and in which hours."""
    for name in ("mailing", "gate"):
        op.add_column(name, sa.Column("days", ID, server_default="127", nullable=False))
        op.add_column(name, sa.Column("since_hour", ID, server_default="0", nullable=False))
        op.add_column(name, sa.Column("until_hour", ID, server_default="24", nullable=False))
        op.add_column(name, sa.Column("zone", sa.Text(), server_default="", nullable=False))
        op.add_column(name, sa.Column("warm_up", ID, server_default="0", nullable=False))
    op.add_column("mailing", sa.Column("a_minute", ID, server_default="0", nullable=False))
    op.add_column("mailing", sa.Column("rate", ID, server_default="0", nullable=False))
    op.add_column("gate", sa.Column("warm_from", ID, server_default="0", nullable=False))
    op.add_column("recipient", sa.Column("warm", ID, server_default="0", nullable=False))
    op.create_table(
        "pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("a_minute", ID, server_default="0", nullable=False),
        sa.Column("learned", ID, server_default="0", nullable=False),
        sa.Column("arrival", ID, server_default="0", nullable=False),
        sa.Column("slot", ID, server_default="0", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pace"),
    )
    op.create_table(
        "warm_up",
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("given", ID, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "domain", name="pk_warm_up"),
    )
def _doubles() -> None:
    """Clients of the whole base who may be one."""
    op.create_table(
        "double_search",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False, server_default=""),
        sa.Column("place", ID, nullable=False, server_default="0"),
        sa.Column("found", ID, nullable=False, server_default="0"),
        sa.Column("worked", ID, nullable=False, server_default="0"),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.Column("by_id", ID),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_double_search"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "double_pair",
        sa.Column("one_id", ID, nullable=False),
        sa.Column("other_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("strength", ID, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("search_id", ID, nullable=False),
        sa.Column("by_id", ID),
        sa.Column("decided_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["one_id"], ["counterparty.id"], name="fk_double_pair_one_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["counterparty.id"], name="fk_double_pair_other_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("one_id", "other_id", name="pk_double_pair"),
    )
    columns = ["state", "strength", "one_id", "other_id"]
    op.create_index(f"ix_double_pair_{'_'.join(columns)}", "double_pair", columns)
    op.create_index("ix_double_pair_other_id", "double_pair", ["other_id"])


def _services() -> None:
    """Services that letters leave by and that tell over HTTP what came back."""
    op.create_table(
        "sending_service",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("taken", ID, nullable=False, server_default="0"),
        sa.Column("heard_at", sa.BigInteger()),
        sa.Column("refused_at", sa.BigInteger()),
        sa.Column("fault", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sending_service"),
        sqlite_autoincrement=True,
    )


def _pictures() -> None:
    """Pictures of mailings, and which letters name them."""
    op.create_table(
        "picture",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("blob_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name="fk_picture_mailing_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name="fk_picture_blob_id"),
        sa.PrimaryKeyConstraint("id", name="pk_picture"),
        sa.UniqueConstraint("name", name="uq_picture_name"),
        sqlite_autoincrement=True,
    )
    for name in ("mailing_id", "blob_id", "created_at"):
        op.create_index(f"ix_picture_{name}", "picture", [name])
    op.create_table(
        "picture_use",
        sa.Column("mailing_id", ID, nullable=False),
        sa.Column("picture_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name="fk_picture_use_mailing_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["picture_id"], ["picture.id"], name="fk_picture_use_picture_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mailing_id", "picture_id", name="pk_picture_use"),
    )
    op.create_index("ix_picture_use_picture_id", "picture_use", ["picture_id"])
    op.add_column("mailing", sa.Column("pictures", sa.Text(), nullable=False, server_default="hosted"))


def _devices() -> None:
    """Browsers that hear of notices although no page is open."""
    op.create_table(
        "device",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("session_key", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("rests_until", ID, nullable=False, server_default="0"),
        sa.Column("failures", ID, nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_key"], ["session.key"], name="fk_device_session_key", ondelete="CASCADE", onupdate="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_device_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("session_key", name="uq_device_session_key"),
        sa.UniqueConstraint("address", name="uq_device_address"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_device_user_id", "device", ["user_id"])
    op.create_table(
        "device_notice",
        sa.Column("device_id", ID, nullable=False),
        sa.Column("notice_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_device_notice_device_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_device_notice_notice_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", "notice_id", name="pk_device_notice"),
    )
    op.create_index("ix_device_notice_notice_id", "device_notice", ["notice_id"])
    op.create_table(
        "push_key",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_push_key"),
        sqlite_autoincrement=True,
    )


def _mornings() -> None:
    """A letter each morning with what is planned; fields that people add to what happened."""
    op.create_table(
        "morning_letter",
        sa.Column("user_id", ID, nullable=False, autoincrement=False),
        sa.Column("hour", ID, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_morning_letter"),
    )
    op.create_index("ix_morning_letter_next_at", "morning_letter", ["next_at"])
    op.add_column("interaction", sa.Column("attributes", JSON))
    op.add_column("interaction", sa.Column("attributes_folded", JSON))


def _inviting() -> None:
    """Guests of what is planned, and what they answered."""
    op.add_column("event", sa.Column("place", sa.Text(), nullable=False, server_default=""))
    for name in ("answer", "answered_at"):  # nothing was ever written there
        op.drop_column("event_participant", name)
    op.create_table(
        "event_invitation",
        sa.Column("event_id", ID, nullable=False, autoincrement=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("words", sa.Text(), nullable=False, server_default=""),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("timed", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name="fk_event_invitation_event_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_event_invitation_mailbox_id"),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_event_invitation_by_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_invitation"),
    )
    op.create_table(
        "event_guest",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("contact_id", ID),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("told", ID, nullable=False),
        sa.Column("told_before", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_guest_event_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_event_guest_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event_guest"),
        sa.UniqueConstraint("event_id", "address", name="uq_event_guest_event_id_address"),
        sqlite_autoincrement=True,
    )
    named = sa.text("contact_id IS NOT NULL")
    op.create_index(
        "ix_event_guest_contact", "event_guest", ["contact_id"], sqlite_where=named, postgresql_where=named
    )
    op.create_index("ix_event_guest_address", "event_guest", ["address"])
    op.create_table(
        "event_answer",
        sa.Column("guest_id", ID, nullable=False, autoincrement=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["guest_id"], ["event_guest.id"], name="fk_event_answer_guest_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guest_id", "key", name="pk_event_answer"),
    )


def _channels() -> None:
    """Channels in an order of their own, and the first channel of each client with its moment."""
    op.add_column("channel", sa.Column("place", ID, nullable=False, server_default="0"))
    op.add_column("counterparty", sa.Column("first_channel_id", ID))
    op.add_column("counterparty", sa.Column("first_channel_at", sa.BigInteger()))
    op.add_column("counterparty", sa.Column("first_channel_said_at", sa.BigInteger()))
    rows = sa.table("counterparty", *(sa.column(name, ID) for name in _FIRST))
    first = {"first_channel_id": rows.c.channel_id, "first_channel_at": rows.c.created_at}
    first["first_channel_said_at"] = rows.c.created_at
    op.execute(sa.update(rows).where(rows.c.channel_id.is_not(None)).values(first))


_FIRST = ("channel_id", "first_channel_id", "first_channel_at", "first_channel_said_at", "created_at")


def _marketing() -> None:
    """Marketing events, and whom they touched."""
    op.create_table(
        "marketing_event",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel_id", ID),
        sa.Column("date_from", sa.Text(), nullable=False, server_default=""),
        sa.Column("date_to", sa.Text(), nullable=False, server_default=""),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("planned", ID),
        sa.Column("spent", ID),
        sa.Column("responsible_id", ID),
        sa.Column("about", sa.Text(), nullable=False, server_default=""),
        sa.Column("author_id", ID),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", ID, nullable=False, server_default="1"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_marketing_event_channel_id"),
        sa.PrimaryKeyConstraint("id", name="pk_marketing_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_marketing_event_date_from_id", "marketing_event", ["date_from", "id"])
    op.create_index("ix_marketing_event_name_folded_id", "marketing_event", ["name_folded", "id"])
    op.add_column("interaction", sa.Column("marketing_event_id", ID))
    op.add_column("interaction", sa.Column("touch", sa.Text(), nullable=False, server_default=""))
    touched = sa.text("marketing_event_id IS NOT NULL")
    op.create_index(
        "ix_interaction_touched", "interaction", ["marketing_event_id", "happened_at", "id"], sqlite_where=touched,
        postgresql_where=touched,
    )


def _documents_in() -> None:
    """Import of documents: what an import is about, what its rows wrote, and by what documents and items are known."""
    op.add_column("party_import", sa.Column("kind", sa.Text(), nullable=False, server_default="clients"))
    op.add_column("import_row", sa.Column("document_id", ID))
    for name, table, columns, where in (
        ("ix_import_row_document", "import_row", ["import_id", "document_id"], "document_id IS NOT NULL"),
        ("ix_item_code", "item", ["code"], "code <> ''"),
        ("ix_document_number", "document", ["number"], "number <> ''"),
    ):
        here = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=here, postgresql_where=here)


def _requests() -> None:
    """What others invite us to, what we answered, and where it stands in our calendar."""
    op.create_table(
        "event_request",
        sa.Column("id", ID, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", ID, nullable=False),
        sa.Column("organizer", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=False, server_default=""),
        sa.Column("sequence", ID, nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("called_off", ID, nullable=False, server_default="0"),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("event_id", ID),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.Column("answered", ID, nullable=False, server_default="0"),
        sa.Column("answered_by_id", ID),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("reply_id", ID),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name="fk_event_request_mailbox_id"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_event_request_event_id"),
        sa.ForeignKeyConstraint(["answered_by_id"], ["user.id"], name="fk_event_request_answered_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event_request"),
        sa.UniqueConstraint(
            "mailbox_id", "series", "organizer", "recurrence",
            name="uq_event_request_mailbox_id_series_organizer_recurrence",
        ),
        sqlite_autoincrement=True,
    )
    taken = sa.text("event_id IS NOT NULL")
    op.create_index(
        "ix_event_request_event", "event_request", ["event_id"], sqlite_where=taken, postgresql_where=taken
    )
    op.create_index("ix_event_request_organizer", "event_request", ["organizer"])


def _senders() -> None:
    """Who changed last from whom a mailing comes."""
    op.add_column("mailing", sa.Column("sender_by", ID))


def _gone_with_letters() -> None:
    """What goes with letters and threads is found without looking at all that stands."""
    told = sa.text("message_id IS NOT NULL")
    op.create_index("ix_notice_message", "notice", ["message_id"], sqlite_where=told, postgresql_where=told)
    op.create_index("ix_bulk_thread_thread_id", "bulk_thread", ["thread_id"])
    began = sa.text("thread_id IS NOT NULL")
    op.create_index(
        "ix_automatic_letter_thread", "automatic_letter", ["thread_id"], sqlite_where=began, postgresql_where=began
    )
