import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from config.environment import PROJECT, Environment

PRODUCTION = {
    "environment": "production",
    "secret_key": "k" * 50,
    "site_url": "https://runs.example.org",
    "allowed_hosts": "runs.example.org, www.example.org",
    "database_url": "postgres://a:b@db/agegrade",
    "redis_url": "redis://redis:6379/0",
    "field_keys": Fernet.generate_key().decode(),
}


def test_nothing_set_is_development():
    assert Environment().environment == "development"
    assert not Environment().is_production


def test_two_keys_of_development_differ():
    assert Environment().key != Environment().key


def test_hosts_are_split_at_commas():
    assert Environment(**PRODUCTION).allowed_hosts == ["runs.example.org", "www.example.org"]


@pytest.mark.parametrize("name", ["secret_key", "allowed_hosts", "site_url", "database_url", "redis_url", "field_keys"])
def test_production_names_what_it_misses(name):
    with pytest.raises(ValidationError, match=name.upper()):
        Environment(**{key: value for key, value in PRODUCTION.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "staging"),
        ("site_url", "runs.example.org"),
        ("database_pool_max", "many"),
        ("database_pool_min", "40"),
        ("field_keys", "short"),
        ("sign_up", "maybe"),
        ("race_found_at", "1.5"),
        ("race_ask_at", "0.999"),
        ("log_format", "xml"),
        ("secret_key", "too short"),
    ],
)
def test_a_wrong_value_is_refused(name, value):
    with pytest.raises(ValidationError):
        Environment(**{**PRODUCTION, name: value})


def manage(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_wrong_environment_stops_the_program_with_one_line_a_variable():
    ran = manage("check", SITE_URL="nowhere", DATABASE_POOL_MAX="x")
    assert ran.returncode != 0
    assert "SITE_URL: " in ran.stderr
    assert "DATABASE_POOL_MAX: " in ran.stderr


def test_the_deployment_check_is_clean_in_production():
    ran = manage(
        "check", "--deploy", "--fail-level", "WARNING",
        **{name.upper(): value for name, value in PRODUCTION.items() if name != "secret_key"},
        SECRET_KEY="d1fferent-" + "x9Kq2LmZ7w" * 6,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr + ran.stdout


def test_production_over_plain_http_is_warned_about():
    ran = manage(
        "check", "--deploy",
        **{name.upper(): value for name, value in PRODUCTION.items() if name not in {"site_url", "secret_key"}},
        SITE_URL="http://runs.example.org", SECRET_KEY="d1fferent-" + "x9Kq2LmZ7w" * 6,
    )  # fmt: skip
    assert "agegrade.W001" in ran.stderr


@pytest.mark.parametrize(
    "address", ["http://strava.example/api", "https://user@strava.example", "ftp://x", "https://a/b?c=d"]
)
def test_tokens_do_not_travel_to_an_address_that_is_not_safe(address):
    for name in ("strava_api_url", "strava_oauth_url"):
        with pytest.raises(ValidationError):
            Environment(**{name: address})


def test_ones_own_machine_may_stand_in_for_strava():
    assert Environment(strava_api_url="http://127.0.0.1:9000/api/v3/").strava_api_url == "http://127.0.0.1:9000/api/v3"


def test_a_client_id_without_its_secret_is_refused_and_the_secret_is_shown_nowhere():
    with pytest.raises(ValidationError):
        Environment(strava_client_id="4711")
    assert "hush" not in repr(Environment(strava_client_id="4711", strava_client_secret="hush"))


@pytest.mark.parametrize("wrong", ["my app", "4711 ", "12345x", "a1b2c3d4e5f6"])
def test_stravas_client_id_is_a_number(wrong):
    with pytest.raises(ValidationError, match="must be the number on Strava's API page"):
        Environment(strava_client_id=wrong, strava_client_secret="hush")
    elsewhere = Environment(
        strava_client_id=wrong, strava_client_secret="hush", strava_oauth_url="http://127.0.0.1:9/o"
    )
    assert elsewhere.strava_client_id == wrong, "something else than Strava names clients as it likes"
