"""Writes the portal's files, and knows each one's line of the manifest without reading it again."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pelican.writers import Writer
from portal_front_matter import Fault
from portal_guard import Guard, visible_text
from portal_release import FileLine

GUARDED = frozenset({".html", ".ics", ".atom", ".xml", ".json", ".js"})
WRITERS = 4
"""Making thousands of small files is what takes a disk its time, not their bytes."""
OUR_OWN = ("app/", "sw.js")
"""Code, not content."""


class Memory:
    """What outlives one run of `serve`: what each file was last made from, and its line."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[Mapping[str, Any], FileLine]] = {}
        self.kept: dict[str, tuple[Any, Any]] = {}

    def once(self, name: str, of: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` gives, made again only when what it is made `of` has changed."""
        known = self.kept.get(name)
        if known is None or known[0] != of:
            known = (of, make())
            self.kept[name] = known
        return known[1]


class PortalWriter(Writer):  # type: ignore[misc]  # Pelican is untyped
    """Makes a file only when what it is made from has changed since the memory's last run."""

    def __init__(self, output_path: str, settings: Mapping[str, Any]) -> None:
        super().__init__(output_path, settings)
        self._output = Path(output_path)
        self._memory: Memory = settings["PORTAL_MEMORY"]
        self._before = self._memory.made
        self._memory.made = {}
        self._folders: set[Path] = set()
        self._waiting: list[tuple[Path, bytes]] = []
        self._guard: Guard = settings["PORTAL_GUARD"]
        self._allowed: tuple[str, ...] = settings["PORTAL_CONTENT"].public_contacts
        self.faults: list[Fault] = []

    def put(
        self, name: str, facts: Mapping[str, Any], make: Callable[[Mapping[str, Any]], bytes]
    ) -> str:
        """Write the file that `make` makes from these facts; return its name."""
        known = self._before.get(name)
        if known is None or known[0] != facts:
            content = make(facts)
            self._look_at(name, content)
            line = FileLine(name, hashlib.sha256(content).hexdigest(), len(content))
            if known is None or known[1] != line:
                self._write(name, content)
            known = (facts, line)
        self._memory.made[name] = known
        return name

    def copy(self, name: str, source: Path) -> str:
        """Write a copy of a file."""
        stat = source.stat()
        facts = {"copy": source, "state": (stat.st_mtime_ns, stat.st_size)}
        return self.put(name, facts, lambda _: source.read_bytes())

    def lines(self) -> dict[str, FileLine]:
        """Return the line of every file that was written."""
        return {name: line for name, (_, line) in self._memory.made.items()}

    def finish(self) -> None:
        """Put all on the disk, and delete what the last run wrote and this one did not.

        Raises: OSError of whatever could not be written.
        """
        with ThreadPoolExecutor(WRITERS) as pool:
            for each in [pool.submit(path.write_bytes, own) for path, own in self._waiting]:
                each.result()
        for name in self._before.keys() - self._memory.made.keys():
            (self._output / name).unlink(missing_ok=True)

    def _look_at(self, name: str, content: bytes) -> None:
        """Note what could be personal data, wherever it came from."""
        ending = Path(name).suffix
        if ending not in GUARDED or name.startswith(OUR_OWN):
            return
        text = content.decode()
        if ending == ".html":
            found = self._guard.suspicions(visible_text(text), self._allowed)
        else:
            found = self._guard.in_data(text, self._allowed)
        self.faults += [Fault(Path(name), each.line, str(each)) for each in found]

    def _write(self, name: str, content: bytes) -> None:
        path = self._output / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        self._waiting.append((path, content))
