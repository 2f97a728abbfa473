"""Who sees what: every address of the site, fetched as each of the cast.

A row a pattern, a column a person; a pattern that has no row fails, so a new page must say here who sees it. Beside the
status, no page may show a word of Ada's to somebody whom she did not let see it: her name to nobody but her coach, her
races from level 1, her runs from level 2. And nobody else may change anything of hers, whatever they post where.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from activities.models import Activity, ImportBatch, ImportFile, Recording
from athletes import people
from athletes.models import Athlete, CoachGrant
from performance.models import AccountExport, Race, RaceDecision, ResultsFile
from tests.conftest import Cast, signed_in
from tests.factories import grant, make_activity, make_batch, make_race, make_user

RACE, RUN, FILE, NOBODYS = "Markrace 10K", "Markrun by the river", "markfile.fit", "ada@example.invalid"
EVES = "Evemark Half"

ROLES = ("out", "ada", "eve", "c0", "c1", "c2", "c3", "gone", "olga")
#: out: signed out; c0 … c3: a coach without a grant and at each level; gone: a coach whose grant was withdrawn
TABLE = {
    "health/live": "200",
    "health/ready": "200",
    "offline/": "200",
    "sw.js": "200",
    "manifest.webmanifest": "200",
    "operations/": "302 404 404 404 404 404 404 404 200",
    "accounts/login/": "200 302 302 302 302 302 302 302 302",
    "accounts/logout/": "302",
    "accounts/inactive/": "200",
    "accounts/signup/": "200 302 302 302 302 302 302 302 302",
    "accounts/reauthenticate/": "302 200 200 200 200 200 200 200 200",
    "accounts/email/": "302 200 200 200 200 200 200 200 200",
    "accounts/confirm-email/": "200",
    "accounts/password/change/": "302 200 200 200 200 200 200 200 200",
    "accounts/password/set/": "302",
    "accounts/password/reset/": "200",
    "accounts/login/code/confirm/": "302",
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": "200",
    "accounts/password/reset/key/done/": "200",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "200",
    "accounts/password/reset/done/": "200",
    "accounts/two-step/": "302 200 200 200 200 200 200 200 200",
    "accounts/two-step/authenticate/": "302",
    "accounts/two-step/reauthenticate/": "302",
    "accounts/two-step/totp/activate/": "302",
    "accounts/two-step/totp/deactivate/": "302 404 404 404 404 404 404 404 404",
    "accounts/two-step/recovery-codes/": "302 404 404 404 404 404 404 404 404",
    "accounts/two-step/recovery-codes/generate/": "302",
    "accounts/two-step/recovery-codes/download/": "302 404 404 404 404 404 404 404 404",
    "admin/": "302 302 302 200 200 200 200 200 200",
    "admin/login/": "302 403 403 302 302 302 302 302 302",
    "admin/logout/": "302",
    "admin/password_change/": "302 302 302 200 200 200 200 200 200",
    "admin/password_change/done/": "302 302 302 200 200 200 200 200 200",
    "admin/autocomplete/": "302 302 302 403 403 403 403 403 403",
    "admin/jsi18n/": "302 302 302 200 200 200 200 200 200",
    "admin/r/<path:content_type_id>/<path:object_id>/": "302 302 302 404 404 404 404 404 404",
    "admin/auth/group/": "302 302 302 403 403 403 403 403 200",
    "admin/auth/group/add/": "302 302 302 403 403 403 403 403 200",
    "admin/auth/group/<path:object_id>/history/": "302",
    "admin/auth/group/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 302",
    "admin/auth/group/<path:object_id>/change/": "302 302 302 403 403 403 403 403 302",
    "admin/auth/group/<path:object_id>/": "302",
    "admin/athletes/user/<id>/password/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/user/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/user/add/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/user/<path:object_id>/history/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/user/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 403",
    "admin/athletes/user/<path:object_id>/change/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/user/<path:object_id>/": "302",
    "admin/athletes/invitation/": "302 302 302 403 403 403 403 403 200",
    "admin/athletes/invitation/add/": "302 302 302 403 403 403 403 403 403",
    "admin/athletes/invitation/<path:object_id>/history/": "302",
    "admin/athletes/invitation/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 403",
    "admin/athletes/invitation/<path:object_id>/change/": "302 302 302 403 403 403 403 403 302",
    "admin/athletes/invitation/<path:object_id>/": "302",
    "admin/athletes/athlete/": "302 302 302 200 200 200 200 200 200",
    "admin/athletes/athlete/add/": "302 302 302 403 403 403 403 403 403",
    "admin/athletes/athlete/<path:object_id>/history/": "302 302 302 302 200 200 200 302 302",
    "admin/athletes/athlete/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 403",
    "admin/athletes/athlete/<path:object_id>/change/": "302 302 302 302 200 200 200 302 302",
    "admin/athletes/athlete/<path:object_id>/": "302",
    "admin/performance/race/": "302 302 302 200 200 200 200 200 200",
    "admin/performance/race/add/": "302 302 302 403 403 403 403 403 403",
    "admin/performance/race/<path:object_id>/history/": "302 302 302 302 200 200 200 302 302",
    "admin/performance/race/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 403",
    "admin/performance/race/<path:object_id>/change/": "302 302 302 302 200 200 200 302 302",
    "admin/performance/race/<path:object_id>/": "302",
    "admin/activities/activity/": "302 302 302 200 200 200 200 200 200",
    "admin/activities/activity/add/": "302 302 302 403 403 403 403 403 403",
    "admin/activities/activity/<path:object_id>/history/": "302 302 302 302 302 200 200 302 302",
    "admin/activities/activity/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 403",
    "admin/activities/activity/<path:object_id>/change/": "302 302 302 302 302 200 200 302 302",
    "admin/activities/activity/<path:object_id>/": "302",
    "admin/account/emailaddress/": "302 302 302 403 403 403 403 403 200",
    "admin/account/emailaddress/add/": "302 302 302 403 403 403 403 403 200",
    "admin/account/emailaddress/<path:object_id>/history/": "302 302 302 403 403 403 403 403 200",
    "admin/account/emailaddress/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 200",
    "admin/account/emailaddress/<path:object_id>/change/": "302 302 302 403 403 403 403 403 200",
    "admin/account/emailaddress/<path:object_id>/": "302",
    "admin/mfa/authenticator/": "302 302 302 403 403 403 403 403 200",
    "admin/mfa/authenticator/add/": "302 302 302 403 403 403 403 403 403",
    "admin/mfa/authenticator/<path:object_id>/history/": "302",
    "admin/mfa/authenticator/<path:object_id>/delete/": "302 302 302 403 403 403 403 403 302",
    "admin/mfa/authenticator/<path:object_id>/change/": "302 302 302 403 403 403 403 403 302",
    "admin/mfa/authenticator/<path:object_id>/": "302",
    "admin/^<app>/$": "302 302 302 200 200 200 200 200 200",
    "admin/(?P<url>.*)$": "302 302 302 404 404 404 404 404 404",
    "": "200",
    "coach/": "302 200 200 200 200 200 200 200 200",
    "predictions/": "302 200 200 200 200 200 200 200 200",
    "load/": "302 200 200 200 200 200 200 200 200",
    "races/": "302 200 200 200 200 200 200 200 200",
    "races.csv": "401 200 200 200 200 200 200 200 200",
    "races.json": "401 200 200 200 200 200 200 200 200",
    "races.ics": "401 200 200 200 200 200 200 200 200",
    "races/add/": "302 200 200 403 403 403 403 403 403",
    "races/results/": "302 200 200 403 403 403 403 403 403",
    "races/results/<int:file_id>/": "302 200 404 403 403 403 403 403 403",
    "races/results/<int:file_id>/take/": "302 405 405 405 405 405 405 405 405",
    "races/results/<int:file_id>/undo/": "302 405 405 405 405 405 405 405 405",
    "races/decide/": "302 405 405 405 405 405 405 405 405",
    "races/decided/": "302 200 200 403 403 403 403 403 403",
    "races/<int:race_id>/": "302 200 404 404 200 200 200 404 404",
    "races/<int:race_id>/edit/": "302 200 404 404 403 403 403 404 404",
    "races/<int:race_id>/runs/": "302 405 405 405 405 405 405 405 405",
    "races/<int:race_id>/decide/": "302 405 405 405 405 405 405 405 405",
    "activities/<int:activity_id>/mark/": "302 405 405 405 405 405 405 405 405",
    "age-grade/": "200",
    "age-grade/tables/": "200",
    "age-grade/tables.csv": "200",
    "age-grade/results/": "200",
    "age-grade/results/<uuid:list_id>/": "404",
    "age-grade/results/<uuid:list_id>.csv": "404",
    "age-grade/results/<uuid:list_id>/delete/": "404",
    "age-grade/method/": "200",
    "settings/standards/": "302 200 200 200 200 200 200 200 200",
    "settings/standards/<int:regrading_id>/": "404",
    "settings/standards/<int:regrading_id>/undo/": "404",
    "activities/": "302 200 200 200 200 200 200 200 200",
    "activities.csv": "401 200 200 200 200 200 200 200 200",
    "activities.json": "401 200 200 200 200 200 200 200 200",
    "activities/<int:activity_id>/": "302 200 404 404 404 200 200 404 404",
    "activities/<int:activity_id>.json": "401 200 404 404 404 200 200 404 404",
    "export/": "302 200 200 403 403 403 403 403 403",
    "export/<int:export_id>.zip": "302 200 404 404 404 404 404 404 404",
    "export/<int:export_id>/drop/": "302 405 405 405 405 405 405 405 405",
    "bests/": "302 200 200 200 200 200 200 200 200",
    "activities/<int:activity_id>/sources/": "302 200 404 404 404 404 404 404 404",
    "activities/<int:activity_id>/remove/": "302 200 404 404 404 404 404 404 404",
    "recordings/<int:recording_id>/split/": "302 405 405 405 405 405 405 405 405",
    "recordings/<int:recording_id>/remove/": "302 200 404 404 404 404 404 404 404",
    "same-run/": "302 200 200 200 200 200 200 200 200",
    "same-run/<int:one_id>/<int:other_id>/": "302 405 405 405 405 405 405 405 405",
    "efforts.json": "401 200 200 200 200 200 200 200 200",
    "more/": "302 200 200 200 200 200 200 200 200",
    "settings/": "302 200 200 200 200 200 200 200 200",
    "welcome/": "302 200 200 200 200 200 200 200 200",
    "privacy/": "302 200 200 200 200 200 200 200 200",
    "privacy/coaches/": "302 405 405 405 405 405 405 405 405",
    "privacy/coaches/withdraw/": "302 405 405 405 405 405 405 405 405",
    "privacy/delete/": "302",
    "privacy/deleted/": "200",
    "invitations/": "302 404 404 404 404 404 404 404 404",
    "invitations/<int:invitation_id>/revoke/": "404",
    "join/<str:token>/": "404",
    "first-operator/<str:token>/": "404",
    "connect/strava/": "302 200 200 200 200 200 200 200 200",
    "connect/strava/start/": "302 302 302 404 404 404 404 404 404",
    "connect/strava/callback/": "302 400 400 404 404 404 404 404 404",
    "connect/strava/disconnect/": "302 405 405 405 405 405 405 405 405",
    "connect/strava/data/": "302 405 405 405 405 405 405 405 405",
    "strava/<slug:name>": "404",
    "settings/strava/": "302 200 200 404 404 404 404 404 404",
    "settings/strava/check/": "302 404 404 404 404 404 404 404 200",
    "webhooks/strava/": "403",
    "sync/": "302 200 200 200 200 200 200 200 200",
    "sync/now/": "302",
    "sync/change/": "302 405 405 405 405 405 405 405 405",
    "sync/everybody/": "302 404 404 404 404 404 404 404 200",
    "import/": "302 200 200 200 200 200 200 200 200",
    "import/<int:batch_id>/": "302 200 404 404 404 404 404 404 404",
    "import/<int:batch_id>/cancel/": "302 405 405 405 405 405 405 405 405",
    "import/<int:batch_id>/retry/": "302 405 405 405 405 405 405 405 405",
    "import/<int:batch_id>/undo/": "302 200 404 404 404 404 404 404 404",
    "demo/look/": "302 405 405 405 405 405 405 405 405",
    "demo/remove/": "302 405 405 405 405 405 405 405 405",
}


def patterns(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield re.sub(r"\(\?P<app_label>[^)]*\)", "<app>", before + str(pattern.pattern))
        else:
            yield from patterns(pattern, before + str(pattern.pattern))


@dataclass
class Hers:
    """What of Ada's the addresses are filled with."""

    ids: dict[str, Any]
    objects: dict[str, Any]

    def address(self, pattern: str) -> str:
        filled = pattern
        model = re.match(r"admin/(\w+)/(\w+)/<", pattern)
        filled = filled.replace(
            "<path:object_id>", str(self.objects.get(model[2], 1) if model else self.ids["race_id"])
        )
        filled = filled.replace("<path:content_type_id>", str(ContentType.objects.get_for_model(Race).pk))
        filled = filled.replace("<id>", str(self.objects["user"]))
        for name, value in self.ids.items():
            filled = filled.replace(f"<int:{name}>", str(value))
        filled = filled.replace("<app>", "performance").replace("<slug:name>", "nothing-there")
        filled = re.sub(r"\^?\(\?P<(key|uidb36)>[^)]*\)", "abc", filled)
        filled = re.sub(r"\(\?P<url>[^)]*\)", "nothing-there", filled)
        return "/" + filled.replace("^", "").replace("$", "")


@pytest.fixture
def hers(cast: Cast) -> Hers:
    run = make_activity(athlete=cast.ada, name=RUN, n_laps=1)
    another = make_activity(athlete=cast.ada, name=RUN, started_at=datetime(2026, 10, 18, 9, 10, tzinfo=UTC))
    race = make_race(athlete=cast.ada, activity=run, name=RACE, decided_by=cast.ada.user)
    make_race(athlete=cast.ada, name=RACE, state=Race.State.TO_DECIDE)
    make_race(athlete=cast.eve, name=EVES)
    batch = make_batch(athlete=cast.ada, outcomes=["new", "refused"])
    batch.files.update(name=FILE)
    results = results_file(cast.ada)
    export = AccountExport.objects.create(
        athlete=cast.ada,
        state="made",
        stored_as=default_storage.save("exports/a.zip", ContentFile(b"PK")),
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )
    return Hers(
        ids={
            "activity_id": run.pk,
            "one_id": run.pk,
            "other_id": another.pk,
            "race_id": race.pk,
            "batch_id": batch.pk,
            "file_id": results,
            "recording_id": run.recordings.get().pk,
            "export_id": export.pk,
        },
        objects={
            "athlete": cast.ada.pk,
            "user": cast.ada.user_id,
            "race": race.pk,
            "activity": run.pk,
            "emailaddress": cast.ada.user.emailaddress_set.get().pk,
        },
    )


def results_file(athlete: Athlete) -> int:
    kept = default_storage.save(
        "results/table.csv", ContentFile(f"date,name,distance,time\n2024-05-01,{RACE},10,45:00\n")
    )
    return ResultsFile.objects.create(athlete=athlete, name=FILE, stored_as=kept).pk


def client_of(role: str, cast: Cast) -> Client:
    if role == "out":
        return Client()
    if role in {"ada", "eve"}:
        return signed_in(getattr(cast, role).user)
    if role == "olga":
        return signed_in(cast.olga)
    if role in {"c1", "c2", "c3", "gone"}:
        grant(athlete=cast.ada, coach=cast.carl, level=int(role[1]) if role != "gone" else 3)
    if role == "gone":
        people.withdraw(athlete=cast.ada, coach=cast.carl)
    return signed_in(cast.carl)


def queries(pattern: str, cast: Cast) -> tuple[str, ...]:
    """As it is; and lists also asked for Ada by name of the parameters that they know."""
    is_list = "<" not in pattern and not pattern.startswith(("accounts/", "health/")) and not pattern.endswith("add/")
    return ("", f"?athlete={cast.ada.pk}&runner={cast.ada.pk}&q=mark") if is_list else ("",)


def body_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")


def secrets_from(role: str, pattern: str) -> set[str]:
    """The words of Ada's that this person may not read there."""
    if role == "ada":
        return {EVES}
    hidden = {RACE, RUN, FILE, NOBODYS, "Ada Marsh", EVES}
    if role in {"c1", "c2", "c3"}:
        hidden -= {RACE, "Ada Marsh"}
        if role != "c1":
            hidden -= {RUN}
    if role == "eve":
        hidden -= {EVES}
    if role == "olga" and pattern.startswith(("admin/athletes/user/", "admin/account/emailaddress/", "admin/mfa/")):
        hidden -= {NOBODYS, "Ada Marsh"}  # accounts are an operator's work
    return hidden


def test_every_address_has_a_row() -> None:
    there = set(patterns())
    assert there - set(TABLE) == set(), "who sees the new page? Add a row."
    assert set(TABLE) - there == set(), "a row without a page"


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_table_says_and_reads_nothing_else(cast: Cast, hers: Hers, role: str) -> None:
    client = client_of(role, cast)
    column = ROLES.index(role)
    wrong = []
    for pattern in patterns():
        if pattern in SIGNS_OUT:
            continue
        for query in queries(pattern, cast):
            response = client.get(hers.address(pattern) + query, headers={"Accept": "text/html"})
            body = body_of(response)
            leaked = {word for word in secrets_from(role, pattern) if word.lower() in body.lower()}
            if leaked:
                wrong.append(f"{pattern}{query} shows {leaked}")
            if not query and pattern in TABLE:
                expected = TABLE[pattern].split()
                expected = expected * len(ROLES) if len(expected) == 1 else expected
                if str(response.status_code) != expected[column]:
                    wrong.append(f"{pattern}: {response.status_code}, not {expected[column]}")
    assert not wrong, "\n".join(wrong)


SIGNS_OUT = {"accounts/logout/", "admin/logout/"}
#: what our forms are answered with, all at once: each takes what it knows
POSTED = {"decision": "rejected", "what": "same", "confirm": "on", "action": "reject", "index": "0"}


def state_of(athlete: Athlete) -> str:
    rows = [
        Race.objects.filter(athlete=athlete),
        RaceDecision.objects.filter(race__athlete=athlete),
        Activity.objects.filter(athlete=athlete),
        Recording.objects.filter(athlete=athlete),
        ImportBatch.objects.filter(athlete=athlete),
        ImportFile.objects.filter(batch__athlete=athlete),
        AccountExport.objects.filter(athlete=athlete),
        CoachGrant.objects.filter(athlete=athlete),
        Athlete.objects.filter(pk=athlete.pk),
    ]
    told = [json.loads(serializers.serialize("json", found.order_by("pk"))) for found in rows]
    for one in (one for found in told for one in found):
        one["fields"].pop("looked_at", None)  # that a coach looked is written down, and nothing that she changed
    return json.dumps(told)


@pytest.mark.parametrize("role", ["out", "eve", "c3", "gone"])
def test_nobody_changes_what_is_anothers_whatever_they_post(cast: Cast, hers: Hers, role: str) -> None:
    """A coach's own decisions are made in the admin's list, with a race selected that she was shown; not here."""
    client = client_of(role, cast)
    before = state_of(cast.ada)
    for pattern in patterns():
        if pattern not in SIGNS_OUT:
            assert client.post(hers.address(pattern), POSTED).status_code < 500, pattern
    assert state_of(cast.ada) == before


@pytest.mark.parametrize("role", ["c0", "gone", "olga"])
def test_an_action_with_anothers_ids_changes_nothing(cast: Cast, hers: Hers, role: str) -> None:
    client = client_of(role, cast)
    before = state_of(cast.ada)
    for action in ("confirm", "reject", "undo", "analyse_again", "export_csv", "delete_selected"):
        response = client.post(
            "/admin/performance/race/", {"action": action, "_selected_action": [hers.ids["race_id"]], "index": "0"}
        )
        assert RACE not in body_of(response)
    assert state_of(cast.ada) == before


def test_two_coaches_do_not_learn_of_each_others_runners(cast: Cast, hers: Hers) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=3)
    other = make_user(email="cora@example.invalid", name="Cora Other")
    grant(athlete=cast.eve, coach=other, level=3)
    as_cora = signed_in(other)
    for pattern in patterns():
        if pattern in SIGNS_OUT:
            continue
        for query in queries(pattern, cast):
            body = body_of(as_cora.get(hers.address(pattern) + query)).lower()
            assert not {word for word in (RACE, RUN, FILE, NOBODYS, "Ada Marsh", "carl@") if word.lower() in body}, (
                pattern
            )
