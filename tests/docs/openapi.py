"""docs/openapi.yaml: the interface's own description, as a running service serves it at /v1/openapi.json."""

import json
from functools import cache
from typing import Any, cast

import yaml

from moderation.api.app import create_app
from moderation.api.services import Services
from moderation.observability.metrics import Metrics

HEAD = "# Written by `make docs` from moderation/api; do not edit.\n"


@cache
def document() -> dict[str, Any]:
    """The description, as JSON has it. Nothing behind the routes is needed to describe them."""
    nothing = cast(Any, None)
    services = Services(
        database=nothing, judge=nothing, assets=nothing, enrol=nothing, verify=nothing, on_case_decided=nothing,
        health=nothing, metrics=Metrics(), link_secret=b"-" * 32,
    )  # fmt: skip
    described: dict[str, Any] = json.loads(json.dumps(create_app(services).openapi()))
    return described


def render_openapi() -> str:
    """The whole document."""
    return HEAD + yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=130)


class _Plain(yaml.SafeDumper):
    """Writes everything out: no anchors, which not every reader of OpenAPI knows."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True
