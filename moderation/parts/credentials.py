"""Whom we believe, and what we sign with."""

from datetime import UTC, datetime
from functools import cached_property

from moderation.parts.ground import Ground
from provenance.credentials.pki import PkiPaths, create_development_pki
from provenance.credentials.timestamps import TimestampAuthority, TimestampServer
from provenance.credentials.trust import TrustList

ORGANISATION = "Safeconduct development"


class Credentials(Ground):
    """The signing PKI and the trust list."""

    @cached_property
    def pki(self) -> PkiPaths:
        """The signing PKI; a development one is made at first use."""
        paths = PkiPaths(self.settings.resolved_pki_dir)
        if paths.complete:
            return paths
        return create_development_pki(paths.folder, organisation=ORGANISATION, now=datetime.now(UTC))

    @cached_property
    def trust(self) -> TrustList:
        """Whom we believe."""
        return TrustList.from_files(self.pki.claim_root, self.pki.timestamp_root)

    def _tsa_url(self) -> str:
        if self.settings.tsa_url:
            return self.settings.tsa_url
        authority = TimestampAuthority(self.pki.timestamp_key, self.pki.timestamp_chain)
        return self._opened.enter_context(TimestampServer(authority)).url
