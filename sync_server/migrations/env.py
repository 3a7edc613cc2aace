"""The migration environment: Flask-Migrate runs it to migrate the app's database."""

from alembic import context
from flask import current_app

from sync_server.database import Base
from sync_server.storage import models

assert models  # importing the models fills the metadata
database = current_app.extensions["migrate"].db

with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite changes a table by copying it
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
