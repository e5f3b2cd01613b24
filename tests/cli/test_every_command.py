"""What holds for every command: it explains itself, offers JSON, and what a person can act on is one line and status 2."""

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from sqlalchemy.exc import OperationalError

from consent.likeness.handles import HandleInvalid
from moderation.bus.dead_letters import DeadLetterUnknown
from moderation.cli.errors import ACTIONABLE, show_error
from moderation.cli.menu import whole
from moderation.errors import ServiceError
from moderation.generation.submit import GenerationIdTaken
from moderation.messages import GenerationRequested, MessageError
from moderation.store import DatabaseUnusable
from provenance.errors import StampFailed
from tests.support.commands import Shell

WITHOUT_JSON = {"up", "worker"}
"""They run until they are told to stop, and answer nothing."""


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    yield from _walk(whole(), ())


def _walk(app: typer.Typer, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for info in app.registered_commands:
        assert info.callback is not None
        yield (*above, info.name or info.callback.__name__)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _walk(group.typer_instance, (*above, str(group.name)))


COMMANDS = list(commands())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(shell: Shell, words: tuple[str, ...]) -> None:
    shown = shell(*words, "--help")
    assert (shown.status, shown.err) == (0, "")
    assert "Usage:" in shown.out
    assert ("--json" in shown.out) is (words[0] not in WITHOUT_JSON)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_refuses_an_option_it_does_not_have(shell: Shell, words: tuple[str, ...]) -> None:
    refused = shell(*words, "--no-such-option")
    assert (refused.status, refused.out) == (2, "")
    assert "--no-such-option" in refused.err


def test_no_command_is_missing() -> None:
    assert {words[0] for words in COMMANDS} >= {
        "up", "submit", "judge", "verify", "replay", "backtest", "policy", "worker", "dlq", "evaluate", "revoke", "report",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["explain", "gen_nowhere"], "generation.unknown", "gen_nowhere"),
        (["link", "gen_nowhere"], "generation.unknown", "gen_nowhere"),
        (["link", "rel_nowhere"], "release.unknown", "rel_nowhere"),
        (["link", "@nobody"], "release.none", "@nobody"),
        (["revoke", "@nobody"], "likeness.unknown", "@nobody"),
        (["erase", "@nobody", "--yes"], "likeness.unknown", "@nobody"),
        (["replay"], "replay.nothing_named", "--all"),
        (["replay", "dec_nowhere"], "replay.unknown", "dec_nowhere"),
        (["dlq", "replay", "dead_nowhere"], "dead_letter.unknown", "dead_nowhere"),
        (["dlq", "dismiss", "dead_nowhere"], "dead_letter.unknown", "dead_nowhere"),
        (["keys", "revoke", "key_nowhere"], "auth.key_unknown", "key_nowhere"),
        (["worker", "painter"], "worker.unknown", "painter"),
        (["submit", ""], "input.invalid", "prompt"),
        (["submit", "x" * 100_000], "input.invalid", "20000"),
        (["submit", "x", "--remix", ""], "input.invalid", "remix_parent"),
        (["policy", "diff", "nowhere.yaml", "shipped"], "policy.unknown", "nowhere.yaml"),
        (["policy", "check", "here.yaml"], "policy.invalid", "here.yaml"),
    ],
)
def test_what_a_person_can_act_on_is_one_line_with_its_code_and_status_2(
    shell: Shell, arguments: list[str], code: str, named: str
) -> None:
    (shell.home / "here.yaml").write_text("")
    refused = shell(*arguments)
    assert (refused.status, refused.out) == (2, "")
    first, *rest = refused.err.splitlines()
    assert first.startswith(f"safeconduct: {code}: ")
    assert named in first
    assert len(first) < 500
    assert rest == [] or code == "policy.invalid"


def test_a_bad_setting_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFECONDUCT_PORT", "eighty")
    refused = shell("report")
    assert refused.status == 2
    assert refused.err.startswith("safeconduct: settings.invalid: SAFECONDUCT_PORT: ")
    assert "eighty" in refused.err


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("no url", "store.bad_url"),
        ("mysql://u:secret@h/d", "store.unsupported"),
        ("sqlite://", "store.unsupported"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str, code: str
) -> None:
    monkeypatch.setenv("SAFECONDUCT_DATABASE_URL", url)
    refused = shell("report")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith(f"safeconduct: {code}: database_url: ")
    assert "secret" not in refused.err


@pytest.mark.parametrize(
    "error",
    [
        ServiceError("a sentence", field="f", value="v", remedy="r"),
        GenerationIdTaken("another", field="generation_id", value="g"),
        HandleInvalid("handle: wrong"),
        MessageError("message.future_version", "type: newer"),
        DatabaseUnusable("store.unreachable", "database_url: down"),
        DeadLetterUnknown("id: none"),
        StampFailed("stamp.failed", "no key"),
    ],
)
def test_every_family_of_errors_is_shown_with_its_stable_code(
    error: ServiceError | MessageError | DatabaseUnusable, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(error, ACTIONABLE)
    assert show_error(error) == 2
    assert capsys.readouterr().err.startswith(f"safeconduct: {error.code}: ")


def test_an_error_of_the_program_is_not_hidden() -> None:
    assert not isinstance(KeyError("bug"), ACTIONABLE)
    assert not isinstance(OperationalError("", {}, Exception()), ACTIONABLE)


def test_the_module_runs_as_the_command_does() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "moderation", "policy", "check", "/nowhere.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "/nowhere.yaml" in ran.stderr.replace("\n", "")


def test_a_request_on_the_command_line_is_bounded_like_any_other() -> None:
    limit = GenerationRequested.model_fields["prompt"].metadata
    assert any(getattr(bound, "max_length", 0) == 20_000 for bound in limit)
    assert inspect.isclass(GenerationRequested)
