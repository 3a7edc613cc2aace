"""Define the error that ends a command-line command with a message for the user."""

from typing import IO, Any

import click

from sync_server.messages import say


class CommandFault(click.ClickException):
    """Raised to end a command with a message for the user and exit status 1.

    The message is printed as `Lỗi: …`.
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to `file`, by default to standard error."""
        click.echo(say("cli.fault", fault=self.format_message()), file=file, err=file is None)
