import json
import logging

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from config import errors


@login_not_required
def breaks(request: HttpRequest) -> HttpResponse:
    raise ValueError("the secret word is rosebud")


urlpatterns = [path("breaks/", breaks), path("breaks.json", breaks), path("", include("config.urls"))]
handler400, handler403 = errors.bad_request, errors.permission_denied
handler404, handler500 = errors.page_not_found, errors.server_error


@pytest.fixture
def visitor(db):
    with override_settings(ROOT_URLCONF="tests.config.test_requests_and_errors"):
        yield Client(raise_request_exception=False)


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO)

    def events(name: str) -> list[dict]:
        return [
            record.msg for record in caplog.records if isinstance(record.msg, dict) and record.msg.get("event") == name
        ]

    return events


def test_an_error_page_shows_the_id_that_the_log_has(visitor, logged):
    answer = visitor.get("/breaks/")
    failed = logged("request failed")[0]
    assert answer.status_code == 500
    assert failed["request_id"] in answer.content.decode()
    assert "rosebud" not in answer.content.decode()


def test_a_fragment_gets_a_fragment(visitor):
    answer = visitor.get("/breaks/", headers={"HX-Request": "true"})
    assert answer.status_code == 500
    assert "<html" not in answer.content.decode()


def test_a_json_face_gets_json(visitor, logged):
    answer = visitor.get("/breaks.json")
    assert answer.status_code == 500
    assert answer.json()["error"]["id"] == logged("request failed")[0]["request_id"]


def test_a_missing_page_is_told_in_the_form_that_was_asked(visitor):
    assert "<h1" in visitor.get("/accounts/nothing-here/").content.decode()
    assert visitor.get("/nothing-here.json").json()["error"]["status"] == 404


def test_the_key_of_a_password_reset_is_never_logged(visitor, logged):
    visitor.get("/accounts/password/reset/key/1-secret-key-of-reset/")
    assert "secret" not in json.dumps([*logged("request"), *logged("request failed")], default=str)


def test_what_is_not_there_is_no_error_in_the_log(as_ada, logged):
    assert as_ada.get("/activities/999999/").status_code == 404
    assert not logged("request failed")
    assert logged("request")[-1]["status"] == 404


def test_every_request_is_logged_with_its_duration_and_without_its_query(visitor, logged):
    visitor.get("/accounts/login/?next=/races/&q=private")
    entry = logged("request")[0]
    assert entry["status"] == 200
    assert entry["duration_ms"] >= 0
    assert "private" not in json.dumps(entry, default=str)


def test_a_signed_in_request_names_its_user(as_ada, cast, logged):
    as_ada.get("/races/")
    assert logged("request")[-1]["user_id"] == cast.ada.user_id


def test_a_request_id_given_by_the_proxy_is_kept_and_a_hostile_one_is_not(visitor):
    assert visitor.get("/health/live", headers={"X-Request-ID": "abcdef123456"})["X-Request-ID"] == "abcdef123456"
    assert visitor.get("/health/live", headers={"X-Request-ID": "a\tb<script>"})["X-Request-ID"] != "a\tb<script>"


def test_a_form_without_its_token_is_explained(db):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert answer.status_code == 403
    assert "expired" in answer.content.decode()


def test_pages_carry_the_strict_policy(visitor):
    policy = visitor.get("/accounts/login/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_address_of_a_button_says_that_it_is_no_page(as_ada):
    answer = as_ada.get("/races/decide/")
    assert answer.status_code == 405 and answer["Allow"] == "POST"
    assert "There is no page at this address" in answer.content.decode()
    page = as_ada.get("/races/")
    dressed = {"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"}
    assert dressed <= page.headers.keys() and dressed <= answer.headers.keys()
