"""compose.yaml is a valid Compose file, names only what exists, and bakes in no secret."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from moderation.bus.worker import Worker
from moderation.cli.menu import MENU
from moderation.settings import Settings
from moderation.warming import API
from moderation.workers import WORKERS
from tests.compose import file
from tests.compose.file import ROOT, Service

SECRETS = {"POSTGRES_PASSWORD": "pg", "MASTER_KEY": "mk", "S3_ACCESS_KEY": "ak", "S3_SECRET_KEY": "sk"}
SERVICES = file.services(SECRETS)
OURS = {name: service for name, service in SERVICES.items() if service.ours}
HTTP_DRAIN_S = 10
"""Uvicorn's own time to end what is being answered, before the workers of the process drain."""


def each(services: Mapping[str, Service]) -> pytest.MarkDecorator:
    """Once for each of `services`."""
    return pytest.mark.parametrize("service", list(services.values()), ids=lambda service: str(service.name))


def test_it_fits_the_schema_of_the_compose_specification() -> None:
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(yaml.safe_load(file.text()), json.loads(vendored.read_text(encoding="utf-8")))


def test_every_worker_and_the_api_have_a_service_and_no_other_name_is_used() -> None:
    named = [service.command[1] for service in OURS.values() if service.command[0] == "worker"]
    assert sorted(named) == sorted([API, *WORKERS])


def test_three_gates_run() -> None:
    assert sum(service.replicas for name, service in SERVICES.items() if name.endswith("-gate")) == 3


@each(OURS)
def test_its_command_exists(service: Service) -> None:
    assert service.command[0] in {entry.name for entry in MENU}


@each(OURS)
def test_every_setting_named_exists_and_can_be_read(service: Service) -> None:
    prefix = "SAFECONDUCT_"
    given = {
        name.removeprefix(prefix).lower(): value
        for name, value in service.environment.items()
        if name.startswith(prefix)
    }
    assert given.keys() <= Settings.model_fields.keys()
    assert Settings.model_validate(given).models_dir == Path("/models")


def test_what_fetches_from_the_internet_is_told_no_secret_and_sees_no_keys() -> None:
    models = OURS["models"]
    assert not [
        value for value in models.environment.values() for secret in SECRETS.values() if secret in value
    ]
    assert set(models.folders.values()) == {"/models"}
    assert [name for name, one in OURS.items() if one.raw["networks"] == ["outside"]] == ["models"]


@each(SERVICES)
def test_what_it_depends_on_exists_and_can_come_true(service: Service) -> None:
    for name, condition in service.depends_on.items():
        other = SERVICES[name]
        assert condition == ("service_completed_successfully" if other.ends else "service_healthy")
        assert other.ends or other.raw["healthcheck"]["test"]


@each(SERVICES)
def test_every_image_is_pinned_and_every_service_bounded_and_networked(service: Service) -> None:
    tag = service.raw["image"].partition(":")[2]
    assert re.search(r"\d+\.\d+", tag)
    assert service.raw["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert set(service.raw["networks"]) <= {"inside", "outside"}


@each(OURS)
def test_ours_run_without_rights_on_a_root_they_cannot_write(service: Service) -> None:
    assert service.raw["read_only"] is True
    assert service.raw["cap_drop"] == ["ALL"]
    assert service.raw["security_opt"] == ["no-new-privileges:true"]
    assert set(service.folders.values()) <= {"/var/lib/safeconduct", "/models"}


@each({name: service for name, service in OURS.items() if not service.ends})
def test_who_stays_is_watched_started_again_and_given_the_time_to_drain(service: Service) -> None:
    assert service.raw["restart"] == "unless-stopped"
    assert service.raw["healthcheck"]["test"][0] == "CMD"
    drain_s = Worker(())._grace_s
    assert service.seconds("stop_grace_period") >= drain_s + HTTP_DRAIN_S + 5


def test_only_the_api_is_published_and_what_watches_it_on_loopback() -> None:
    published = {name: service.raw["ports"] for name, service in SERVICES.items() if "ports" in service.raw}
    assert published.keys() == {"api", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert file.read(SECRETS)["networks"]["inside"] == {"internal": True}
    assert SERVICES["grafana"].raw["profiles"] == ["observability"]


@pytest.mark.parametrize("name", SECRETS)
def test_without_a_secret_nothing_starts_and_the_message_names_it(name: str) -> None:
    with pytest.raises(file.Unset, match=f"set {name} in .env"):
        file.read({**SECRETS, name: ""})


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    named, example = file.variables_named(), file.example()
    assert named.keys() == example.keys()
    assert {name for name, required in named.items() if required} == SECRETS.keys()
    assert {name for name, value in example.items() if not value} == {*SECRETS, "GRAFANA_PASSWORD"}


def test_every_file_and_volume_that_is_mounted_exists() -> None:
    document = file.read(SECRETS)
    for service in SERVICES.values():
        assert service.folders.keys() <= document["volumes"].keys()
        mounts = (mount.split(":")[0] for mount in service.raw.get("volumes", ()))
        assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("."))


def test_the_image_copies_what_exists_runs_as_nobody_in_particular_and_is_the_command() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    allowed = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists()
        assert name in allowed or any(name.startswith(one.partition("*")[0]) for one in allowed if "*" in one)
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["safeconduct"]' in lines
