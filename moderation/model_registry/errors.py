"""What can go wrong with model files. Each class has a stable `code` and a sentence with the remedy."""

from moderation.errors import Kind, ServiceError


class ModelError(ServiceError):
    """Base of the errors of this package. `entry` names the entry of the registry it is about."""

    code = "model.error"
    kind = Kind.UNAVAILABLE

    def __init__(self, entry: str, sentence: str, *, remedy: str = "") -> None:
        super().__init__(sentence, field=entry, remedy=remedy)
        self.entry = entry


class ModelUnknown(ModelError):
    """The registry has no entry of this name."""

    code = "model.unknown"
    kind = Kind.NOT_FOUND


class ModelMissing(ModelError):
    """The files of an entry are not on this machine. Checks that need them could not judge."""

    code = "model.missing"


class ModelDamaged(ModelMissing):
    """A file is there, but its bytes are not the ones pinned; treated as missing."""

    code = "model.damaged"


class FetchFailed(ModelError):
    """A package could not be downloaded. Run the command again: what is verified is kept."""

    code = "model.fetch_failed"


class ClientMissing(FetchFailed):
    """The registry's ordinary client (pip, npm) is not to be had on this machine."""

    code = "model.client_missing"


class ArtifactRejected(FetchFailed):
    """What was downloaded is not what is pinned, or its contents are not safe to unpack. Nothing of it is kept."""

    code = "model.hash_mismatch"
