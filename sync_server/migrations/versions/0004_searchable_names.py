"""Let the database sort and search people's names, and lock meetings without a table.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from sync_server.domain.names import name_sort_bytes, searchable_name

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns that are made from names, fill them, and renew the indexes."""
    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(
            sa.Column("sort_key", sa.LargeBinary(), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("searchable", sa.Text(), nullable=False, server_default=""))
    person = sa.table(
        "person",
        sa.column("code", sa.String),
        sa.column("full_name", sa.String),
        sa.column("sort_key", sa.LargeBinary),
        sa.column("searchable", sa.Text),
    )
    connection = op.get_bind()
    names = connection.execute(sa.select(person.c.code, person.c.full_name)).all()
    rows = [
        {"of": code, "key": name_sort_bytes(name), "words": searchable_name(name)}
        for code, name in names
    ]
    if rows:
        filling = sa.update(person).where(person.c.code == sa.bindparam("of"))
        connection.execute(
            filling.values(sort_key=sa.bindparam("key"), searchable=sa.bindparam("words")), rows
        )
    with op.batch_alter_table("person") as batch_op:
        batch_op.alter_column("sort_key", server_default=None)
        batch_op.alter_column("searchable", server_default=None)
        batch_op.create_index("ix_person_search", ["sort_key", "searchable", "ended_ms"])
        batch_op.create_index("ix_person_merged_into", ["merged_into"])
    op.drop_index("ix_summons_point", "summons")
    op.create_index("ix_summons_point", "summons", ["point", "meeting"])
    op.drop_table("meeting_lock")


def downgrade() -> None:
    """Restore the table, the columns and the index of revision 0003."""
    op.create_table("meeting_lock", sa.Column("meeting", sa.String(length=64), primary_key=True))
    op.drop_index("ix_summons_point", "summons")
    op.create_index("ix_summons_point", "summons", ["meeting", "point"])
    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_index("ix_person_merged_into")
        batch_op.drop_index("ix_person_search")
        batch_op.drop_column("searchable")
        batch_op.drop_column("sort_key")
