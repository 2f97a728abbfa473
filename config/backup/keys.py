"""Which keys seal what is kept, told without telling the keys."""

import hashlib

from django.conf import settings


def fingerprint(key: str) -> str:
    """Enough to recognise a key that one has; a random key of 32 bytes cannot be found from it."""
    return hashlib.sha256(b"agegrade FIELD_KEYS " + key.encode()).hexdigest()[:16]


def fingerprints() -> list[str]:
    return [fingerprint(key) for key in settings.FIELD_KEYS]
