"""The portal's pages: one Pelican generator that reads the content and renders every page of it.

What it writes depends on the content and the settings alone, never on the hour, so that two
builds of the same content are the same release.
"""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args

import msgspec
from markupsafe import Markup
from pelican import signals
from pelican.generators import Generator
from pelican.writers import Writer
from portal_content import Content, Material, MaterialKind, Meeting
from portal_markdown import to_html
from portal_messages import say
from portal_qr import qr_svg
from portal_release import SERVER, SHELL, write_manifest

APP = "app"
STATIC = ("icon.svg", "app.webmanifest")


class PortalGenerator(Generator):  # type: ignore[misc]  # Pelican is untyped
    """Renders home, meetings, materials, pages and the kiosk; then writes the manifest."""

    def generate_context(self) -> None:
        """Take the content that build.py has read and checked."""
        self.content: Content = self.settings["PORTAL_CONTENT"]
        self.output = Path(self.output_path)
        self.lists: defaultdict[str, set[str]] = defaultdict(set)
        self.env.globals["say"] = say
        self.env.globals["css"] = Markup(self._style())  # noqa: S704 - our own style sheets
        self.env.filters["kilobytes"] = kilobytes
        self.env.filters["vi_date"] = lambda day: f"{day:%d/%m/%Y}"
        self.env.filters["iso"] = lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}"

    def generate_output(self, writer: Writer) -> None:
        """Write every page, and the release over them."""
        self.writer = writer
        materials = self.content.materials
        for code, material in materials.items():
            self._write_material(code, material)
        for meeting in self.content.meetings:
            self._write_meeting(meeting)
        shared = self.lists[SHELL]
        for page in self.content.pages:
            shared.add(
                self._page(f"trang/{page.name}.html", "page", page=page, text=html_of(page.text))
            )
        shared.add(self._page("index.html", "home", codes=" ".join(materials)))
        shared.add(self._page("tai-lieu/index.html", "materials", groups=self._by_kind()))
        shared.add(self._page("trang/index.html", "pages"))
        shared.add(self._page("chua-luu.html", "not_kept"))
        shared.add(self._page("diem-danh/index.html", "kiosk"))
        self._copy_code()
        (self.output / "facts.json").write_bytes(msgspec.json.encode(self._facts()))
        self.lists[SERVER].add("facts.json")
        write_manifest(self.output, self.lists)

    def _page(self, name: str, template: str, **facts: object) -> str:
        """Render one page; `root` leads from it to the portal's top, so that it works anywhere."""
        root = "../" * name.count("/")
        self.writer.write_file(
            name,
            self.get_template(template),
            self.context,
            root=root,
            content=self.content,
            **facts,
        )
        return name

    def _write_material(self, code: str, material: Material) -> None:
        self._put(
            f"qr/{code}.svg",
            qr_svg(f"{self.settings['PORTAL_URL']}/t/{code}.html"),
        )
        if material.attachment:
            target = self.output / "tep" / material.attachment.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(material.attachment, target)
        used = [m for m in self.content.meetings if code in m.material_codes()]
        self._page(
            f"t/{code}.html",
            "material",
            material=material,
            size_bytes=material.attachment.stat().st_size if material.attachment else 0,
            text=html_of(material.text),
            used=used,
        )

    def _write_meeting(self, meeting: Meeting) -> None:
        matter = meeting.matter
        until = [*(item.at for item in matter.agenda[1:]), matter.ends][: len(matter.agenda)]
        items = [
            (item, meeting.instant(item.at), meeting.instant(end))
            for item, end in zip(matter.agenda, until, strict=True)
        ]
        points = {point.code: point for point in self.content.directory.points}
        main = points.get(matter.main_point or "")
        name = self._page(
            f"hoi-nghi/{meeting.id}.html",
            "meeting",
            meeting=meeting,
            items=items,
            text=html_of(meeting.text),
            list_name=list_name(meeting),
            point_count=len(matter.points or points),
            main_point=self.content.directory.name_of(main) if main else None,
        )
        files = self.lists[list_name(meeting)]
        files.add(name)
        for code in meeting.material_codes():
            files |= {f"t/{code}.html", f"qr/{code}.svg"}
            attachment = self.content.materials[code].attachment
            if attachment:
                files.add(f"tep/{attachment.name}")

    def _by_kind(self) -> list[tuple[str, list[Material]]]:
        groups = []
        for kind in get_args(MaterialKind):
            own = [m for m in self.content.materials.values() if m.matter.kind == kind]
            if own:
                groups.append((kind, sorted(own, key=lambda m: (m.matter.date, m.matter.code))))
        return groups

    def _copy_code(self) -> None:
        """Put the bundled code and the static files in place; the worker stands at the top."""
        for path in sorted(Path(self.settings["PORTAL_BUNDLE"]).iterdir()):
            name = path.name if path.name == "sw.js" else f"{APP}/{path.name}"
            if path.name == "portal.css":
                continue  # inlined in every page
            target = self.output / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            is_read = name not in {"sw.js", f"{APP}/office.css"}
            self.lists[SHELL if is_read else SERVER].add(name)
        for name in STATIC:
            shutil.copyfile(Path(self.theme) / "static" / name, self.output / name)
            self.lists[SHELL].add(name)

    def _style(self) -> str:
        folder = Path(self.settings["PORTAL_BUNDLE"])
        return "".join((folder / name).read_text("utf-8") for name in ("look.css", "portal.css"))

    def _facts(self) -> dict[str, Any]:
        """Return the public facts that a server reads from a release (see docs/release.md)."""
        directory = self.content.directory
        return {
            "units": [
                {"code": unit.code, "name": unit.name, "type": unit.type}
                for unit in directory.units
            ],
            "points": [
                {"code": point.code, "name": directory.name_of(point), "unit": point.unit}
                for point in directory.points
            ],
            "meetings": [
                {
                    "id": meeting.id,
                    "title": meeting.matter.title,
                    "starts_at": f"{meeting.instant(meeting.matter.starts):%Y-%m-%dT%H:%M:%S.000Z}",
                    "ends_at": f"{meeting.instant(meeting.matter.ends):%Y-%m-%dT%H:%M:%S.000Z}",
                    "grace_minutes": meeting.matter.grace_minutes,
                    "points": meeting.matter.points,
                }
                for meeting in self.content.meetings
            ],
        }

    def _put(self, name: str, text: str) -> None:
        path = self.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def html_of(text: str) -> Markup:
    """Return Markdown as HTML that templates need not escape: it is cleaned already."""
    return Markup(to_html(text))  # noqa: S704 - reduced to a safe list


def list_name(meeting: Meeting) -> str:
    """Return the name of a meeting's list in the manifest."""
    return f"m-{meeting.id}"


def kilobytes(size_bytes: int) -> str:
    """Return a size as readers see it: `38`, at least 1."""
    return f"{max(1, round(size_bytes / 1000)):,}".replace(",", ".")


def _generators(_: object) -> type[Generator]:
    return PortalGenerator


def register() -> None:
    """Offer the generator to Pelican."""
    signals.get_generators.connect(_generators)
