"""What a command prints when it cannot go on."""

from typing import IO, Any

import click

from sync_server.messages import say


class CommandFault(click.ClickException):
    """The sentence with which a command ends, printed as `Lỗi: …`; the exit status is 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence to `file`, by default to standard error."""
        click.echo(say("cli.fault", fault=self.format_message()), file=file, err=file is None)
