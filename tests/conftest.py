"""The standing cast: every page's tests ask what each of them sees."""

from dataclasses import dataclass
from datetime import date

import pytest
from django.test import Client

from athletes.models import Athlete, User
from tests import factories


@dataclass(frozen=True)
class Cast:
    """ada, an athlete born 1968-05-17, graded by the women's tables; carl, who coaches her once she grants it; eve, an
    athlete and a stranger to both; olga, who operates the machine and sees nobody's runs."""

    ada: Athlete
    carl: User
    eve: Athlete
    olga: User


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast(
        ada=factories.make_athlete(email="ada@example.invalid", name="Ada Marsh", born=date(1968, 5, 17), table="F"),
        carl=factories.make_user(email="carl@example.invalid", name="Carl Fen"),
        eve=factories.make_athlete(email="eve@example.invalid", name="Eve Strange", born=date(1990, 2, 28), table="F"),
        olga=factories.make_user(email="olga@example.invalid", name="Olga Watts", role="operator"),
    )


@pytest.fixture
def ada(cast: Cast) -> Athlete:
    return cast.ada


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def as_ada(cast: Cast) -> Client:
    return signed_in(cast.ada.user)


@pytest.fixture
def as_carl(cast: Cast) -> Client:
    return signed_in(cast.carl)


@pytest.fixture
def as_eve(cast: Cast) -> Client:
    return signed_in(cast.eve.user)


@pytest.fixture
def as_olga(cast: Cast) -> Client:
    return signed_in(cast.olga)


@pytest.fixture(autouse=True)
def _passwords_cost_little(settings) -> None:
    """A real hash takes longer than most tests; that passwords are hashed well is Django's to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _files_stay_in_the_test(tmp_path, settings) -> None:
    """Originals are written to a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }
