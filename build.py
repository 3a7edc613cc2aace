"""The editors' command: `python build.py check` says what is wrong, `build` makes the portal.

Nothing half-built is left behind: the new portal is made beside the old one, which it replaces
only when it is whole. Exit status 1 means that nothing was changed.
"""

import argparse
import logging
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "site" / "plugins"))

from portal_bundle import BundleFault, bundle  # noqa: E402 - found through the path above
from portal_content import Content, load  # noqa: E402
from portal_front_matter import ContentFaults  # noqa: E402
from portal_messages import say  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("build", "check"), default="build")
    parser.add_argument("--content", type=Path, default=ROOT / "content", metavar="DIR")
    parser.add_argument("--output", type=Path, default=ROOT / "output", metavar="DIR")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "check":
            check(asked.content)
        else:
            build(asked.content, asked.output)
    except ContentFaults as found:
        print(found, file=sys.stderr)
        count, files = len(found.faults), len({fault.path for fault in found.faults})
        print(say("build.faults", count=count, files=files, output=asked.output), file=sys.stderr)
        return 1
    except (BundleFault, BuildFault) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


class BuildFault(Exception):
    """The build cannot begin; the message says why and what to do."""


def check(content: Path) -> Content:
    """Read everything and say what there is. Raises: ContentFaults, BuildFault."""
    if not content.is_dir():
        raise BuildFault(say("build.no_content", path=content))
    found = load(content)
    print(
        say(
            "build.checked",
            meetings=len(found.meetings),
            materials=len(found.materials),
            pages=len(found.pages),
            points=len(found.directory.points),
        )
    )
    return found


def build(content: Path, output: Path) -> None:
    """Build the portal into `output`, whole or not at all. Raises: ContentFaults, BundleFault."""
    from pelican import Pelican
    from pelican.log import console
    from pelican.settings import read_settings

    began = time.monotonic()
    found = check(content)
    output = output.resolve()
    half_made = output.with_name(output.name + ".new")
    replaced = output.with_name(output.name + ".old")
    if replaced.exists() and not output.exists():
        replaced.rename(output)  # a build was killed between the two renames
    shutil.rmtree(half_made, ignore_errors=True)
    settings = read_settings(
        str(ROOT / "site" / "pelicanconf.py"),
        override={
            "PATH": str(content.resolve()),
            "OUTPUT_PATH": str(half_made),
            "PORTAL_CONTENT": found,
            "PORTAL_BUNDLE": str(bundle(ROOT)),
        },
    )
    if not settings["PORTAL_URL"].startswith(("http://", "https://")):
        raise BuildFault(say("build.public_url", value=settings["PORTAL_URL"]))
    console.quiet = True  # its closing line counts articles, of which there are none
    logging.getLogger("pelican").setLevel(logging.WARNING)
    try:
        Pelican(settings).run()
        _replace(output, half_made, replaced)
    finally:
        shutil.rmtree(half_made, ignore_errors=True)
    _tell(output, time.monotonic() - began)


def _replace(output: Path, made: Path, replaced: Path) -> None:
    """Put what was made in the place of the old portal, which stays if that cannot be done."""
    if not (made / "manifest.json").is_file():  # Pelican goes on without a plugin that fails
        raise BuildFault(say("build.nothing_made"))
    if output.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        output.rename(replaced)
    try:
        made.rename(output)
    except OSError as fault:
        if replaced.exists():
            replaced.rename(output)
        raise BuildFault(say("build.in_use", output=output, fault=fault)) from None
    shutil.rmtree(replaced, ignore_errors=True)


def _tell(output: Path, seconds: float) -> None:
    from portal_release import release_of

    sizes = [path.stat().st_size for path in output.rglob("*") if path.is_file()]
    print(
        say(
            "build.built",
            files=len(sizes),
            kilobytes=round(sum(sizes) / 1000),
            output=output.name,
            seconds=f"{seconds:.1f}".replace(".", ","),
            release=release_of(output)[:12],
        )
    )


if __name__ == "__main__":
    sys.exit(main())
