"""The tables of docs/models.md from the model registry."""

from moderation.model_registry.entries import ModelEntry, shipped_registry
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
    columns = ("aspect", "category", "what is not looked at", "would be filled by")
    slots = shipped_registry().uncovered
    return table(columns, ((code(slot.aspect), slot.category, slot.about, slot.fill_with) for slot in slots))
