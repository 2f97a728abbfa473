"""Secrets at rest: a text column that holds only what FIELD_KEYS can open, and a value that shows itself to nobody.

`Sealed` carries the ciphertext and opens it when asked (`reveal`), so listing rows decrypts nothing and a lost key breaks
no page. Neither its repr nor str holds anything; there is no way to put an unsealed text into a SealedField.
"""

from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from pydantic import SecretStr

from activities.strava.errors import AppMisconfigured


class NoFieldKeys(AppMisconfigured):
    """FIELD_KEYS is empty: nothing may be kept that would have to be sealed."""

    def __init__(self) -> None:
        super().__init__("FIELD_KEYS is empty, so tokens cannot be kept")


class CannotOpen(AppMisconfigured):
    """None of FIELD_KEYS opens it: the key was lost, or the row comes from another installation."""

    def __init__(self) -> None:
        super().__init__("none of FIELD_KEYS opens this")


def _fernet() -> MultiFernet:
    if not settings.FIELD_KEYS:
        raise NoFieldKeys
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


class Sealed:
    """A secret as it lies in the database."""

    __slots__ = ("ciphertext",)

    def __init__(self, ciphertext: str) -> None:
        self.ciphertext = ciphertext

    @classmethod
    def of(cls, secret: SecretStr) -> Self:
        """Raises NoFieldKeys where there is no key to seal with."""
        return cls(_fernet().encrypt(secret.get_secret_value().encode()).decode())

    def reveal(self) -> SecretStr:
        """Raises CannotOpen where no key fits."""
        try:
            return SecretStr(_fernet().decrypt(self.ciphertext.encode()).decode())
        except InvalidToken:
            raise CannotOpen from None

    def resealed(self) -> "Sealed":
        """The same secret under the newest key."""
        try:
            return Sealed(_fernet().rotate(self.ciphertext.encode()).decode())
        except InvalidToken:
            raise CannotOpen from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.ciphertext == self.ciphertext

    def __hash__(self) -> int:
        return hash(self.ciphertext)

    def __repr__(self) -> str:
        return "Sealed(…)"


class SealedField(models.TextField):
    """Sealed or None; plain text is refused."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return Sealed(value) if value else None

    def to_python(self, value: Any) -> Sealed | None:
        if value is None or isinstance(value, Sealed):
            return value
        if value == "":  # as a dump has it
            return None
        raise TypeError(f"{self.name} takes a Sealed, not a {type(value).__name__}")

    def get_prep_value(self, value: Any) -> str | None:
        sealed = self.to_python(value)
        return sealed.ciphertext if sealed is not None else None

    def value_to_string(self, obj: models.Model) -> str:
        return ""  # dumps hold no secrets, sealed or not
