"""Test that texts and states of attendance are readable in the light and in the dark theme."""

import re

import pytest

from sync_server.config import ROOT

TEXT, KIOSK = 4.5, 7.0  # WCAG 2.1 contrast: AA for text, AAA for the kiosk in a bright hall
STATES = ("ink", "muted", "present", "late", "excused", "unexcused", "unrecorded")


def colour_tokens() -> list[dict[str, str]]:
    """Return the colours of the light theme and of the dark theme, as hex values by name.

    Raises: AssertionError if look.css does not define two themes.
    """
    css = (ROOT / "site" / "app" / "look.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    assert len(blocks) == 2
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", colour_tokens(), ids=["light", "dark"])
def test_every_colour_has_enough_contrast(look: dict[str, str]) -> None:
    for name in STATES:
        assert contrast(look[name], look["paper"]) >= TEXT, name
        assert contrast(look[name], look["tint"]) >= TEXT, name
    assert contrast(look["on-brand"], look["brand"]) >= TEXT
    assert contrast(look["on-bar"], look["bar"]) >= KIOSK


@pytest.mark.parametrize("look", colour_tokens(), ids=["light", "dark"])
def test_the_kiosk_s_states_can_be_read_at_arm_s_length(look: dict[str, str]) -> None:
    for name in ("ink", "present", "late", "excused", "unrecorded"):
        assert contrast(look[name], look["paper"]) >= KIOSK, name
