"""What all tests of people need."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _nobody_signed_in_within_the_minute() -> None:
    """Attempts to sign in are counted by address; those of the tests before are not this one's."""
    cache.clear()
