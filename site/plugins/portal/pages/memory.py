"""Remember the inputs of a portal's files, so that the next build can reuse unchanged files."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sync_server.domain.release import FileLine


class Memory:
    """The inputs and results of a build, which the next build can reuse.

    `files` is {file name: (inputs from which the file was made, the file's line in the manifest)}.
    `results` is {name: (inputs, result)}. `allowed` contains the passages that the build was
    permitted to publish although they look like personal data. `made_anew` is the number of files
    that the build made instead of reusing earlier ones.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[Mapping[str, Any], FileLine]] = {}
        self.results: dict[str, tuple[Any, Any]] = {}
        self.allowed: tuple[str, ...] = ()
        self.made_anew = 0

    def remember(self, name: str, inputs: Any, make: Callable[[], Any]) -> Any:
        """Return the result of `make`, which is remembered under `name`.

        `make` is called only if no result is remembered under `name`, or if `inputs` differ from
        those of the last call.
        """
        entry = self.results.get(name)
        if entry is None or entry[0] != inputs:
            entry = (inputs, make())
            self.results[name] = entry
        return entry[1]


class Finished(NamedTuple):
    """The folder of a finished portal, and the time (in ns since 1970) when it was finished."""

    folder: Path
    finished_ns: int

    def link(self, line: FileLine, target: str) -> bool:
        """Make `target` a hard link to a file of the finished portal; return False if that fails.

        `line` is the file's line in the manifest (the list of all files). No link is made if the
        file has been changed or deleted since the build, or if the file system has no hard links.
        """
        source = f"{self.folder}/{line.path}"
        try:
            stat = Path(source).stat()
            if stat.st_size != line.bytes or stat.st_mtime_ns > self.finished_ns:
                return False
            os.link(source, target)
        except OSError:
            return False
        return True
