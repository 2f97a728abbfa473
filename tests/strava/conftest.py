"""Strava's stand-in for a test: a process of its own, forgetful between tests, and an account connected to it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from pydantic import SecretStr

from activities.models import StravaAccount, StravaApplication
from activities.strava import revoking
from activities.strava.models import SCOPES
from activities.strava.sealing import Sealed
from athletes.models import Athlete
from tests.strava.stand_in import CLIENT_ID, CLIENT_SECRET, Strava


@pytest.fixture(scope="session")
def _strava_process() -> Iterator[Strava]:
    strava = Strava.start()
    yield strava
    strava.stop()


@pytest.fixture
def strava(_strava_process: Strava, settings: Any) -> Strava:
    """The stand-in, empty but for athlete 7, with the settings that lead to it and a budget nobody has used."""
    _strava_process.reset()
    _strava_process.athlete(7)
    settings.STRAVA_API_URL, settings.STRAVA_OAUTH_URL = _strava_process.api_url, _strava_process.oauth_url
    settings.STRAVA_CLIENT_ID, settings.STRAVA_CLIENT_SECRET = CLIENT_ID, SecretStr(CLIENT_SECRET)
    settings.FIELD_KEYS = settings.FIELD_KEYS or [Fernet.generate_key().decode()]
    forget_budgets(settings.REDIS_URL)
    return _strava_process


def forget_budgets(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter("strava:*"):
            client.delete(key)


def wait_for_a_quiet_quarter(*, seconds: float = 15) -> None:
    """A window that ends in the middle of a test would change what it counts."""
    left = 900 - time.time() % 900
    if left < seconds or left > 898:
        time.sleep(left % 898 + 2)


@pytest.fixture
def connect(strava: Strava) -> Callable[..., StravaAccount]:
    """connect(athlete, strava_id=7, scopes=…, lasts_s=…): an account as a finished OAuth leaves it."""

    def make(
        athlete: Athlete, *, strava_id: int = 7, scopes: tuple[str, ...] = SCOPES, lasts_s: float = 21_600
    ) -> StravaAccount:
        token = strava.connect(strava_id, list(scopes), lasts_s=lasts_s)
        return StravaAccount.objects.create(
            athlete=athlete,
            application=StravaApplication.of_installation(),
            strava_athlete_id=strava_id,
            scopes=list(scopes),
            access_token=Sealed.of(SecretStr(token["access_token"])),
            refresh_token=Sealed.of(SecretStr(token["refresh_token"])),
            expires_at=datetime.fromtimestamp(token["expires_at"], UTC),
        )

    return make


def revoke_what_is_due() -> None:
    """As beat and a worker do it."""
    for number in revoking.due():
        revoking.work_off(number)


@pytest.fixture
def account(connect: Callable[..., StravaAccount], ada: Athlete) -> StravaAccount:
    """Ada, connected as athlete 7 with everything allowed."""
    return connect(ada)
