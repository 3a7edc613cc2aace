"""Build the Flask app of the sync server, which collects attendance records from the halls.

This module only connects the other modules. It contains no rules about meetings or attendance.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from sync_server.clocks import Clock
    from sync_server.config import Settings

SMALLEST_COMPRESSED_BYTES = 500
"""The smallest response, in bytes, that is compressed. A smaller one fits into one network packet
anyway, so gzip would save nothing."""


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Build and return the Flask app.

    `settings` defaults to the settings from the environment, and `clock` to the system clock.
    Modules are imported inside the function, so that importing `sync_server.domain` loads neither
    Flask nor the database.

    Raises: ConfigError, before the database is opened, if a setting is missing or malformed.
    """
    from flask import Flask
    from flask_compress import Compress
    from werkzeug.middleware.proxy_fix import ProxyFix

    from sync_server import api, commands, database, office
    from sync_server.clocks import system_clock
    from sync_server.config import load_settings
    from sync_server.storage.access.sessions import LONGEST_MS
    from sync_server.web import (
        error_pages,
        hosts,
        portal_files,
        rate_limits,
        request_log,
        response_headers,
        session_cookies,
    )

    settings = settings or load_settings()
    app = Flask(__name__, static_folder=None, template_folder="office")
    app.session_interface = session_cookies.SessionInterface()
    is_https = settings.public_url.startswith("https:")
    app.config.from_mapping(
        SETTINGS=settings,
        CLOCK=clock or system_clock,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        MIGRATIONS_DIR=Path(__file__).with_name("migrations"),
        PERMANENT_SESSION_LIFETIME=LONGEST_MS // 1000,
        SESSION_COOKIE_NAME="__Host-session" if is_https else "session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        WTF_CSRF_CHECK_DEFAULT=False,  # only the office has cookies, so only it checks for CSRF
        WTF_CSRF_TIME_LIMIT=None,  # a CSRF token is valid as long as its session
        BABEL_DEFAULT_LOCALE="vi",
        BABEL_DEFAULT_TIMEZONE="Asia/Ho_Chi_Minh",
        COMPRESS_ALGORITHM=["gzip"],
        COMPRESS_MIN_SIZE=SMALLEST_COMPRESSED_BYTES,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "text/plain",
            "application/json",
            "application/problem+json",
            "application/manifest+json",
            "application/atom+xml",
            "application/xml",
            "text/calendar",
            "image/svg+xml",
        ],
    )
    if settings.proxies:  # only these proxies may state a client's address
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=0
        )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    database.init_app(app)
    office.csrf.init_app(app)
    Compress(app)
    rate_limits.init_app(app)
    office.babel.init_app(app)
    error_pages.init_app(app)
    request_log.init_app(app)
    hosts.init_app(app)
    response_headers.init_app(app)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(office.blueprint)
    app.register_blueprint(portal_files.blueprint)
    commands.init_app(app)
    return app
