"""What the tests of likenesses and biometrics share."""

import pytest

from tests.support.people import People


@pytest.fixture
def people() -> People:
    """Invented people with a vault and an index."""
    return People()
