"""Stamps a file: writes a signed copy of it, all of it or nothing. Whether the result is good, `proof.py` decides.

The C2PA library signs whatever it is given, with any certificate; so a stamped file is not yet a proven one.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import c2pa

from provenance.credentials.formats import media_type
from provenance.credentials.manifest import (
    ACTIONS_LABEL,
    RELEASE_LABEL,
    TRAINING_LABEL,
    ReleaseClaim,
    ingredient_definition,
    manifest,
)
from provenance.credentials.signer import CredentialSigner
from provenance.credentials.trust import TrustList
from provenance.errors import StampFailed

_ALGORITHMS = {
    "ES256": c2pa.C2paSigningAlg.ES256,
    "ES384": c2pa.C2paSigningAlg.ES384,
    "ED25519": c2pa.C2paSigningAlg.ED25519,
    "PS256": c2pa.C2paSigningAlg.PS256,
}
_STAMP_WORDS = ("http", "time stamp", "timestamp")
"""What the library's message holds when the time-stamp authority did not do; it names no error class for it."""


def stamp(
    source: Path,
    target: Path,
    claim: ReleaseClaim,
    signer: CredentialSigner,
    trust: TrustList,
    tsa_url: str | None,
) -> None:
    """Write a signed copy of `source` to `target` (temporary file, fsync, rename). `source` is never changed.

    `tsa_url` is the time-stamp authority's (None: no time stamp). `trust` judges the ingredients' own credentials.
    Raises `StampFailed`, and leaves no target: the format, the source, an ingredient, the signer, or the time-stamp
    authority did not do.
    """
    with _fresh_file(target) as (temporary, output):
        _sign(source, output, claim, trust, _Signing(signer, tsa_url))
        output.flush()
        os.fsync(output.fileno())
        temporary.rename(target)
    _sync_folder(target.parent)


class _Signing:
    """The port to the native library, which tells only that signing failed: the signer's own error is kept here."""

    def __init__(self, signer: CredentialSigner, tsa_url: str | None) -> None:
        self._signer = signer
        self.tsa_url = tsa_url
        self.error: Exception | None = None

    def native(self) -> Any:
        algorithm, chain = _ALGORITHMS[self._signer.algorithm], self._signer.chain_pem.decode()
        return c2pa.Signer.from_callback(self._sign, algorithm, chain, self.tsa_url)

    def _sign(self, data: bytes) -> bytes:
        try:
            return self._signer.sign(data)
        except Exception as error:
            self.error = error
            raise


def _sign(source: Path, output: BinaryIO, claim: ReleaseClaim, trust: TrustList, signing: _Signing) -> None:
    try:
        kind = media_type(source)
        builder = _builder(claim, trust, signing.tsa_url)
        with source.open("rb") as original, signing.native() as native:
            builder.sign(native, kind, original, output)
    except OSError as error:
        raise StampFailed("stamp.source", f"source: {source}: {error.strerror or error}") from error
    except c2pa.C2paError as error:
        raise _explain(error, signing) from (signing.error or error)


def _builder(claim: ReleaseClaim, trust: TrustList, tsa_url: str | None) -> Any:
    settings = trust.settings()
    settings["core"]["allowed_network_hosts"] = [urlsplit(tsa_url).netloc] if tsa_url else []
    settings["builder"] = {
        "thumbnail": {"enabled": False},  # a thumbnail of an ingredient would publish what may be private
        "created_assertion_labels": [ACTIONS_LABEL, TRAINING_LABEL, RELEASE_LABEL],
    }
    settings["verify"]["verify_after_sign"] = False  # proof.py does, on the finished bytes
    builder = c2pa.Builder(
        json.dumps(manifest(claim, version("safeconduct"))), c2pa.Context.from_dict(settings)
    )
    for index, ingredient in enumerate(claim.ingredients):
        if ingredient.path is not None:
            _add_ingredient(builder, ingredient_definition(claim, index), ingredient.path)
    return builder


def _add_ingredient(builder: Any, definition: dict[str, str], path: Path) -> None:
    try:
        with path.open("rb") as content:
            builder.add_ingredient(definition, media_type(path), content)
    except (OSError, c2pa.C2paError) as error:
        raise StampFailed(
            "stamp.ingredient", f"ingredient: {path} cannot be read ({error}); leave it out or repair it"
        ) from error


def _explain(error: Exception, signing: _Signing) -> StampFailed:
    if signing.error is not None:
        return StampFailed(
            "stamp.signer", f"signer: did not sign: {signing.error}; nothing was written, try again"
        )
    if signing.tsa_url is not None and any(word in str(error).lower() for word in _STAMP_WORDS):
        return StampFailed(
            "stamp.timestamp",
            f"tsa_url: {signing.tsa_url} gave no time stamp ({error}); nothing was written, try again",
        )
    if "not valid at time of signing" in str(error):
        return StampFailed(
            "stamp.certificate",
            "signer: its certificate has expired or is not valid yet; issue a new one, nothing was written",
        )
    return StampFailed("stamp.refused", f"the file was not signed: {error}")


@contextmanager
def _fresh_file(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `target`, gone afterwards unless it was renamed."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise StampFailed("stamp.target", f"target: {target}: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as output:
            yield temporary, output
    except OSError as error:
        raise StampFailed("stamp.target", f"target: {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
