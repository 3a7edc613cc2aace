"""Turn a report's texts, given as JSON on standard input, into a PDF on standard output.

`pdf_file` runs this file as a separate program, because Typst never frees the memory that
it has used: three lists of 5,000 people would take two gigabytes in a server that keeps
running.
"""

import json
import sys
from pathlib import Path
from typing import cast

import typst

TEMPLATE = Path(__file__).with_name("paper.typ")


def main() -> None:
    """Read a report's texts from standard input, and write the PDF to standard output.

    The PDF follows PDF/UA-1, the standard for accessible PDFs, unless this fails. It fails if the
    report has a letter that no font contains, because such a letter is shown as an empty box, which
    the standard forbids. The PDF then still has tags for screen readers.
    """
    paper = sys.stdin.read()
    seconds = json.loads(paper)["at_s"]
    compiler = typst.Compiler(TEMPLATE, sys_inputs={"paper": paper})
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=seconds)
    except typst.TypstError:
        pdf = compiler.compile(format="pdf", timestamp=seconds)
    sys.stdout.buffer.write(cast(bytes, pdf))  # a list comes only for pictures of pages


if __name__ == "__main__":
    main()
