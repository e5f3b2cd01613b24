"""`make docs-decision`: the decision that docs/decisions.md explains, made by the real gate with the real models."""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moderation.bootstrap import Application
from moderation.gate.judge import Item
from moderation.settings import Settings
from tests.docs.codes import ROOT
from tests.docs.generate import write

PROMPT = "Taylor Swift sings in a small cafe, close to the camera."
FILE = ROOT / "docs" / "examples" / "decision.json"


def judge_example() -> Mapping[str, Any]:
    """What `safeconduct judge` answers for the example's prompt on a fresh installation. Needs the models."""
    with tempfile.TemporaryDirectory() as folder:
        app = Application(Settings(home=Path(folder)))
        try:
            return app.judge.judge(Item("example", text=PROMPT))
        finally:
            app.close()


def main() -> int:
    """Write the example and the page that shows it."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(judge_example(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
