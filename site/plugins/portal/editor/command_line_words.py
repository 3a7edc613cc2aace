"""Translate the messages of argparse, the parser of `build.py`'s options, into Vietnamese."""

import argparse
from gettext import ngettext

from portal.messages import catalogue


def install() -> None:
    """Make argparse take its messages from the group `argparse` of the program's message catalogue.

    A message that is missing there remains in English.
    """
    vars(argparse).update(_=_word, ngettext=_word_for_count)


def _word(message: str) -> str:
    return catalogue()["argparse"].get(message, message)


def _word_for_count(one: str, many: str, count: int) -> str:
    return catalogue()["argparse"].get(one) or ngettext(one, many, count)
