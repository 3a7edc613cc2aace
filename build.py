"""Run a command that checks, builds, previews, publishes or packs the portal.

The portal is a static website. `python build.py --help` lists the commands. The previous
portal is not replaced until the new portal is complete. Exit status 1 means that the
command failed.
"""

import argparse
import sys
import time
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "site" / "plugins"))

from portal.content.front_matter import ContentFaults  # noqa: E402
from portal.content.guard import Guard, read_roster  # noqa: E402
from portal.content.loading import PortalContent  # noqa: E402
from portal.editor import command_line_words  # noqa: E402
from portal.editor.builder import (  # noqa: E402 - needs the path above
    Builder,
    BuildFault,
    Built,
    refuse_within,
)
from portal.editor.bundle import BundleFault  # noqa: E402
from portal.messages import say  # noqa: E402

from sync_server.domain.records.codes import VIETNAM  # noqa: E402
from sync_server.sheets.grids import SheetFault  # noqa: E402

MAX_PORT = 65_536
INTERRUPTED = 130
"""The exit status after Ctrl+C, which is 128 plus the number of the signal SIGINT."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status: 1 after a failure and 130 after Ctrl+C.

    `arguments` defaults to the command line. Errors in content files and failed builds are printed.

    Raises: SystemExit with status 2 if the command line is wrong.
    """
    command_line_words.install()
    options = _parser().parse_args(arguments)
    if options.output is None:
        # Publishing builds elsewhere, because a local server may be serving the usual folder.
        is_published = options.command == "publish"
        options.output = ROOT / ".cache" / "publish" if is_published else ROOT / "output"
    try:
        return int(COMMANDS[options.command](options) or 0)
    except ContentFaults as error:
        print(error, file=sys.stderr)
        count, files = len(error.faults), len({fault.path for fault in error.faults})
        print(say("build.faults", count=count, files=files, output=options.output), file=sys.stderr)
    except (BundleFault, BuildFault) as fault:
        print(fault, file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def check(options: Namespace) -> None:
    """Read and check the content files in `options.content` without building the public website.

    Raises: ContentFaults if the files contain faults; BuildFault if an option is wrong.
    """
    _read(_builder(options))


def build(options: Namespace) -> None:
    """Build the portal (the public website) from `options.content` into `options.output`.

    Both options are folders.

    Raises: ContentFaults, BundleFault or BuildFault if the build fails. The output folder is then
    unchanged.
    """
    _build(_builder(options), options.output)


def serve(options: Namespace) -> None:
    """Preview the portal (the public website) on this machine at `options.port` until Ctrl+C.

    The portal is rebuilt after every saved change.

    Raises: BuildFault if the port is in use, or if an option is wrong.
    """
    from portal.editor.serve import serve as serve_here

    serve_here(_builder(options), options.content, options.port, print)


def new(options: Namespace) -> None:
    """Ask the user for the fields of a meeting or document, and write a new content file.

    `options.what` is "meeting", "material", or the path of a DOCX or PDF to convert.

    Raises: BuildFault if the file already exists, if the DOCX or PDF cannot be used, or if
    standard input ends too early.
    """
    from portal.editor.new_files import ask, write_new

    print(say("build.written", path=write_new(options.content, options.what, ask, print)))


def withdraw(options: Namespace) -> None:
    """Mark the material (a document for meetings) with the code `options.code` as withdrawn today.

    Raises: BuildFault if no material has the code, or if the material is already withdrawn.
    """
    from portal.editor.new_files import withdraw as mark

    path = mark(options.content, options.code, datetime.now(UTC))
    print(say("build.withdrawn", code=options.code, path=path))


def pack(options: Namespace) -> int:
    """Build the portal (the public website) and copy it for a USB stick, or verify such a copy.

    The copy to verify is `options.verify`. Return 1 if the verification detects missing, changed or
    unknown files, otherwise 0.

    Raises: ContentFaults, BundleFault or BuildFault if building, copying or verifying fails.
    """
    from portal.editor.pack import NAME as PACK
    from portal.editor.pack import pack as pack_up
    from portal.editor.pack import verify

    if options.verify:
        verified = verify(options.verify)
        for fault in verified.faults:
            print(fault, file=sys.stderr)
        key = "pack_faults" if verified.faults else "pack_whole"
        count = len(verified.faults)
        print(
            say(f"build.{key}", path=options.verify, count=count, files=verified.files), flush=True
        )
        return 1 if count else 0
    refuse_within(options.to / PACK, options.content)
    _build(_builder(options), options.output)
    packed = pack_up(options.output.resolve(), options.to)
    megabytes = f"{packed.bytes / 1e6:.1f}".replace(".", ",")
    print(say("build.packed", **packed._asdict() | {"megabytes": megabytes}))
    return 0


def publish(options: Namespace) -> None:
    """Build the portal (the public website) and publish it to the server at `options.url`.

    If `options.back` is not None, the server returns to an earlier portal instead. The option is
    the beginning of that portal's release id, or "" for the previous portal.

    Raises: ContentFaults, BundleFault or BuildFault if the build fails; BuildFault also if a
    request fails.
    """
    from portal.editor.publish import PublishTarget
    from portal.editor.publish import publish as publish_to

    server = PublishTarget(options.url)
    if options.back is not None:
        print(say("build.went_back", release=server.go_back(options.back)[:12], url=options.url))
        return
    builder = _builder(options, options.url)
    _build(builder, options.output)
    for message in publish_to(builder, options.output.resolve(), server):
        print(message)


class _Parser(argparse.ArgumentParser):
    """A command-line parser that reports mistakes in Vietnamese and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(say("build.usage", fault=message), file=sys.stderr)
        sys.exit(2)


COMMANDS = {
    "build": build,
    "check": check,
    "serve": serve,
    "new": new,
    "withdraw": withdraw,
    "pack": pack,
    "publish": publish,
}


def _port(text: str) -> int:
    """Convert text to a port number from 1 to 65,535.

    Raises: ValueError for any other text. argparse reports the error to the user.
    """
    port = int(text)
    if not 0 < port < MAX_PORT:
        raise ValueError(text)
    return port


def _parser() -> _Parser:
    about = say("build.help.about")
    parser = _Parser(prog="build.py", description=about, parents=[_shared_options()])
    commands = parser.add_subparsers(dest="command", metavar="LỆNH")
    command_parsers = {
        name: commands.add_parser(name, parents=[_shared_options()], help=say(f"build.help.{name}"))
        for name in COMMANDS
    }
    command_parsers["serve"].add_argument(
        "--port", type=_port, metavar="SỐ", default=8001, help=say("build.help.port")
    )
    command_parsers["new"].add_argument("what", metavar="VIỆC", help=say("build.help.what"))
    command_parsers["withdraw"].add_argument("code", metavar="MÃ", help=say("build.help.code"))
    command_parsers["pack"].add_argument(
        "--to", type=Path, default=ROOT / "pack", help=say("build.help.to")
    )
    command_parsers["pack"].add_argument(
        "--verify", type=Path, metavar="GÓI", help=say("build.help.verify")
    )
    command_parsers["publish"].add_argument("url", metavar="URL", help=say("build.help.url"))
    command_parsers["publish"].add_argument(
        "--back", nargs="?", const="", metavar="BẢN", help=say("build.help.back")
    )
    parser.set_defaults(command="build", roster=None, output=None, content=ROOT / "content")
    return parser


def _shared_options() -> _Parser:
    """Return a parser of the options that may stand before or after the command's name.

    The parser sets no defaults. Otherwise, the command's default would overwrite the value of an
    option that stands before the command's name.
    """
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    for option, metavar in (("content", "THƯ-MỤC"), ("output", "THƯ-MỤC"), ("roster", "TỆP")):
        help_text = say(f"build.help.{option}")
        shared.add_argument(f"--{option}", type=Path, metavar=metavar, help=help_text)
    return shared


def _builder(options: Namespace, url: str | None = None) -> Builder:
    guard = Guard()
    if options.roster is not None:
        try:
            guard = Guard(read_roster(options.roster))
        except SheetFault as fault:
            why = say(f"build.sheet.{fault.problem}")
            raise BuildFault(say("build.roster", path=options.roster, fault=why)) from None
        if not guard.knows_people:
            raise BuildFault(say("build.roster_empty", path=options.roster))
    return Builder(options.content, guard, url)


def _build(builder: Builder, output: Path) -> Built:
    """Read the content, build the public website into the folder `output`, and print the result.

    Also print warnings, for example about a meeting whose changed hours would be ignored by
    readers' calendars.

    Raises: ContentFaults if a content file is not valid; BundleFault if JavaScript or style sheets
    cannot be bundled; BuildFault if the website cannot be built for another reason.
    """
    from portal.editor.progress import working

    began = time.monotonic()
    content = _read(builder)
    with working(say("build.working")):
        built = builder.replace(content, output)
    for meeting_id in builder.changed_hours:
        print(say("build.not_revised", id=meeting_id))
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


def _read(builder: Builder) -> PortalContent:
    """Read and check the content, and print the warnings.

    Also print the numbers of meetings, documents, pages and halls, and the times at which further
    documents become public.

    Raises: ContentFaults if the content has faults.
    """
    content = builder.read()
    for warning in content.warnings:
        print(warning)
    if content.warnings:
        print(say("build.warned", count=len(content.warnings)))
    print(
        say(
            "build.checked",
            meetings=len(content.meetings),
            materials=len(content.materials),
            pages=len(content.pages),
            points=len(content.directory.points),
        )
    )
    for hour in content.opening_times:
        print(say("build.opens", hour=f"{hour.astimezone(VIETNAM):%H:%M %d/%m/%Y}"))
    return content


if __name__ == "__main__":
    sys.exit(main())
