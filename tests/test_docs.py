"""Test that docs/ describes every route, setting, command, kind of record, flag and error.

The tests also fail if docs/ describes something that no longer exists.
"""

import re
from collections.abc import Mapping

import click
import pytest
from flask import Flask
from flask.cli import AppGroup

from sync_server import errors
from sync_server.config import ROOT, Settings
from sync_server.domain.records.door import REFUSALS
from sync_server.domain.records.kinds import KINDS
from sync_server.domain.records.permissions import MAY, MAY_WRITE, OFFICE_ROLES, Action
from tests.scenarios import scenarios


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def test_every_route_is_documented(app: Flask) -> None:
    text = page("api")
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<path:(\w+)>", r"<\1>", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"`{method} {path}`" in text or f"`{path}`" in text, f"{method} {path}"


def test_no_route_is_documented_that_is_gone(app: Flask) -> None:
    rules = {re.sub(r"<path:", "<", rule.rule) for rule in app.url_map.iter_rules()}
    for path in re.findall(r"`(?:GET|POST) (/[^`]*)`", page("api")):
        assert path in rules, path


def test_every_setting_is_documented() -> None:
    documented = first_column(page("settings"))

    assert sorted(name.lower() for name in documented) == sorted(Settings.__struct_fields__)


def test_every_command_is_documented_and_has_help(app: Flask) -> None:
    ours = app.cli.commands.keys() - {"db"}
    command_names = []
    for name in sorted(ours):
        command = app.cli.commands[name]
        subcommands: Mapping[str, click.Command] = (
            command.commands if isinstance(command, AppGroup) else {"": command}
        )
        for sub, subcommand in subcommands.items():
            assert subcommand.help, f"{name} {sub}"
            command_names.append(f"{name} {sub}".strip())
    documented = re.findall(r"`flask --app sync_server ([a-z]+(?: [a-z]+)?)", page("commands"))

    assert set(command_names) | {"db upgrade"} == set(documented)


def test_every_make_target_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)) - {"help"}

    assert targets == set(re.findall(r"`([\w-]+)`", page("commands").split("\n\n")[1])) - {"make"}


def test_every_action_is_documented_with_the_roles_that_have_it() -> None:
    lines = re.findall(r"^\| `?(\w+)`? \| (.+) \|$", page("office"), re.MULTILINE)
    head, *rows = [(name, [cell.strip() for cell in cells.split("|")]) for name, cells in lines]

    assert set(head[1]) == OFFICE_ROLES
    assert [name for name, _ in rows] == list(Action)
    for name, marks in rows:
        has_it = {role for role, mark in zip(head[1], marks, strict=True) if mark}
        assert has_it == {role for role in OFFICE_ROLES if name in MAY[role]}, name


def test_every_page_of_the_office_is_documented_with_its_action(app: Flask) -> None:
    actions = dict[str, str]()
    rows = re.findall(r"^\| (`(?:GET|POST) /van.+?) \| `?(\w+)`? \|", page("api"), re.MULTILINE)
    for pages, action in rows:
        actions |= dict.fromkeys(re.findall(r"`([^`]+)`", pages), action)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if rule.endpoint.startswith("office."):
                action = vars(app.view_functions[rule.endpoint]).get("action", "none")
                assert actions[f"{method} {rule.rule}"] == action


def test_every_kind_is_documented_with_who_may_write_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page("records"), re.MULTILINE))

    assert set(rows) == set(KINDS)
    for kind, writers in rows.items():
        may = {profile.value for profile, kinds in MAY_WRITE.items() if kind in kinds}
        assert may == set(re.findall(r"\w+", writers)), kind


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_is_documented(code: str) -> None:
    assert f"`{code}`" in page("records")


def test_every_error_is_documented_with_its_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", page("errors"), re.MULTILINE)
    errors_in_code = {(error.code, str(error.status)) for error in errors.AppError.__subclasses__()}

    assert set(rows) == errors_in_code


def test_every_flag_is_documented() -> None:
    code = "".join(p.read_text("utf-8") for p in (ROOT / "sync_server/domain").rglob("*.py"))

    assert set(first_column(page("standing"))) == set(
        re.findall(r'flags\.add\([^,]+, "([a-z_]+)"\)', code)
    )


def test_every_page_is_listed_and_every_link_leads_somewhere() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", page("README"))) == pages
    for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", re.sub("`[^`]*`", "", path.read_text("utf-8"))):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_every_scenario_stands_with_its_rule_and_no_other() -> None:
    named = re.findall(r"^ +\*([^*]+)\*$", page("rules"), re.MULTILINE)
    names = [name.strip() for line in named for name in line.split(" · ")]

    assert sorted(names) == sorted(scenario.name for scenario in scenarios())


def test_every_test_that_the_threats_name_exists() -> None:
    sources = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "tests").rglob("*.py")
        if path.name != "test_docs.py"
    )
    named = set(re.findall(r"`(test_\w+)`", page("threats")))
    missing = [name for name in sorted(named) if f"def {name}(" not in sources]
    assert len(named) > 30
    assert missing == []


def test_every_row_of_the_asvs_says_how_why_or_when_and_names_what_exists() -> None:
    rows = re.findall(r"^\| (V\d+\.\d+\.\d+) \| (\S+) \| (.+?) \| (.+?) \|$", page("asvs"), re.M)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert len({row[0] for row in rows}) == len(rows) == 217
    for number, state, why, shown in rows:
        assert len(why) > 10, number
        assert state in {"met", "n/a", "open"}, number
        if state == "open":
            assert shown in {"1.0", "later"}, number
        for name in re.findall(r"`([^`]+)`", shown):
            exists = f"def {name}(" in tests or (ROOT / name).exists()
            assert exists, f"{number} names {name}"
        assert state != "met" or "`" in shown, number


def test_every_link_of_the_vietnamese_guide_and_every_command_in_it_exists(app: Flask) -> None:
    for path in (ROOT / "docs" / "vi").glob("*.md"):
        text = path.read_text("utf-8")
        for link in re.findall(r"\]\(([^)#]+\.md)", text):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
        for command in re.findall(r"sudo diemcau (\w+)", text):
            assert command in {*app.cli.commands, "LỆNH"}, f"{path.name}: diemcau {command}"
