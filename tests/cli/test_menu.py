"""The list of commands: quick to show, complete, and in the commands' own words."""

import inspect
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from moderation.cli.menu import MENU, for_arguments, whole

HEAVY = (
    "torch",
    "transformers",
    "onnxruntime",
    "faiss",
    "av",
    "sqlmodel",
    "fastapi",
    "kafka",
    "moderation.bootstrap",
)


def told(app: typer.Typer) -> dict[str, str]:
    """What each command, or group, says of itself, by name."""
    commands = {
        info.name or "": inspect.getdoc(info.callback) or ""
        for info in app.registered_commands
        if info.callback
    }
    groups = {
        group.name or "": str(group.typer_instance.info.help)
        for group in app.registered_groups
        if group.typer_instance
    }
    return {**commands, **groups}


def test_the_menu_lists_every_command_in_the_commands_own_words() -> None:
    said = told(whole())
    assert [entry.name for entry in MENU] == list(said)
    for entry in MENU:
        assert said[entry.name].startswith(entry.summary.removesuffix(".")), entry.name


def test_help_imports_no_library_that_takes_long() -> None:
    code = (
        "import sys; sys.argv = ['safeconduct', '--help']\n"
        "from moderation.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "heavy: []" in shown
    assert all(entry.name in shown for entry in MENU)


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_without_a_command_the_list_is_shown(arguments: list[str]) -> None:
    shown = CliRunner().invoke(for_arguments(arguments), arguments).output
    assert all(entry.name in shown for entry in MENU)


def test_a_command_is_called_by_its_name_with_its_own_options() -> None:
    shown = CliRunner().invoke(for_arguments(["keys", "make"]), ["keys", "make", "--help"])
    assert shown.exit_code == 0
    assert "--under-18" in shown.output


def test_a_misspelt_command_is_refused_and_the_near_one_named() -> None:
    shown = CliRunner().invoke(for_arguments(["verfy"]), ["verfy", "clip.mp4"])
    assert shown.exit_code == 2
    assert "No such command 'verfy'" in shown.output
    assert "verify" in shown.output


def test_a_shell_that_completes_gets_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SAFECONDUCT_COMPLETE", "complete_bash")
    assert set(told(for_arguments([]))) == {entry.name for entry in MENU}
