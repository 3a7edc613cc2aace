"""Write the portal's files, and record the sha256 and size of every file for the manifest.

The manifest is the list of all files. Files that have not changed since the previous build are not
written again.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from pelican.writers import Writer

from portal.content.front_matter import Fault
from portal.content.guard import Guard, visible_text
from portal.content.loading import file_state
from portal.pages.memory import Finished, Memory
from portal.processes import map_on_all_cores
from sync_server.domain.release import FileLine

GUARDED = frozenset({".html", ".ics", ".atom", ".xml", ".json", ".js"})
WRITERS = 4
"""The number of threads that write files. One thread is slow for thousands of small files."""
CODE_PATHS = ("app/", "sw.js")
"""Prefixes of the paths of program code, which is not searched for personal data."""


class _Task(NamedTuple):
    """A file that must be made: its name, its inputs, and the function that makes its content."""

    name: str
    inputs: Mapping[str, Any]
    make: Callable[[Mapping[str, Any]], bytes]


class _Made(NamedTuple):
    """The content of a file, its line in the manifest, and the faults found in it."""

    content: bytes
    line: FileLine
    faults: list[Fault]


class PortalWriter(Writer):  # type: ignore[misc]  # Pelican is untyped
    """A Pelican writer that makes a file only if the file's inputs have changed.

    The writer searches new pages and data files for personal data. `faults` contains a message for
    every suspicious passage in the files that `make_files` has made.
    """

    def __init__(self, output_path: str, settings: Mapping[str, Any]) -> None:
        super().__init__(output_path, settings)
        self._output = Path(output_path)
        self._memory: Memory = settings["PORTAL_MEMORY"]
        self._finished: Finished | None = settings["PORTAL_FINISHED"]
        self._folders: set[str] = set()
        self._tasks: list[_Task] = []
        self._pending: list[tuple[str, bytes]] = []
        self._taken_over: set[str] = set()
        self._guard: Guard = settings["PORTAL_GUARD"]
        self._allowed: tuple[str, ...] = settings["PORTAL_CONTENT"].public_contacts
        self._previous = self._memory.files
        if self._memory.allowed != self._allowed:  # every file must be searched again
            self._previous = {name: ({}, line) for name, (_, line) in self._previous.items()}
        self._memory.files, self._memory.allowed, self._memory.made_anew = {}, self._allowed, 0
        self.faults: list[Fault] = []

    def put(
        self, name: str, inputs: Mapping[str, Any], make: Callable[[Mapping[str, Any]], bytes]
    ) -> str:
        """Add the file `name` to the portal, and return `name`.

        If the inputs are not the same as in the previous build, `make_files` will call `make` with
        them, perhaps in another process; the result is the file's content.
        """
        entry = self._previous.get(name)
        if entry is None or entry[0] != inputs or not self._is_there(entry[1]):
            self._tasks.append(_Task(name, inputs, make))
        else:
            self._memory.files[name] = entry
        return name

    def make_files(self) -> None:
        """Make the content of all files that `put` has added since the last call.

        `finish` writes them to disk.
        """
        tasks, self._tasks = self._tasks, []
        for task, made in zip(tasks, map_on_all_cores(self._made, tasks), strict=True):
            self._keep(task.name, task.inputs, made)

    def _made(self, task: _Task) -> _Made:
        content = task.make(task.inputs)
        line = FileLine(task.name, hashlib.sha256(content).hexdigest(), len(content))
        return _Made(content, line, self._faults_of_people(task.name, content))

    def _keep(self, name: str, inputs: Mapping[str, Any], made: _Made) -> None:
        """Remember a file that was made, and write it later if it differs from that on disk."""
        self.faults += made.faults
        entry = self._previous.get(name)
        if entry is None or entry[1] != made.line or not self._is_there(made.line):
            self._pending.append((self._in_folder(name), made.content))
        self._memory.files[name] = (inputs, made.line)
        self._memory.made_anew += 1

    def _is_there(self, line: FileLine) -> bool:
        """Return whether the output folder contains a file of the previous build.

        `line` is the file's line in the manifest. If the portal is built in a new folder, the file
        is first linked into that folder from the finished portal.
        """
        if self._finished is None or line.path in self._taken_over:
            return True
        is_taken_over = self._finished.link(line, self._in_folder(line.path))
        if is_taken_over:
            self._taken_over.add(line.path)
        return is_taken_over

    def copy(self, name: str, source: Path) -> str:
        """Add a copy of the file `source` to the portal as `name`, and return `name`.

        `finish` writes the copy to disk.

        Raises: OSError if `source` cannot be read.
        """
        inputs = {"copy": source, "state": file_state(source)}
        entry = self._previous.get(name)
        if entry is None or entry[0] != inputs or not self._is_there(entry[1]):
            self._keep(name, inputs, self._made(_Task(name, inputs, lambda _: source.read_bytes())))
        else:
            self._memory.files[name] = entry
        return name

    def lines(self) -> dict[str, FileLine]:
        """Return {file name: line in the manifest} for all files of this build.

        A line contains the path, sha256 and size of a file.
        """
        return {name: line for name, (_, line) in self._memory.files.items()}

    def finish(self) -> None:
        """Write all changed files to disk, and delete files that only the previous build contained.

        Raises: OSError if a file cannot be written.
        """
        with ThreadPoolExecutor(WRITERS) as pool:
            for write in [
                pool.submit(Path(path).write_bytes, content) for path, content in self._pending
            ]:
                write.result()
        for name in self._previous.keys() - self._memory.files.keys():
            (self._output / name).unlink(missing_ok=True)

    def _faults_of_people(self, name: str, content: bytes) -> list[Fault]:
        """Return a fault for every passage of the file `name` that may be personal data.

        Code, pictures and attached files are not checked.
        """
        ending = Path(name).suffix
        if ending not in GUARDED or name.startswith(CODE_PATHS):
            return []
        text = content.decode()
        if ending == ".html":
            suspicions = self._guard.suspicions(visible_text(text), self._allowed)
        else:
            suspicions = self._guard.suspicions_in_data(text, self._allowed)
        return [Fault(Path(name), suspicion.line, str(suspicion)) for suspicion in suspicions]

    def _in_folder(self, name: str) -> str:
        """Create the folder of an output file if it does not exist, and return the file's path."""
        folder = name.rpartition("/")[0]
        if folder not in self._folders:
            (self._output / folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        return f"{self._output}/{name}"
