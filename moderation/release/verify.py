"""Whether a file is one of our releases, and whether that release still stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.release.serve import ReleaseGone, ReleaseUnknown, servable
from moderation.store import Database
from provenance.credentials.trust import TrustList
from provenance.ledger import find_in
from provenance.lookup import verify_file


@dataclass(frozen=True, slots=True)
class Verifier:
    """Answers for one file at a time; the file is read in a subprocess."""

    database: Database
    trust: TrustList

    def __call__(self, path: Path) -> Mapping[str, Any]:
        """The lookup's answer as JSON. For a release of ours `standing` says `released` or `withdrawn`; for any other file there
        is no such field. Raises `OSError` when the file cannot be opened."""
        with self.database.read() as session:
            answer = verify_file(path, self.trust, find_in(session)).as_json()
            if answer["release_id"]:
                answer["standing"] = self._standing(str(answer["release_id"]))
        return answer

    def _standing(self, release_id: str) -> str:
        with self.database.read() as session:
            try:
                servable(session, release_id)
            except (ReleaseGone, ReleaseUnknown):
                return "withdrawn"
        return "released"
