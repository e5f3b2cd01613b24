"""What the documentation says of settings, events, metrics, errors and commands is what the code says."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from moderation.messages import MESSAGES, Envelope, Message, Topic
from moderation.settings import Settings
from tests.docs import asyncapi, errors_table, event_tables, generate
from tests.docs.codes import ROOT, collect, trees
from tests.docs.command_table import Command, commands
from tests.docs.examples import EXAMPLES, envelope
from tests.docs.metric_table import MetricDoc, happenings, metrics
from tests.docs.setting_table import variable


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return generate.pages()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*generate.WHOLE, *generate.BLOCKS])
def test_generated_parts_are_what_the_code_says_now(name: str, made: dict[Path, str]) -> None:
    path: Path = ROOT / name
    assert path.read_text(encoding="utf-8") == made[path], f"{name} is stale: run `make docs`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_meaning(name: str) -> None:
    row = next(line for line in page("settings.md").splitlines() if f"`{variable(name)}`" in line)
    assert len(row.strip(" |").split("|")[-1].split()) > 2


@pytest.mark.parametrize(
    "variable_name", ["SAFECONDUCT_MODEL_", "KAFKA_HOME", "GENERATOR_TOKEN", "SAFECONDUCT_FAULT"]
)
def test_every_variable_beside_the_settings_is_documented(variable_name: str) -> None:
    assert f"`{variable_name}" in page("settings.md")


def test_no_module_reads_an_environment_variable_that_nobody_documented() -> None:
    reads = re.compile(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"")
    found = {name for path in trees() for name in reads.findall(path.read_text(encoding="utf-8"))}
    undocumented = {name for name in found if f"`{name}" not in page("settings.md")}
    assert not undocumented


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message.kind))
def test_every_field_of_every_message_is_explained(message: type[Message]) -> None:
    section = page("events.md").partition(f"### `{message.kind}`")[2].partition("\n### ")[0]
    for name in event_tables.fields(message):
        assert f"| `{name}` |" in section
        assert event_tables.meaning(name)


def test_every_message_has_an_example_that_reads_back_as_itself() -> None:
    assert [type(example) for example in EXAMPLES] == list(MESSAGES)
    for example in EXAMPLES:
        assert Envelope.model_validate_json(envelope(example).encode()).open() == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.kind))
def test_every_example_fits_the_schema_that_others_generate_their_client_from(example: Message) -> None:
    document = yaml.safe_load(page("asyncapi.yaml"))
    message = next(one for one in document["components"]["messages"].values() if one["name"] == example.kind)
    shown = message["examples"][0]["payload"]
    jsonschema.validate(shown, message["payload"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**shown, "type": "org.safeconduct.something.else.v1"}, message["payload"])


def test_asyncapi_has_a_channel_for_every_topic_and_its_dead_letters() -> None:
    addresses = {channel["address"] for channel in asyncapi.document()["channels"].values()}
    assert addresses == {str(topic) for topic in Topic} | {f"{topic}.dlq" for topic in Topic}


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = asyncapi.document()
    references = re.findall(r"'\$ref': '#/([^']+)'", str(document))
    assert len(references) > len(MESSAGES)
    for reference in references:
        node = document
        for part in reference.split("/"):
            node = node[part]


def test_every_error_code_has_a_meaning_and_a_remedy() -> None:
    unexplained = [
        one.code
        for one in errors_table.completed()
        if one.owner != errors_table.VERIFY_OWNER
        and not (one.meaning and one.remedy and "…" not in one.meaning + one.remedy)
    ]
    assert not unexplained, f"add what they mean and what to do to docs/remedies.toml: {unexplained}"


def test_remedies_are_of_codes_that_exist() -> None:
    assert set(errors_table.remedies()) <= {found.code for found in collect()}


@pytest.mark.parametrize(
    "code",
    [
        "likeness.revoked",
        "message.duplicate_key",
        "enrolment.face_taken",
        "policy.unknown_signal",
        "http.not_found",
        "media.not_media",
    ],
)
def test_codes_are_found_in_every_form_they_are_written_in(code: str) -> None:
    assert code in {found.code for found in collect()}


@pytest.mark.parametrize("metric", metrics(), ids=lambda metric: str(metric.name))
def test_every_metric_is_documented_with_its_meaning(metric: MetricDoc) -> None:
    assert f"| `{metric.name}` |" in page("metrics.md")
    assert metric.help


SERIES = ("bucket", "count", "sum")
"""What a histogram is scraped as."""


def test_alarms_are_on_metrics_that_exist() -> None:
    known = {metric.name for metric in metrics()}
    parts = {f"{metric.name}_{part}" for metric in metrics() if metric.kind == "histogram" for part in SERIES}
    named = set(re.findall(r"safeconduct_\w+", page("metrics.md") + page("operations.md")))
    assert named <= known | parts


def test_what_is_counted_as_happening_is_found() -> None:
    assert "release.served" in happenings()


@pytest.mark.parametrize("command", tuple(commands()), ids=lambda command: str(command.name))
def test_every_command_and_parameter_explains_itself(command: Command) -> None:
    section = page("cli.md").partition(f"### `{command.name}`\n")[2].partition("\n### ")[0]
    assert command.help
    for parameter in command.parameters:
        assert f"`{parameter.name}`" in section
        assert parameter.help
