"""Generate every page of the portal with Pelican, a generator of static sites.

The output depends on the content, on the settings and on which materials (documents for meetings)
are public, but not on the time of the build. If these are the same, two builds give the same files.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from markupsafe import Markup
from pelican import signals
from pelican.generators import Generator

from portal.content.file_names import PICTURES
from portal.content.front_matter import ContentFaults
from portal.content.loading import Material, Meeting, PortalContent, file_state
from portal.media.pictures import ICON_SIZES, icon, shrink_picture
from portal.media.qr_codes import qr_svg
from portal.media.texts import (
    Text,
    headings_of,
    link_parts,
    picture_at,
    text_of,
    text_of_material,
)
from portal.messages import say
from portal.pages.files_for_programs import atom, calendar, published_directory_of, robots, sitemap
from portal.pages.listings import (
    group_by_kind,
    group_by_year,
    halls_of,
    kinds_of,
    material_links,
    meeting_links,
    uses_by_material,
)
from portal.pages.memory import Memory
from portal.pages.search import (
    HALLS_PAGE,
    documents_file,
    halls_document,
    material_document,
    meeting_document,
    page_document,
    text_file,
)
from portal.pages.writer import PortalWriter
from portal.release.manifest import KIOSK, SCANNER, SERVER, SHELL, write_manifest
from sync_server.domain.release import FileLine

APP = "app"
HOME_MEETINGS = 10
"""The number of meetings, the newest first, that the home page lists.

Older meetings are listed on separate pages, one for every year.
"""

PRINTED = {
    "ma-qr": "print_codes",
    "ap-phich": "print_poster",
    "chuong-trinh": "print_agenda",
    "ky-ten": "print_sign_in",
}
"""The sheets that are printed for a meeting, such as a poster.

Keys are the file names of the pages, and values are the names of the templates.
"""


class PortalGenerator(Generator):  # type: ignore[misc]  # Pelican is untyped
    """A Pelican generator that writes all pages of the portal, and then the manifest.

    The manifest lists all written files with their sha256.
    """

    def generate_context(self) -> None:
        """Prepare the data that pages need, such as links and template filters.

        Pelican's settings contain the portal's content, which build.py has checked. Pelican calls
        this method before `generate_output`.
        """
        self.content: PortalContent = self.settings["PORTAL_CONTENT"]
        self.memory: Memory = self.settings["PORTAL_MEMORY"]
        self.url: str = self.settings["PORTAL_URL"]
        self.lists: defaultdict[str, set[str]] = defaultdict(set)
        self.env.globals.update(
            say=say,
            url=self.url,
            css=Markup(self._style("look.css", "portal.css")),  # noqa: S704 - trusted style sheets
            print_css=Markup(self._style("print.css")),  # noqa: S704
        )
        self.env.filters["kilobytes"] = kilobytes
        self.env.filters["vi_date"] = lambda day: f"{day:%d/%m/%Y}"
        self.env.filters["vi_hour"] = lambda hour: (
            f"{hour[11:]} {hour[8:10]}/{hour[5:7]}/{hour[:4]}"
        )
        self.env.filters["iso"] = lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}"
        self.letters = 0  # characters in all materials
        self.links = material_links(self.content)
        self.meeting_links = meeting_links(self.content)
        self.uses = uses_by_material(self.content, self.links, self.meeting_links)
        pictures = sorted((self.content.root / PICTURES).glob("*"))
        self.pictures = tuple((path, file_state(path)) for path in pictures)

    def generate_output(self, writer: PortalWriter) -> None:
        """Write every page and file of the portal with `writer`, and then the manifest.

        The manifest lists all files of the portal with their sha256, unchanged ones included.

        Raises: ContentFaults if a file may contain personal data; OSError if a file cannot be
        written.
        """
        self.writer = writer
        files = {code: self._write_material(m) for code, m in self.content.materials.items()}
        for meeting in self.content.meetings:
            self._write_meeting(meeting, files)
        self._write_pages()
        self._write_lists()
        self._copy_code()
        self._write_for_programs()
        writer.make_files()
        if writer.faults:
            raise ContentFaults(writer.faults)
        writer.finish()
        lines = writer.lines()
        write_manifest(Path(self.output_path), lines, self.lists, self._withdrawn_paths(lines))

    def _withdrawn_paths(self, lines: Mapping[str, FileLine]) -> dict[str, str]:
        """Return the files that readers' devices must delete if the devices have saved them.

        The files belong to materials (documents for meetings) that are not yet public or have been
        withdrawn. The result is {path: sha256 of the notice that replaces the file, or "" if
        nothing replaces it}. `lines` is {path: entry in the list of files}, for all written files.
        """
        held = [m.matter for m in self.content.materials.values() if m.state != "public"]
        pages = {f"t/{matter.code}.html": lines[f"t/{matter.code}.html"].sha256 for matter in held}
        texts = {f"tim/t-{matter.code}.js": "" for matter in held}
        return pages | texts | {f"tep/{matter.file}": "" for matter in held if matter.file}

    def _page(self, name: str, template: str, **context: object) -> str:
        """Render the page `name` from a template, write the page, and return `name`.

        `context` contains the template's variables. The variable `root`, a relative path to the
        portal's top folder, is added so that links work at any address of the portal.
        """
        context |= {"template": template, "root": "../" * name.count("/"), "path": name}
        return self.writer.put(
            name, context, lambda values: self.get_template(template).render(values).encode()
        )

    def _text(self, name: str, folder: str, markdown: str) -> Text:
        inputs = (markdown, self.content.addresses, self.pictures)
        text: Text = self.memory.remember(
            name, inputs, lambda: text_of(self.content, folder, markdown)
        )
        return text

    def _write_material(self, material: Material) -> set[str]:
        """Write all files of a material (a document for meetings), and return their names.

        The files are the pages, QR code, pictures, attached file, and text for the search.
        """
        code = material.matter.code
        inputs = (
            material,
            self.content.addresses,
            self.pictures,
            material.attachment and file_state(material.attachment),
        )
        text: Text = self.memory.remember(
            f"t/{code}", inputs, lambda: text_of_material(self.content, material)
        )
        self.letters += len(text.words)
        address = f"{self.url}/t/{code}.html"
        files = {self.writer.put(f"qr/{code}.svg", {"of": address}, lambda _: qr_svg(address))}
        size_bytes = 0
        if material.attachment:
            files.add(self.writer.copy(f"tep/{material.attachment.name}", material.attachment))
            size_bytes = material.attachment.stat().st_size
        names = [f"t/{code}.html", *(f"t/{code}-{n}.html" for n in range(2, len(text.parts) + 1))]
        linked = link_parts(text.parts, lambda number: PurePosixPath(names[number - 1]).name)
        contents = headings_of(text.parts) if len(names) > 1 else []
        for n, (name, part) in enumerate(zip(names, linked, strict=True), 1):
            shared = {
                "link": self.links[code],
                "part": n,
                "parts": len(names),
                "contents": contents,
            }
            files.add(
                self._page(
                    name,
                    "material",
                    **shared,
                    size_bytes=size_bytes,
                    text=Markup(part),  # noqa: S704 - contains only safe tags
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
        names = set()
        for address in addresses:
            path = picture_at(self.content, address)
            inputs = {"of": path, "state": file_state(path)}
            names.add(self.writer.put(address, inputs, lambda values: shrink_picture(values["of"])))
        return names

    def _write_meeting(self, meeting: Meeting, material_files: dict[str, set[str]]) -> None:
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
        context: dict[str, Any] = {
            "meeting": self.meeting_links[meeting.id],
            "items": items,
            "links": {code: self.links[code] for code in codes},
            "codes": codes,
            "list_name": list_name(meeting),
            "point_count": len(matter.points or points),
            "main_point": directory.name_of(main) if main else None,
        }
        page_path = f"hoi-nghi/{meeting.id}"
        html = Markup("".join(text.parts))  # noqa: S704 - contains only safe tags
        files = self.lists[list_name(meeting)]
        files.add(self._page(f"{page_path}.html", "meeting", **context, text=html))
        address = f"{self.url}/{page_path}.html"
        code = self.writer.put(f"qr/m-{meeting.id}.svg", {"of": address}, lambda _: qr_svg(address))
        files.add(code)
        files.add(
            self.writer.put(
                f"{page_path}.ics",
                {"of": meeting, "at": address},
                lambda _: calendar(meeting, address),
            )
        )
        documents = [
            meeting_document(meeting, text.words),
            *(material_document(self.content.materials[code]) for code in codes),
        ]
        files.add(
            self.writer.put(
                f"tim/m-{meeting.id}.js", {"of": documents}, lambda _: documents_file(documents)
            )
        )
        for code in codes:
            files |= material_files[code]
        files |= self._pictures(text.pictures)
        for name, template in PRINTED.items():
            self._page(f"in/{meeting.id}/{name}.html", template, **context)

    def _write_pages(self) -> None:
        """Write the help pages and the list of halls. Every reader's device saves these pages.

        Also write search data: for these pages, and for the documents that no meeting uses.
        """
        shared, documents = self.lists[SHELL], []
        for page in self.content.pages:
            text = self._text(f"trang/{page.name}", "pages", page.text)
            documents.append(page_document(page, text.words))
            html = Markup("".join(text.parts))  # noqa: S704 - contains only safe tags
            shared.add(self._page(f"trang/{page.name}.html", "page", page=page, text=html))
            shared |= self._pictures(text.pictures)
        halls = halls_of(self.content.directory)
        if halls:
            documents.append(halls_document(halls))
            shared.add(self._page(HALLS_PAGE, "halls", halls=halls))
        shared.add(
            self._page("trang/index.html", "pages", pages=self.content.pages, has_halls=bool(halls))
        )
        shared.add(
            self.writer.put("tim/trang.js", {"of": documents}, lambda _: documents_file(documents))
        )
        unused_materials = [
            m for code, m in self.content.materials.items() if code not in self.uses
        ]
        unused_documents = [material_document(material) for material in unused_materials]
        self.writer.put(
            "tim/khac.js", {"of": unused_documents}, lambda _: documents_file(unused_documents)
        )

    def _write_lists(self) -> None:
        """Write the home page, the lists of meetings and documents by year, and the search page.

        Also write the pages about files saved for offline use, and the page for recording
        attendance.
        """
        shared = self.lists[SHELL]
        newest = list(reversed(self.meeting_links.values()))
        years = group_by_year(newest, lambda link: link.matter.date)
        older = [
            year for year in years if any(m not in newest[:HOME_MEETINGS] for m in years[year])
        ]
        shared.add(
            self._page("index.html", "home", meetings=newest[:HOME_MEETINGS], years=tuple(older))
        )
        for year in older:
            self._page(f"hoi-nghi/nam-{year}.html", "year", year=year, meetings=years[year])
        materials_by_year = group_by_year(self.links.values(), lambda link: link.matter.updated)
        all_years = sorted(materials_by_year, reverse=True)
        for year in all_years or [0]:
            is_newest = year == (all_years or [0])[0]
            name = "tai-lieu/index.html" if is_newest else f"tai-lieu/{year}.html"
            groups = group_by_kind(materials_by_year.get(year, []))
            self._page(name, "materials", groups=groups, year=year, years=tuple(all_years))
            if is_newest:
                shared.add(name)
        context = {"meetings": newest, "kinds": kinds_of(self.links.values())}
        shared.add(
            self._page(
                "tim/index.html", "search", **context, megabytes=_compressed_megabytes(self.letters)
            )
        )
        shared.add(self._page("da-luu.html", "kept", meetings=newest))
        shared.add(self._page("chua-luu.html", "not_kept"))
        self.lists[KIOSK].add(self._page("diem-danh/index.html", "kiosk"))

    def _copy_code(self) -> None:
        """Copy the bundled JavaScript and style sheets into the portal, and draw the icons.

        The service worker, `sw.js`, goes to the top folder, because a service worker controls only
        pages in or below its folder.
        """
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
            self.writer.put(f"icon-{size}.png", {"of": size}, lambda values: icon(values["of"]))

    def _write_for_programs(self) -> None:
        """Write the files for other programs: facts.json, sitemap.xml, tin.atom and robots.txt.

        facts.json tells sync servers, which collect attendance records, which meetings and halls
        are published. sitemap.xml and robots.txt are for search engines, and tin.atom is a news
        feed to which readers can subscribe.
        """
        directory = published_directory_of(self.content)
        self.lists[SERVER].add(
            self.writer.put("facts.json", directory, lambda values: msgspec.json.encode(values))
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
        inputs = {"meetings": self.content.meetings, "materials": public}
        self.writer.put("tin.atom", inputs, lambda _: atom(self.content, self.url))
        self.writer.put("robots.txt", {}, lambda _: robots(self.url))

    def _style(self, *names: str) -> str:
        folder = Path(self.settings["PORTAL_BUNDLE"])
        return "".join((folder / name).read_text("utf-8") for name in names)


def list_name(meeting: Meeting) -> str:
    """Return the name of the list that contains a meeting's files in the manifest.

    The manifest consists of such lists of built files. The name is `m-` and the meeting's id, for
    example `m-2026-12-18-quy-bon`.
    """
    return f"m-{meeting.id}"


def kilobytes(size_bytes: int) -> str:
    """Return a size in kilobytes (1,000 bytes) as Vietnamese text such as `1.234`, at least `1`."""
    return f"{max(1, round(size_bytes / 1000)):,}".replace(",", ".")


def _list_of(name: str) -> str:
    """Return the name of the list of files in the manifest to which a bundled file belongs.

    The list is `SERVER` for files that only servers read, `KIOSK` for the attendance page,
    `SCANNER` for that page's card scanner, and `SHELL` for files that every reader's device saves.
    """
    if name in {"sw.js", "office.css", "look.css"}:
        return SERVER
    if not name.startswith("kiosk"):
        return SHELL
    return SCANNER if "zxing" in name else KIOSK


def _compressed_megabytes(letters: int) -> str:
    """Estimate the compressed size of a text in megabytes, and return it as text such as `0,1`.

    `letters` is the length of the text in characters. The result has one decimal, and is at least
    `0,1`.
    """
    return f"{max(0.1, round(letters * 0.45 / 1e6, 1)):.1f}".replace(".", ",")


def _generators(_: object) -> type[Generator]:
    return PortalGenerator


def _writer(_: object) -> type[PortalWriter]:
    return PortalWriter


def register() -> None:
    """Register the generator and the writer of this plugin with Pelican.

    Pelican calls this function at its start.
    """
    signals.get_generators.connect(_generators)
    signals.get_writer.connect(_writer)
