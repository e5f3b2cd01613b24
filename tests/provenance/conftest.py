"""One PKI, one clip and one stamped clip for all tests of this wing; none of them may be changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session

from provenance.credentials.stamp import stamp
from provenance.ledger import LedgerEntry
from tests.support.credentials import Pki, claim, make_mp4, make_pki


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared files lie."""
    return tmp_path_factory.mktemp("provenance")


@pytest.fixture(scope="session")
def pki(shelf: Path) -> Pki:
    """Ours."""
    return make_pki(shelf / "pki")


@pytest.fixture(scope="session")
def rogue(shelf: Path) -> Pki:
    """Somebody else's, with the same names in its certificates."""
    return make_pki(shelf / "rogue")


@pytest.fixture(scope="session")
def clip(shelf: Path) -> Path:
    """A video without credentials."""
    return make_mp4(shelf / "clip.mp4")


@pytest.fixture(scope="session")
def stamped(shelf: Path, pki: Pki, clip: Path) -> Path:
    """The clip, stamped by us as release rel_1, without a time stamp."""
    target = shelf / "stamped.mp4"
    stamp(clip, target, claim(), pki.signer, pki.trust, None)
    return target


@pytest.fixture
def session() -> Iterator[Session]:
    """A database with nothing but the ledger, in memory."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    LedgerEntry.metadata.create_all(engine, tables=[LedgerEntry.metadata.tables["ledger_entry"]])
    with Session(engine) as opened:
        yield opened
    engine.dispose()
