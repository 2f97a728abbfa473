"""What this installation is told by its environment, checked once at start.

Every variable of `.env.example` is a field here; settings.py is the only reader. A wrong value stops the program with
one line a variable, before a database or a queue is touched. In production nothing secret has a default.
"""

import re
import secrets
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator

OWN_MACHINE = {"127.0.0.1", "localhost", "::1"}
PROJECT = Path(__file__).resolve().parent.parent


def _words(value: object) -> object:
    """`a, b` from the environment as a list of words."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_words)]


class Environment(BaseModel):
    environment: Literal["development", "production"] = "development"
    secret_key: str = ""
    site_url: str = "http://127.0.0.1:8000"
    allowed_hosts: Words = []
    database_url: str = "postgres:///agegrade"
    database_pool_min: int = Field(default=20, ge=0)
    database_pool_max: int = Field(default=30, ge=0)
    database_elsewhere: int = Field(default=0, ge=0)
    web_concurrency: int = Field(default=1, ge=1)
    worker_concurrency: int = Field(default=2, ge=0)
    redis_url: str = "redis://127.0.0.1:6379/0"
    media_root: Path = PROJECT / "var" / "media"
    field_keys: Words = []
    email_url: str = "consolemail://"
    email_from: str = ""
    log_format: Literal["json", "text"] | None = None
    sign_up: Literal["open", "invite", "closed"] = "closed"
    members_invite: bool = False
    demo_password: str = ""
    trusted_proxies: int = Field(default=0, ge=0)
    strava_client_id: str = ""
    strava_client_secret: SecretStr = SecretStr("")
    strava_api_url: str = "https://www.strava.com/api/v3"
    strava_oauth_url: str = "https://www.strava.com/oauth"
    strava_verify_token: SecretStr = SecretStr("")
    strava_share_with_coaches: bool = False
    strava_allow_learning: bool = False
    strava_keep_when_deauthorised: bool = False
    strava_retention_days: int | None = Field(default=None, ge=1)
    strava_powered_by_image: Path | None = None
    strava_connect_image: Path | None = None
    nightly_at: time = time(2, 0)
    nightly_spread_minutes: int = Field(default=180, ge=0, le=720)
    race_found_at: float = Field(default=0.995, gt=0, le=1)
    race_ask_at: float = Field(default=0.3, gt=0, le=1)

    @field_validator("site_url")
    @classmethod
    def _is_a_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be the address people type, such as https://runs.example.org")
        return value.rstrip("/")

    @field_validator("strava_api_url", "strava_oauth_url")
    @classmethod
    def _tokens_travel_safely(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.query or parts.fragment or parts.username or not parts.hostname:
            raise ValueError("must be an address such as https://www.strava.com/oauth, without a query")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in OWN_MACHINE):
            raise ValueError("must be https, for tokens travel there (http only to 127.0.0.1)")
        return value.rstrip("/")

    @field_validator("field_keys")
    @classmethod
    def _are_fernet_keys(cls, keys: list[str]) -> list[str]:
        for key in keys:
            try:
                Fernet(key)
            except ValueError:
                raise ValueError(
                    "each key must be 32 bytes in URL-safe base64 (cryptography's Fernet.generate_key)"
                ) from None
        return keys

    @model_validator(mode="after")
    def _holds_together(self) -> "Environment":
        if self.database_pool_min > self.database_pool_max:
            raise ValueError("DATABASE_POOL_MIN is larger than DATABASE_POOL_MAX")
        if self.race_ask_at > self.race_found_at:
            raise ValueError("RACE_ASK_AT is larger than RACE_FOUND_AT")
        if bool(self.strava_client_id) != bool(self.strava_client_secret.get_secret_value()):
            raise ValueError("STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET belong together")
        if self.strava_client_id and self._asks_strava_itself and not re.fullmatch("[0-9]+", self.strava_client_id):
            raise ValueError("STRAVA_CLIENT_ID must be the number on Strava's API page, such as 12345")
        if self.environment == "production":
            named = {"SECRET_KEY": self.secret_key, "ALLOWED_HOSTS": self.allowed_hosts, "FIELD_KEYS": self.field_keys}
            missing = [name for name, value in named.items() if not value]
            missing += [
                name for name in ("SITE_URL", "DATABASE_URL", "REDIS_URL") if name.lower() not in self.model_fields_set
            ]
            if missing:
                raise ValueError(f"production needs {', '.join(missing)}")
            if len(self.secret_key) < 50:
                raise ValueError("SECRET_KEY must be at least 50 characters in production")
        return self

    @property
    def _asks_strava_itself(self) -> bool:
        """Whoever tries Agegrade against something else names clients as it likes."""
        return bool(re.search(r"(^|\.)strava\.com$", urlsplit(self.strava_oauth_url).hostname or ""))

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def key(self) -> str:
        """The signing key; without one, development signs with a key that lives as long as the process."""
        return self.secret_key or secrets.token_urlsafe(50)


def read_environment() -> Environment:
    """Read and check the process environment (and `.env` beside manage.py, which never overrides it).

    Raises ImproperlyConfigured with one line for every variable that is wrong.
    """
    environ.Env.read_env(PROJECT / ".env", overwrite=False)
    env = environ.Env()
    given: dict[str, Any] = {
        name: env.str(name.upper()) for name in Environment.model_fields if env.str(name.upper(), default="") != ""
    }
    try:
        return Environment(**given)
    except ValidationError as error:
        lines = []
        for wrong in error.errors():
            name = ".".join(str(part) for part in wrong["loc"][:1]).upper()
            lines.append(f"{name}: {wrong['msg']}" if name else wrong["msg"])
        raise ImproperlyConfigured("The environment is not right:\n  " + "\n  ".join(lines)) from None
