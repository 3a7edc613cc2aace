"""The editors' one command. `python build.py --help` lists what it does.

Nothing half-built is left behind: a new portal takes the place of the old one only when it is
whole. Exit status 1 means that nothing was changed.
"""

import argparse
import sys
import time
import zipfile
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "site" / "plugins"))

from portal_build import Builder, BuildFault, Built  # noqa: E402 - found through the path above
from portal_bundle import BundleFault  # noqa: E402
from portal_content import VIETNAM, Content  # noqa: E402
from portal_front_matter import ContentFaults  # noqa: E402
from portal_guard import Guard, read_roster  # noqa: E402
from portal_messages import say  # noqa: E402

INTERRUPTED = 130
"""The exit status of what Ctrl+C ends."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        return int(COMMANDS[asked.command](asked) or 0)
    except ContentFaults as found:
        print(found, file=sys.stderr)
        count, files = len(found.faults), len({fault.path for fault in found.faults})
        print(say("build.faults", count=count, files=files, output=asked.output), file=sys.stderr)
    except (BundleFault, BuildFault) as fault:
        print(fault, file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def check(asked: Namespace) -> None:
    """Only read and check."""
    _read(_builder(asked))


def build(asked: Namespace) -> None:
    """Build the portal."""
    _build(_builder(asked), asked.output)


def serve(asked: Namespace) -> None:
    """Show the portal here, made anew at every save."""
    from portal_serve import serve as serve_here

    serve_here(_builder(asked), asked.content, asked.port, print)


def new(asked: Namespace) -> None:
    """Ask, and write a new file."""
    from portal_new import ask, write_new

    print(say("build.written", path=write_new(asked.content, asked.what, ask, print)))


def withdraw(asked: Namespace) -> None:
    """Take a material back."""
    from portal_new import withdraw as mark

    path = mark(asked.content, asked.code, datetime.now(UTC))
    print(say("build.withdrawn", code=asked.code, path=path))


def pack(asked: Namespace) -> int:
    """Make a pack, or hold one against its manifest."""
    from portal_pack import pack as pack_up
    from portal_pack import verify

    if asked.verify:
        found = verify(asked.verify)
        for fault in found.faults:
            print(fault, file=sys.stderr)
        key = "pack_faults" if found.faults else "pack_whole"
        count = len(found.faults)
        print(say(f"build.{key}", path=asked.verify, count=count, files=found.files), flush=True)
        return 1 if count else 0
    _build(_builder(asked), asked.output)
    packed = pack_up(asked.output.resolve(), asked.to)
    megabytes = f"{packed.bytes / 1e6:.1f}".replace(".", ",")
    print(say("build.packed", **packed._asdict() | {"megabytes": megabytes}))
    return 0


def publish(asked: Namespace) -> None:
    """Build and send to a server, or have it go back."""
    from portal_publish import Server
    from portal_publish import publish as publish_to

    server = Server(asked.url)
    if asked.back is not None:
        print(say("build.went_back", release=server.go_back(asked.back)[:12], url=asked.url))
        return
    builder = _builder(asked, asked.url)
    _build(builder, asked.output)
    for told in publish_to(builder, asked.output.resolve(), server):
        print(told)


COMMANDS = {
    "build": build,
    "check": check,
    "serve": serve,
    "new": new,
    "withdraw": withdraw,
    "pack": pack,
    "publish": publish,
}


def _parser() -> argparse.ArgumentParser:
    # Before the command or after it; whichever is not given leaves the default alone.
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for option, what in (("content", "DIR"), ("output", "DIR"), ("roster", "FILE")):
        told = say(f"build.help.{option}")
        shared.add_argument(f"--{option}", type=Path, metavar=what, help=told)
    about = say("build.help.about")
    parser = argparse.ArgumentParser(prog="build.py", description=about, parents=[shared])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    own = {
        name: commands.add_parser(name, parents=[shared], help=say(f"build.help.{name}"))
        for name in COMMANDS
    }
    own["serve"].add_argument("--port", type=int, default=8001, help=say("build.help.port"))
    own["new"].add_argument("what", choices=("meeting", "material"), help=say("build.help.what"))
    own["withdraw"].add_argument("code", metavar="CODE", help=say("build.help.code"))
    own["pack"].add_argument("--to", type=Path, default=ROOT / "pack", help=say("build.help.to"))
    own["pack"].add_argument("--verify", type=Path, metavar="PACK", help=say("build.help.verify"))
    # Not where a server on this machine may be serving from: what is published is its own act.
    own["publish"].set_defaults(output=ROOT / ".cache" / "publish")
    own["publish"].add_argument("url", metavar="URL", help=say("build.help.url"))
    own["publish"].add_argument(
        "--back", nargs="?", const="", metavar="RELEASE", help=say("build.help.back")
    )
    parser.set_defaults(
        command="build", roster=None, output=ROOT / "output", content=ROOT / "content"
    )
    return parser


def _builder(asked: Namespace, url: str | None = None) -> Builder:
    guard = Guard()
    if asked.roster is not None:
        try:
            guard = Guard(read_roster(asked.roster))
        except (OSError, ValueError, zipfile.BadZipFile) as fault:
            raise BuildFault(say("build.roster", path=asked.roster, fault=fault)) from None
    return Builder(asked.content, guard, url)


def _build(builder: Builder, output: Path) -> Built:
    """Build into `output`, whole or not at all. Raises: ContentFaults, BundleFault, BuildFault."""
    from portal_progress import working

    began = time.monotonic()
    content = _read(builder)
    with working(say("build.working")):
        built = builder.replace(content, output)
    print(
        say(
            "build.built",
            files=built.files,
            kilobytes=round(built.bytes / 1000),
            output=output.name,
            seconds=f"{time.monotonic() - began:.1f}".replace(".", ","),
            release=built.release[:12],
        )
    )
    return built


def _read(builder: Builder) -> Content:
    """Read everything, say what should be looked at and what there is. Raises: ContentFaults."""
    found = builder.read()
    for warning in found.warnings:
        print(warning)
    if found.warnings:
        print(say("build.warned", count=len(found.warnings)))
    print(
        say(
            "build.checked",
            meetings=len(found.meetings),
            materials=len(found.materials),
            pages=len(found.pages),
            points=len(found.directory.points),
        )
    )
    for hour in found.opens:
        print(say("build.opens", hour=f"{hour.astimezone(VIETNAM):%H:%M %d/%m/%Y}"))
    return found


if __name__ == "__main__":
    sys.exit(main())
