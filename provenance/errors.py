"""The errors of this wing: each has a stable `code` and a sentence that names the field, the value and the remedy."""


class ProvenanceError(Exception):
    """Something about a file's origin could not be made, read or recorded. `code` is stable and may be shown."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class PkiError(ProvenanceError):
    """Keys or certificates could not be made or loaded."""


class SignerError(ProvenanceError):
    """The signing key cannot be used, or the service that holds it did not sign."""


class StampFailed(ProvenanceError):
    """No stamped file was written; the source is untouched and the target does not exist."""


class ProofFailed(ProvenanceError):
    """The finished file is not what may leave: it must not be served."""


class LedgerError(ProvenanceError):
    """The ledger refused: it only ever grows, and holds each release and each file once."""
