"""Register passkeys of user accounts, and check them when somebody signs in (WebAuthn)."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Connection

from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage.access import passkeys
from sync_server.storage.access.passkeys import LONGEST_ID, MOST_PASSKEYS, Passkey

ISSUER = "Điểm Cầu"
LONGEST_ANSWER_MS = 5 * MINUTE_MS


class BrowserAnswer(Struct, frozen=True):
    """The part of a browser's answer that says which passkey signed it."""

    id: Annotated[str, Meta(max_length=LONGEST_ID)]


class Options(Struct, frozen=True):
    """The challenge (base64url) in the options that a server sends to a browser for a passkey.

    The browser's answer must sign the challenge.
    """

    challenge: str


_options_decoder = msgspec.json.Decoder(Options)
_answer_decoder = msgspec.json.Decoder(BrowserAnswer)


def registration_options(connection: Connection, account: str, public_url: str) -> str:
    """Return the options (JSON) with which a browser makes a passkey for an account.

    The options contain a random challenge, which the browser's answer must sign. The
    authenticator must check its user by fingerprint, face or PIN, and store the account's name,
    so that signing in needs no typing. Raises: BadForm if the account has `MOST_PASSKEYS`
    already.
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = passkeys.of_account(connection, account)
    if len(known) >= MOST_PASSKEYS:
        raise BadForm(fault=say("passkey.too_many", most=MOST_PASSKEYS))
    options = generate_registration_options(
        rp_id=_host_of(public_url),
        rp_name=ISSUER,
        user_id=account.encode(),
        user_name=account,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.id)) for passkey in known
        ],
    )
    return options_to_json(options)


def register(
    credential: str, options: str, account: str, name: str, public_url: str, now_ms: int
) -> Passkey:
    """Check a browser's answer to a request for a new passkey, and return the passkey.

    `options` is the request made by `registration_options`, and `credential` is the answer. Both
    are JSON. `account` is the owner of the passkey, and `name` its label. Raises: BadForm if the
    answer is not valid for these options and the site at `public_url`.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url, decode_credential_public_key
    from webauthn.helpers import decoded_public_key_to_cryptography as key_of

    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=_challenge_of(options),
            expected_rp_id=_host_of(public_url),
            expected_origin=_origin_of(public_url),
            require_user_verification=True,
        )
        key_of(decode_credential_public_key(verified.credential_public_key))
    except _faults() as fault:
        raise BadForm(fault=say("passkey.wrong")) from fault
    passkey_id = bytes_to_base64url(verified.credential_id)
    if len(passkey_id) > LONGEST_ID:  # nobody could sign in with it
        raise BadForm(fault=say("passkey.wrong"))
    return Passkey(
        passkey_id,
        account,
        verified.credential_public_key,
        verified.sign_count,
        name,
        now_ms,
        None,
    )


def store(connection: Connection, passkey: Passkey, options_ms: int) -> None:
    """Store a new passkey of an account.

    `options_ms` is the time, in ms since 1970 UTC, of the server's request (options) from which the
    browser made the passkey. Raises: BadForm if the request is over five minutes old or has been
    used, if the account has too many passkeys, or if the passkey is stored already.
    """
    known = passkeys.of_account(connection, passkey.account)
    if len(known) >= MOST_PASSKEYS:
        raise BadForm(fault=say("passkey.too_many", most=MOST_PASSKEYS))
    is_late = passkey.made_ms - options_ms > LONGEST_ANSWER_MS
    is_used = any(other.made_ms >= options_ms for other in known)
    if is_late or is_used or passkeys.find(connection, passkey.id):
        raise BadForm(fault=say("passkey.wrong"))
    passkeys.add(connection, passkey)


def sign_in_options(public_url: str) -> str:
    """Return the options (JSON) with which a browser signs in with any passkey for this site."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=_host_of(public_url), user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json(options)


def account_of(
    connection: Connection,
    credential: str,
    options: str,
    options_ms: int,
    public_url: str,
    now_ms: int,
) -> str | None:
    """Check a browser's answer to a request to sign in; return the account that has signed in.

    `options` is the request made by `sign_in_options`, and `credential` is the answer. Both are
    JSON. `options_ms` is the time of the request in ms since 1970 UTC. Return None if the passkey
    is unknown, or if the answer is not valid for these options and the site at `public_url`. Also
    return None if the request is over five minutes old, or if the passkey has been used since the
    request: a copied answer signs nobody in again.
    """
    from webauthn import verify_authentication_response

    try:
        answer = decode_foreign(credential.encode(), _answer_decoder)
        passkey = passkeys.find(connection, answer.id)
        if passkey is None or (passkey.used_ms or 0) >= options_ms:
            return None
        if now_ms - options_ms > LONGEST_ANSWER_MS:
            return None
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=_challenge_of(options),
            expected_rp_id=_host_of(public_url),
            expected_origin=_origin_of(public_url),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _faults():
        return None
    passkeys.mark_used(connection, passkey.id, verified.new_sign_count, now_ms=now_ms)
    return passkey.account


def _faults() -> tuple[type[Exception], ...]:
    """Return the exceptions that a forged or malformed answer about a passkey may cause.

    The result is a tuple of classes for an `except` clause.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from webauthn.helpers.exceptions import WebAuthnException

    broken = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
    return (WebAuthnException, UnsupportedAlgorithm, *broken)


def _challenge_of(options: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    return base64url_to_bytes(decode_foreign(options.encode(), _options_decoder).challenge)


def _host_of(public_url: str) -> str:
    return urlsplit(public_url).hostname or ""


def _origin_of(public_url: str) -> str:
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{parts.netloc}"
