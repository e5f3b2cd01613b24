"""The tables of docs/models.md from the model registry."""

from pathlib import Path

from moderation.coverage import LOOKS, SCORED, CoverageRow, coverage_of
from moderation.generation.works import WorksInText
from moderation.model_registry.entries import ModelEntry, shipped_registry
from moderation.model_registry.files import ModelFiles
from moderation.profile import default_profile
from tests.docs.markdown import code, table


def render_models() -> str:
    """Every entry with its origin and its terms."""
    columns = (
        "entry",
        "job",
        "package",
        "MB",
        "licence of the code",
        "licence of the weights",
        "commercial use",
    )
    return table(columns, (_row(entry) for entry in shipped_registry().models))


def _row(entry: ModelEntry) -> tuple[str, ...]:
    return (
        code(entry.name),
        entry.job,
        f"{entry.registry}: {entry.package} {entry.version}",
        f"{sum(file.bytes for file in entry.files) / 1e6:.1f}",
        entry.licence_code,
        entry.licence_weights,
        entry.commercial_use,
    )


def render_open_slots() -> str:
    """Every aspect without a model."""
    columns = ("aspect", "category", "medium", "what is not looked at", "would be filled by")
    slots = shipped_registry().uncovered
    return table(
        columns,
        ((code(slot.aspect), slot.category, slot.medium, slot.about, slot.fill_with) for slot in slots),
    )


def render_coverage() -> str:
    """What is looked at, in which medium, by which check with which models."""
    profile = default_profile(ModelFiles(Path("no-models-needed")))
    columns = ("medium", "category", "stage", "check", "models", "measured in")
    rows = [row for row in coverage_of(profile, WorksInText()) if row.status != "uncovered"]
    return table(
        columns, (_looked(row) for row in sorted(rows, key=lambda row: (row.medium, row.stage != "request")))
    )


def _looked(row: CoverageRow) -> tuple[str, ...]:
    categories = (
        "all but public figures and works"
        if len(row.categories) == len(SCORED)
        else ", ".join(row.categories)
    )
    models = ", ".join(code(entry) for entry in LOOKS[row.aspect].models) or "–"
    return (row.medium, categories or "–", row.stage, code(row.aspect), models, row.measured)
