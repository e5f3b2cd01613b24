"""compose.yaml as Docker Compose reads it: anchors merged, variables put in, a service's part of it at hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<word>[^}]*))?\})")
_SECONDS = {"s": 1.0, "m": 60.0, "ms": 0.001}


class Unset(Exception):
    """A variable that must be set is not; the text is the file's own."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the file."""

    name: str
    raw: Mapping[str, Any]

    @property
    def ours(self) -> bool:
        """Whether it runs our image."""
        return "build" in self.raw

    @property
    def ends(self) -> bool:
        """Whether it does its work and ends."""
        return self.raw.get("restart") == "no"

    @property
    def command(self) -> Sequence[str]:
        """What follows the image's entry point."""
        return tuple(self.raw.get("command", ()))

    @property
    def environment(self) -> Mapping[str, str]:
        """Its variables."""
        return dict(self.raw.get("environment", {}))

    @property
    def replicas(self) -> int:
        """How many run."""
        return int(self.raw.get("deploy", {}).get("replicas", 1))

    @property
    def depends_on(self) -> Mapping[str, str]:
        """Services that must be there before, and what is waited for."""
        return {name: what["condition"] for name, what in self.raw.get("depends_on", {}).items()}

    @property
    def folders(self) -> Mapping[str, str]:
        """Where each named volume is mounted, by volume."""
        mounts = (mount.split(":") for mount in self.raw.get("volumes", ()))
        return {mount[0]: mount[1] for mount in mounts if not mount[0].startswith((".", "/"))}

    def seconds(self, *path: str) -> float:
        """A duration, such as `stop_grace_period` or `healthcheck`, `interval`."""
        value: Any = self.raw
        for part in path:
            value = value[part]
        number, unit = re.fullmatch(r"(\d+)(\w+)", value).groups()  # type: ignore[union-attr]  # our own file
        return float(number) * _SECONDS[unit]


def text() -> str:
    """The file."""
    return (ROOT / "compose.yaml").read_text(encoding="utf-8")


def read(variables: Mapping[str, str]) -> Mapping[str, Any]:
    """The file with `variables` put in. Raises `Unset` where one is required and empty."""
    document: Mapping[str, Any] = _filled(yaml.safe_load(text()), variables)
    return document


def services(variables: Mapping[str, str]) -> Mapping[str, Service]:
    """Its services by name."""
    return {name: Service(name, raw) for name, raw in read(variables)["services"].items()}


def in_order(known: Mapping[str, Service]) -> Sequence[Service]:
    """Each service after those it depends on."""
    done: dict[str, Service] = {}
    while len(done) < len(known):
        ready = [
            one for one in known.values() if one.name not in done and one.depends_on.keys() <= done.keys()
        ]
        assert ready, "depends_on goes in a circle"
        done.update({one.name: one for one in ready})
    return tuple(done.values())


def variables_named() -> Mapping[str, bool]:
    """Every variable the file names, and whether it must be set."""
    found = [match for match in _VARIABLE.finditer(text()) if match["name"]]
    return {
        match["name"]: any(one["how"] == ":?" for one in found if one["name"] == match["name"])
        for match in found
    }


def example() -> Mapping[str, str]:
    """`.env.example` as Compose reads it."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _filled(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {name: _filled(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, variables) for value in node]
    return _VARIABLE.sub(lambda match: _value(match, variables), node) if isinstance(node, str) else node


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if not match["name"]:
        return "$"
    value = variables.get(match["name"], "")
    if not value and match["how"] == ":?":
        raise Unset(match["word"])
    return value or (match["word"] or "")
