"""Turn a report's texts, given as JSON on standard input, into a PDF on standard output.

`pdf_file` runs this file as a program of its own, because Typst keeps what it has computed in
memory for good: three lists of 5,000 people would take two gigabytes of a server that stays up.
"""

import json
import sys
from pathlib import Path
from typing import cast

import typst

TEMPLATE = Path(__file__).with_name("paper.typ")


def main() -> None:
    """Write the PDF. Its standard is PDF/UA-1, unless a letter of the report is in no font.

    PDF/UA forbids the empty box that then stands for the letter. The PDF is tagged all the same.
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
