"""Add a hash chain to the audit log, and forbid changes to stored audit entries and records.

The tables `audit` and `ledger` become append-only. Revision 0002, after 0001.
"""

import hashlib

import msgspec
import sqlalchemy as sa
from alembic import op

from sync_server.storage.models import append_only_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = "at_ms, who, action, is_act, outcome, path, about"


def upgrade() -> None:
    """Number the audit log's rows and link them by hashes, and make two tables append-only.

    The tables are the audit log and the ledger, which contains the records.
    """
    connection = op.get_bind()
    op.rename_table("audit", "audit_before")
    op.drop_index("ix_audit_at_ms", "audit_before")
    op.drop_index("ix_audit_who", "audit_before")
    audit = op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=48), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("is_act", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_number_pkey"),
    )
    assert audit is not None
    op.create_index("ix_audit_at_ms", "audit", ["at_ms"])
    op.create_index("ix_audit_who", "audit", ["who"])
    rows = connection.execute(sa.text(f"SELECT {COLUMNS} FROM audit_before ORDER BY at_ms, id"))  # noqa: S608 - constants
    chain, numbered = "", []
    for number, row in enumerate(rows, start=1):
        values = dict(row._mapping, is_act=bool(row.is_act))
        content = msgspec.json.encode([number, *values.values()])
        chain = hashlib.sha256(chain.encode() + content).hexdigest()
        numbered.append({"number": number, "chain": chain, **values})
    if numbered:
        connection.execute(audit.insert(), numbered)
    op.drop_table("audit_before")
    for table in ("audit", "ledger"):
        for statement in append_only_statements(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refuse to undo this revision, because only the hash chain shows changes to the audit log.

    Raises: NotImplementedError.
    """
    raise NotImplementedError
