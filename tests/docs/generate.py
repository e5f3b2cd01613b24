"""`make docs`: rewrite what the documentation takes from the code. Run as `python -m tests.docs.generate`."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from policies.document import schema_text
from policies.evaluation.card_bars import table
from policies.evaluation.results import load
from tests.docs.asyncapi import render_asyncapi
from tests.docs.codes import ROOT
from tests.docs.command_table import render_commands
from tests.docs.contract import render_contract
from tests.docs.errors_table import render_errors, render_policy_problems, render_verify_reasons
from tests.docs.event_tables import render_messages, render_topics
from tests.docs.key_table import render_keys
from tests.docs.markdown import replace
from tests.docs.metric_table import render_happenings, render_metrics
from tests.docs.model_table import render_coverage, render_models, render_open_slots
from tests.docs.openapi import render_openapi
from tests.docs.setting_table import render_settings
from tests.docs.signal_table import render_signals


def render_example() -> str:
    """The recorded example, without the long list of check revisions and the filing for the DSA database."""
    example = json.loads((ROOT / "docs" / "examples" / "decision.json").read_text(encoding="utf-8"))
    example["reasons"]["dsa"] = "… (docs/examples/decision.json has it)"
    checks = example["revisions"]["checks"]
    example["revisions"]["checks"] = {name: checks[name] for name in ("prompt.figures", "prompt.text")} | {
        "…": "…"
    }
    return f"```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def render_bars() -> str:
    """The table of the bars, as it was measured last."""
    return table(load()["bars"])


BLOCKS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"bars": render_bars},
    "docs/cli.md": {"commands": render_commands},
    "docs/decisions.md": {"example": render_example, "signals": render_signals},
    "docs/errors.md": {
        "errors": render_errors,
        "policy": render_policy_problems,
        "verify": render_verify_reasons,
    },
    "docs/events.md": {"topics": render_topics, "messages": render_messages},
    "docs/metrics.md": {"metrics": render_metrics, "happenings": render_happenings},
    "docs/models.md": {
        "models": render_models,
        "coverage": render_coverage,
        "open slots": render_open_slots,
    },
    "docs/review.md": {"keys": render_keys},
    "docs/settings.md": {"settings": render_settings},
}
WHOLE: Mapping[str, Callable[[], str]] = {
    "docs/asyncapi.yaml": render_asyncapi,
    "docs/openapi.yaml": render_openapi,
    "docs/contract.txt": render_contract,
    "docs/policy.schema.json": schema_text,
}


def pages() -> dict[Path, str]:
    """Every page with generated parts as it should be."""
    made = {ROOT / name: render() for name, render in WHOLE.items()}
    for name, blocks in BLOCKS.items():
        path = ROOT / name
        page = path.read_text(encoding="utf-8")
        for block, render in blocks.items():
            page = replace(page, block, render())
        made[path] = page
    return made


def write() -> list[Path]:
    """Write the pages that are not as they should be, and say which."""
    stale = {
        path: page
        for path, page in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != page
    }
    for path, page in stale.items():
        path.write_text(page, encoding="utf-8")
    return sorted(stale)


if __name__ == "__main__":
    for changed in write():
        sys.stdout.write(f"{changed.relative_to(ROOT)}\n")
