"""Every page of the site, and how the tests open it. A new URL has to be entered here, as a page or as none.

`PAGES` are audited by tests/browser/test_every_page.py (axe, widths, themes, keyboard, without script) and held to the
budgets by tests/test_budgets.py. A page is opened as Ada, who has a history, unless it says otherwise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from activities.models import Activity
from athletes.models import Athlete
from performance import standards, training
from performance.models import Race
from tests import factories
from tests.conftest import Cast


@dataclass(frozen=True)
class House:
    """What the pages show: Ada's history, and the rows that addresses name."""

    cast: Cast
    run: Activity
    race: Race
    batch_id: int
    twin: Activity
    regrading_id: int
    club: str


@dataclass(frozen=True)
class Page:
    """path: where it is in a house.  user: who opens it: "ada", "olga" or "" for a visitor.  status: what it answers."""

    path: Callable[[House], str]
    user: str = "ada"
    status: int = 200


def at(path: str, **how: Any) -> Page:
    """A page whose address is always the same, or names the run, the race, the batch: "/activities/{run}/"."""

    def address(house: House) -> str:
        return path.format(
            run=house.run.pk,
            race=house.race.pk,
            batch=house.batch_id,
            regrading=house.regrading_id,
            club=house.club,
            recording=house.run.recordings.get(leads=False).pk,
            one=min(house.run.pk, house.twin.pk),
            other=max(house.run.pk, house.twin.pk),
        )

    return Page(address, **how)


#: by the name of their URL; several addresses where a page has several faces
PAGES: dict[str, list[Page]] = {
    "performance:dashboard": [at("/"), at("/", user="olga"), at("/", user="")],
    "performance:predictions": [at("/predictions/"), at("/predictions/", user="olga")],
    "performance:load": [at("/load/"), at("/load/?weeks=104"), at("/load/", user="olga")],
    "performance:race-list": [at("/races/"), at("/races/?state=to_decide")],
    "performance:race-add": [at("/races/add/")],
    "performance:race": [at("/races/{race}/")],
    "performance:race-edit": [at("/races/{race}/edit/")],
    "performance:race-results-new": [at("/races/results/")],
    "performance:races-decided": [at("/races/decided/?race={race}")],
    "performance:race-bests": [at("/bests/")],
    "performance:age-grade": [at("/age-grade/"), at("/age-grade/?table=F&age=58&distance=10000&time=45:42", user="")],
    "performance:age-grade-tables": [at("/age-grade/tables/", user=""), at("/age-grade/tables/")],
    "performance:age-grade-method": [at("/age-grade/method/", user="")],
    "performance:age-grade-results-new": [at("/age-grade/results/", user="")],
    "performance:age-grade-results": [at("{club}", user="")],
    "performance:standards": [at("/settings/standards/")],
    "performance:regrading": [at("/settings/standards/{regrading}/")],
    "performance:activity-list": [at("/activities/"), at("/activities/?q=nothing+fits")],
    "performance:activity": [at("/activities/{run}/"), at("/activities/{run}/?from_km=2&to_km=4")],
    "performance:activity-sources": [at("/activities/{run}/sources/")],
    "performance:activity-remove": [at("/activities/{run}/remove/")],
    "performance:recording-remove": [at("/recordings/{recording}/remove/")],
    "performance:same-run": [at("/same-run/")],
    "performance:export": [at("/export/")],
    "athletes:more": [at("/more/")],
    "athletes:settings": [at("/settings/")],
    "activities:import-new": [at("/import/")],
    "activities:import": [at("/import/{batch}/")],
    "activities:import-undo": [at("/import/{batch}/undo/")],
    "activities:strava-connect": [at("/connect/strava/")],
    "activities:strava-application": [at("/settings/strava/")],
    "activities:sync": [at("/sync/"), at("/sync/", user="olga")],
    "activities:sync-everybody": [at("/sync/everybody/", user="olga")],
    "account_login": [at("/accounts/login/", user="")],
    "account_signup": [at("/accounts/signup/", user="")],
    "account_logout": [at("/accounts/logout/")],
    "account_inactive": [at("/accounts/inactive/", user="")],
    "account_reauthenticate": [at("/accounts/reauthenticate/")],
    "account_email": [at("/accounts/email/")],
    "account_email_verification_sent": [at("/accounts/confirm-email/", user="")],
    "account_change_password": [at("/accounts/password/change/")],
    "account_reset_password": [at("/accounts/password/reset/", user="")],
    "account_reset_password_done": [at("/accounts/password/reset/done/", user="")],
    "account_reset_password_from_key": [at("/accounts/password/reset/key/zzz-bad/", user="")],
    "account_reset_password_from_key_done": [at("/accounts/password/reset/key/done/", user="")],
    "account_confirm_email": [at("/accounts/confirm-email/bad/", user="")],
    "mfa_index": [at("/accounts/two-step/")],
    "athletes:welcome": [at("/welcome/"), at("/welcome/", user="olga")],
    "athletes:privacy": [at("/privacy/"), at("/privacy/", user="olga")],
    "athletes:privacy-deleted": [at("/privacy/deleted/", user="")],
    "athletes:invitation-list": [at("/invitations/", user="olga")],
    "athletes:join": [at("/join/bad/", user="", status=404)],
    "athletes:first-operator": [at("/first-operator/bad/", user="", status=404)],
    "performance:coach": [at("/coach/")],
    "operations": [at("/operations/", user="olga")],
    "offline": [at("/offline/", user="")],
}

#: what is no page, and why it needs no audit
NOT_PAGES: dict[str, str] = {
    "live": "JSON", "ready": "JSON",
    "manifest": "JSON", "service-worker": "script",
    "athletes:home": "the dashboard's address; it is opened there as a visitor",
    "account_set_password": "leads elsewhere for who has a password",
    "account_confirm_login_code": "leads elsewhere: no sign-in by code is going on",
    "performance:race-csv": "a file", "performance:race-json": "JSON", "performance:race-ics": "a file",
    "performance:activity-csv": "a file", "performance:activity-json": "JSON",
    "performance:activity-json-list": "JSON", "performance:activity-efforts": "JSON",
    "performance:age-grade-tables-csv": "a file", "performance:age-grade-results-csv": "a file",
    "performance:age-grade-results-delete": "POST",
    "performance:regrading-undo": "POST",
    "performance:export-file": "a file", "performance:export-drop": "POST", "performance:same-run-say": "POST",
    "performance:race-runs": "POST",
    "performance:race-decide": "POST", "performance:races-decide": "POST", "performance:activity-mark": "POST",
    "performance:race-results": "audited with a table of results in test_race_book.py",
    "performance:race-results-take": "POST", "performance:race-results-undo": "audited in test_race_book.py",
    "performance:recording-split": "POST",
    "mfa_authenticate": "leads elsewhere: nobody is between the two steps",
    "mfa_reauthenticate": "leads elsewhere for who has no second step",
    "mfa_activate_totp": "asks for the password first, which is a page of its own",
    "mfa_deactivate_totp": "leads elsewhere for who has no second step",
    "mfa_view_recovery_codes": "leads elsewhere for who has no second step",
    "mfa_generate_recovery_codes": "leads elsewhere for who has no second step",
    "mfa_download_recovery_codes": "a file",
    "athletes:privacy-delete": "asks for the password first, which is a page of its own",
    "athletes:privacy-coach-add": "POST", "athletes:privacy-coach-withdraw": "POST",
    "athletes:invitation-revoke": "POST",
    "activities:demo-look": "POST", "activities:demo-remove": "POST",
    "activities:import-cancel": "POST", "activities:import-retry": "POST",
    "activities:strava-start": "leads to Strava", "activities:strava-callback": "comes from Strava",
    "activities:strava-disconnect": "POST", "activities:strava-data": "POST", "activities:strava-check": "a part",
    "activities:sync-now": "a part", "activities:sync-change": "POST",
    "activities:strava-webhook": "for Strava", "activities:strava-artwork": "an image",
}  # fmt: skip


def named_urls() -> Iterator[str]:
    """The names of all URL patterns but the administration's, which is Django's own."""

    def walk(patterns: list[Any], space: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver) and pattern.namespace != "admin":
                yield from walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)
            elif isinstance(pattern, URLPattern):
                yield space + (pattern.name or str(pattern.callback.__name__))  # type: ignore[union-attr]

    yield from walk(get_resolver().url_patterns, "")


def furnish(cast: Cast, *, n_activities: int = 24) -> House:
    """A history with something in every block of every page; many runs where a page has to bear them."""
    ada = cast.ada
    Athlete.objects.filter(pk=ada.pk).update(hr_max=185, hr_rest=52)
    now = timezone.now().astimezone(UTC).replace(hour=8, minute=0, second=0, microsecond=0)
    run = factories.make_activity(
        athlete=ada, name="Ely 10K", started_at=now - timedelta(days=20), n_laps=10, analysed=True
    )
    race = factories.make_race(athlete=ada, activity=run, decided_by=ada.user)
    factories.make_recording(activity=run, device="Stryd", distance_m=10_100)
    twin = factories.make_activity(
        athlete=ada, name="From the phone", started_at=run.started_at + timedelta(minutes=2), distance_m=9400.0
    )
    for number in range(3):
        maybe = factories.make_activity(
            athlete=ada, name=f"Saturday {number}", started_at=now - timedelta(days=9 + number)
        )
        factories.make_race(athlete=ada, activity=maybe, state="to_decide", name=maybe.name, age_grade=0.75)
    days = max(1, n_activities // 24)
    for number in range(n_activities - 5):
        started_at = now - timedelta(days=2 * number % 4000, minutes=number)
        _bare_run(ada, number, started_at, analysed=number % days == 0 and number // days < 20)
    for number in range(max(6, n_activities // 15)):
        factories.make_race(
            athlete=ada,
            name=f"Fenland race {number}",
            local_date=(now - timedelta(days=40 + 23 * number)).date(),
            distance_m=(5_000.0, 10_000.0, 21_097.5, 42_195.0)[number % 4],
            time_s=(1384.0, 2842.0, 6238.0, 13_269.0)[number % 4] + number,
            age_grade=0.77 - number % 30 / 300,
        )
    training.derive_loads(Athlete.objects.get(pk=ada.pk))
    batch = factories.make_batch(athlete=ada, outcomes=["new", "same", "merged", "partial", "refused", "waiting"])
    regrading = standards.choose(ada, standards.Standard(road="road-2010"))
    assert regrading is not None
    standards.regrade(regrading.pk)
    results = SimpleUploadedFile("club.csv", b"Runner,M/F,Age,Time\nBob Fen,M,35,36:10\nDee Nene,,44,46:00\n")
    club = Client().post("/age-grade/results/", {"file": results})["Location"]
    return House(cast=cast, run=run, race=race, batch_id=batch.pk, twin=twin, regrading_id=regrading.pk, club=club)


def _bare_run(athlete: Athlete, number: int, started_at: datetime, *, analysed: bool) -> None:
    factories.make_activity(
        athlete=athlete, name=f"Easy along the Cam {number}", started_at=started_at, distance_m=8_200, analysed=analysed
    )
