"""The portal's pages: one Pelican generator that takes the content and renders every page of it.

What it writes depends on the content, the settings and on which materials are public, never on the
hour, so that two builds of the same are the same release.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup
from pelican import signals
from pelican.generators import Generator
from portal_content import Content, Material, Meeting
from portal_feeds import atom, calendar, facts_of, robots, sitemap
from portal_front_matter import ContentFaults
from portal_lines import by_kind, by_year, kinds, material_links, meeting_links, uses
from portal_links import PICTURES
from portal_messages import say
from portal_pictures import ICON_SIZES, icon, shrunk
from portal_qr import qr_svg
from portal_release import KIOSK, SCANNER, SERVER, SHELL, FileLine, write_manifest
from portal_search import documents_file, of_material, of_meeting, of_page, text_file
from portal_texts import Text, picture_at, text_of, text_of_material
from portal_writer import Memory, PortalWriter

APP = "app"
HOME_MEETINGS = 10
"""On the home page, the newest; the others are on the pages of their years."""

PRINTED = {
    "ma-qr": "print_codes",
    "ap-phich": "print_poster",
    "chuong-trinh": "print_agenda",
    "ky-ten": "print_sign_in",
}
"""What is printed for a meeting: the name of each sheet and its template."""
SIGN_IN_ROWS = 22


class PortalGenerator(Generator):  # type: ignore[misc]  # Pelican is untyped
    """Renders everything that stands in the portal; then writes the manifest."""

    def generate_context(self) -> None:
        """Take the content that build.py has read and checked."""
        self.content: Content = self.settings["PORTAL_CONTENT"]
        self.memory: Memory = self.settings["PORTAL_MEMORY"]
        self.url: str = self.settings["PORTAL_URL"]
        self.lists: defaultdict[str, set[str]] = defaultdict(set)
        self.env.globals.update(
            say=say,
            url=self.url,
            css=Markup(self._style("look.css", "portal.css")),  # noqa: S704 - our own style sheets
            print_css=Markup(self._style("print.css")),  # noqa: S704
        )
        self.env.filters["kilobytes"] = kilobytes
        self.env.filters["vi_date"] = lambda day: f"{day:%d/%m/%Y}"
        self.env.filters["vi_hour"] = lambda hour: (
            f"{hour[11:]} {hour[8:10]}/{hour[5:7]}/{hour[:4]}"
        )
        self.env.filters["iso"] = lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}"
        self.letters = 0  # of all texts together
        self.links = material_links(self.content)
        self.meeting_links = meeting_links(self.content)
        self.uses = uses(self.content, self.links, self.meeting_links)
        pictures = sorted((self.content.root / PICTURES).glob("*"))
        self.pictures = tuple((path, _state(path)) for path in pictures)

    def generate_output(self, writer: PortalWriter) -> None:
        """Write every page, and the release over them."""
        self.writer = writer
        files = {code: self._write_material(m) for code, m in self.content.materials.items()}
        for meeting in self.content.meetings:
            self._write_meeting(meeting, files)
        self._write_pages()
        self._write_lists()
        self._copy_code()
        self._write_for_programs()
        if writer.faults:
            raise ContentFaults(writer.faults)
        writer.finish()
        lines = writer.lines()
        write_manifest(Path(self.output_path), lines, self.lists, self._gone(lines))

    def _gone(self, lines: Mapping[str, FileLine]) -> dict[str, str]:
        """Return what now stands where a material that is not public would, by path."""
        held = [m.matter for m in self.content.materials.values() if m.state != "public"]
        pages = {f"t/{each.code}.html": lines[f"t/{each.code}.html"].sha256 for each in held}
        texts = {f"tim/t-{each.code}.js": "" for each in held}
        return pages | texts | {f"tep/{each.file}": "" for each in held if each.file}

    def _page(self, name: str, template: str, **facts: object) -> str:
        """Render one page; `root` leads from it to the portal's top, so that it works anywhere."""
        facts |= {"template": template, "root": "../" * name.count("/"), "path": name}
        return self.writer.put(
            name, facts, lambda own: self.get_template(template).render(own).encode()
        )

    def _text(self, name: str, folder: str, written: str) -> Text:
        of = (written, self.content.addresses, self.pictures)
        text: Text = self.memory.once(name, of, lambda: text_of(self.content, folder, written))
        return text

    def _write_material(self, material: Material) -> set[str]:
        """Write all that a material has; return the names of its files."""
        code = material.matter.code
        of = (material, self.content.addresses, self.pictures, _state(material.attachment))
        text: Text = self.memory.once(
            f"t/{code}", of, lambda: text_of_material(self.content, material)
        )
        self.letters += len(text.words)
        address = f"{self.url}/t/{code}.html"
        files = {self.writer.put(f"qr/{code}.svg", {"of": address}, lambda _: qr_svg(address))}
        size_bytes = 0
        if material.attachment:
            files.add(self.writer.copy(f"tep/{material.attachment.name}", material.attachment))
            size_bytes = material.attachment.stat().st_size
        names = [f"t/{code}.html", *(f"t/{code}-{n}.html" for n in range(2, len(text.parts) + 1))]
        for n, (name, part) in enumerate(zip(names, text.parts, strict=True), 1):
            shared = {"link": self.links[code], "part": n, "parts": len(names)}
            files.add(
                self._page(
                    name,
                    "material",
                    **shared,
                    size_bytes=size_bytes,
                    text=Markup(part),  # noqa: S704 - reduced to a safe list
                    uses=tuple(self.uses.get(code, ())),
                )
            )
        if material.state == "public":
            words = {"of": text.words}
            files.add(
                self.writer.put(
                    f"tim/t-{code}.js", words, lambda _: text_file(material, text.words)
                )
            )
        return files | self._pictures(text.pictures)

    def _pictures(self, addresses: Iterable[str]) -> set[str]:
        found = set()
        for address in addresses:
            path = picture_at(self.content, address)
            facts = {"of": path, "state": _state(path)}
            found.add(self.writer.put(address, facts, lambda own: shrunk(own["of"])))
        return found

    def _write_meeting(self, meeting: Meeting, files_of: dict[str, set[str]]) -> None:
        matter = meeting.matter
        until = [*(item.at for item in matter.agenda[1:]), matter.ends][: len(matter.agenda)]
        items = tuple(
            (item, meeting.instant(item.at), meeting.instant(end))
            for item, end in zip(matter.agenda, until, strict=True)
        )
        directory = self.content.directory
        points = {point.code: point for point in directory.points}
        main = points.get(matter.main_point or "")
        text = self._text(f"hoi-nghi/{meeting.id}", "meetings", meeting.text)
        codes = meeting.material_codes()
        facts: dict[str, Any] = {
            "meeting": self.meeting_links[meeting.id],
            "items": items,
            "links": {code: self.links[code] for code in codes},
            "codes": codes,
            "list_name": list_name(meeting),
            "point_count": len(matter.points or points),
            "main_point": directory.name_of(main) if main else None,
        }
        own = f"hoi-nghi/{meeting.id}"
        whole = Markup("".join(text.parts))  # noqa: S704 - reduced to a safe list
        files = self.lists[list_name(meeting)]
        files.add(self._page(f"{own}.html", "meeting", **facts, text=whole))
        address = f"{self.url}/{own}.html"
        code = self.writer.put(f"qr/m-{meeting.id}.svg", {"of": address}, lambda _: qr_svg(address))
        files.add(code)
        files.add(
            self.writer.put(
                f"{own}.ics", {"of": meeting, "at": address}, lambda _: calendar(meeting, address)
            )
        )
        documents = [
            of_meeting(meeting, text.words),
            *(of_material(self.content.materials[code]) for code in codes),
        ]
        files.add(
            self.writer.put(
                f"tim/m-{meeting.id}.js", {"of": documents}, lambda _: documents_file(documents)
            )
        )
        for code in codes:
            files |= files_of[code]
        files |= self._pictures(text.pictures)
        for name, template in PRINTED.items():
            self._page(f"in/{meeting.id}/{name}.html", template, **facts, rows=SIGN_IN_ROWS)

    def _write_pages(self) -> None:
        """Write the pages of help, which every reader keeps."""
        shared, documents = self.lists[SHELL], []
        for page in self.content.pages:
            text = self._text(f"trang/{page.name}", "pages", page.text)
            documents.append(of_page(page, text.words))
            whole = Markup("".join(text.parts))  # noqa: S704 - reduced to a safe list
            shared.add(self._page(f"trang/{page.name}.html", "page", page=page, text=whole))
            shared |= self._pictures(text.pictures)
        shared.add(self._page("trang/index.html", "pages", pages=self.content.pages))
        shared.add(
            self.writer.put("tim/trang.js", {"of": documents}, lambda _: documents_file(documents))
        )
        alone = [m for code, m in self.content.materials.items() if code not in self.uses]
        others = [of_material(material) for material in alone]
        self.writer.put("tim/khac.js", {"of": others}, lambda _: documents_file(others))

    def _write_lists(self) -> None:
        """Write the pages that lead to others."""
        shared = self.lists[SHELL]
        newest = list(reversed(self.meeting_links.values()))
        years = by_year(newest, lambda link: link.matter.date)
        older = [
            year for year in years if any(m not in newest[:HOME_MEETINGS] for m in years[year])
        ]
        shared.add(
            self._page("index.html", "home", meetings=newest[:HOME_MEETINGS], years=tuple(older))
        )
        for year in older:
            self._page(f"hoi-nghi/nam-{year}.html", "year", year=year, meetings=years[year])
        of_year = by_year(self.links.values(), lambda link: link.matter.updated)
        all_years = sorted(of_year, reverse=True)
        for year in all_years or [0]:
            is_newest = year == (all_years or [0])[0]
            name = "tai-lieu/index.html" if is_newest else f"tai-lieu/{year}.html"
            groups = by_kind(of_year.get(year, []))
            self._page(name, "materials", groups=groups, year=year, years=tuple(all_years))
            if is_newest:
                shared.add(name)
        facts = {"meetings": newest, "kinds": kinds(self.links.values())}
        shared.add(self._page("tim/index.html", "search", **facts, megabytes=_coarse(self.letters)))
        shared.add(self._page("da-luu.html", "kept", meetings=newest))
        shared.add(self._page("chua-luu.html", "not_kept"))
        self.lists[KIOSK].add(self._page("diem-danh/index.html", "kiosk"))

    def _copy_code(self) -> None:
        """Put the bundled code and the icons in place; the worker stands at the top."""
        inlined = {"portal.css", "print.css"}
        for path in sorted(Path(self.settings["PORTAL_BUNDLE"]).iterdir()):
            if path.name in inlined:
                continue
            name = path.name if path.name == "sw.js" else f"{APP}/{path.name}"
            self.lists[_list_of(path.name)].add(self.writer.copy(name, path))
        for name in ("icon.svg", "app.webmanifest"):
            source = Path(self.theme) / "static" / name
            self.lists[SHELL].add(self.writer.copy(name, source))
        for size in ICON_SIZES:
            self.writer.put(f"icon-{size}.png", {"of": size}, lambda own: icon(own["of"]))

    def _write_for_programs(self) -> None:
        """Write what programs read: a server's facts, the feed, the map, what crawlers may see."""
        facts = facts_of(self.content)
        self.lists[SERVER].add(
            self.writer.put("facts.json", facts, lambda own: msgspec.json.encode(own))
        )
        public = [m.matter for m in self.content.materials.values() if m.state == "public"]
        pages: list[tuple[str, date | None]] = [
            ("index.html", None),
            ("tai-lieu/index.html", None),
            *((f"hoi-nghi/{meeting.id}.html", None) for meeting in self.content.meetings),
            *((f"t/{matter.code}.html", matter.updated) for matter in public),
            *((f"trang/{page.name}.html", None) for page in self.content.pages),
        ]
        self.writer.put("sitemap.xml", {"of": pages}, lambda _: sitemap(self.url, pages))
        of = {"meetings": self.content.meetings, "materials": public}
        self.writer.put("tin.atom", of, lambda _: atom(self.content, self.url))
        self.writer.put("robots.txt", {}, lambda _: robots(self.url))

    def _style(self, *names: str) -> str:
        folder = Path(self.settings["PORTAL_BUNDLE"])
        return "".join((folder / name).read_text("utf-8") for name in names)


def list_name(meeting: Meeting) -> str:
    """Return the name of a meeting's list in the manifest."""
    return f"m-{meeting.id}"


def _state(path: Path | None) -> tuple[int, int] | None:
    """Return what changes with a file."""
    if path is None:
        return None
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def kilobytes(size_bytes: int) -> str:
    """Return a size as readers see it: `38`, at least 1."""
    return f"{max(1, round(size_bytes / 1000)):,}".replace(",", ".")


def _list_of(name: str) -> str:
    """Return the list in which a file of the code stands, by who needs it."""
    if name in {"sw.js", "office.css", "look.css"}:
        return SERVER
    if not name.startswith("kiosk"):
        return SHELL
    return SCANNER if "zxing" in name else KIOSK


def _coarse(letters: int) -> str:
    """Return about how many megabytes so many letters are when compressed, in steps: `0,1`."""
    return f"{max(0.1, round(letters * 0.45 / 1e6, 1)):.1f}".replace(".", ",")


def _generators(_: object) -> type[Generator]:
    return PortalGenerator


def _writer(_: object) -> type[PortalWriter]:
    return PortalWriter


def register() -> None:
    """Offer the generator and the writer to Pelican."""
    signals.get_generators.connect(_generators)
    signals.get_writer.connect(_writer)
