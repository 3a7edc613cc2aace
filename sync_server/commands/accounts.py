"""Commands that create accounts for users of the office's web pages, and the accounts' tokens."""

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts import account_rules, first_setup
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema
from sync_server.config import OFFICE_PATH
from sync_server.domain.records.permissions import OFFICE_ROLES, Profile
from sync_server.messages import say
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.terminal import CommandFault

user_group = AppGroup("user")


@user_group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(sorted(r.value for r in OFFICE_ROLES)), required=True)
@click.option("--point")
@click.option("--unit")
@click.option("--person")
@click.password_option(prompt=say("cli.password"), confirmation_prompt=say("cli.password_again"))
@on_current_schema
def user_add(
    name: str, role: str, password: str, point: str | None, unit: str | None, person: str | None
) -> None:
    """Create a user account, or give an existing account a new role and password.

    The account is for the office's web pages. A chair's account has `point` (the code of the
    hall) and `person` (the chair's code); a unit secretary's account has `unit` (the unit's
    code). Other roles have none of these. Raises: CommandFault if one of the values is not
    acceptable, for example a weak password.
    """
    account = Account(name, Profile(role), point, unit, person)
    with database.reading() as c:
        fault = account_rules.fault_of(c, account, password)
    if fault:
        raise CommandFault(fault)
    database.write(lambda c: accounts.put(c, account, password))
    click.echo(say("account.added", name=name, role=say(f"role.{role}")))


@click.command("setup")
@on_current_schema
def setup_link() -> None:
    """Print the address of the page on which the first account is created in a browser.

    The address works for 24 hours, and only as long as there is no account. Raises: CommandFault if
    there is one already.
    """
    settings = current_settings()
    code = first_setup.new_code(settings.secret_key)
    with database.reading() as c:
        if not first_setup.is_valid(c, settings.secret_key, code):
            raise CommandFault(say("cli.setup_link.done"))
    click.echo(f"{settings.public_url}{OFFICE_PATH}/thiet-lap?ma={code}")


@user_group.command("token")
@click.argument("name")
@on_current_schema
def user_token(name: str) -> None:
    """Print a new bearer token, valid for 180 days, for programs that act as a user account.

    `name` is the name of the account. Its previous token becomes invalid. Raises: CommandFault
    if there is no such account.
    """
    token = database.write(lambda c: accounts.renew_token(c, name, now_ms=now_ms()))
    if token is None:
        raise CommandFault(say("cli.unknown_user", value=name))
    click.echo(token)
