"""/connect/strava/ and what belongs to it: over real HTTP to Strava's stand-in, as a browser would go."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydantic import SecretStr

from activities.models import Activity, Recording, StravaAccount, StravaApplication, StravaRevocation
from activities.signals import strava_connected
from activities.strava import erasing
from activities.strava.client import Client
from athletes.erasing import erase
from athletes.stored import stored
from tests.conftest import Cast
from tests.factories import make_activity, make_recording
from tests.strava.conftest import revoke_what_is_due
from tests.strava.stand_in import CLIENT_ID, CLIENT_SECRET, Strava

pytestmark = pytest.mark.django_db

URL = "/connect/strava/"


def there_and_back(client, strava: Strava) -> str:
    """From our start over Strava's page to the address it sends the browser back to."""
    sent = client.get(f"{URL}start/")
    assert sent.status_code == 302
    back = urlsplit(strava.visit(sent["Location"]))
    return f"{back.path}?{back.query}"


def connect(client, strava: Strava):
    return client.get(there_and_back(client, strava))


def test_before_connecting_it_says_what_is_asked_and_why(as_ada, strava):
    html = as_ada.get(URL).content.decode()
    for words in (
        "heart rate, route, laps",
        "privacy zones",
        "Only you.",
        "disconnect here at any time",
        f'href="{URL}start/"',
    ):
        assert words in html, words
    assert "Connect with Strava" in html


def test_the_way_there_names_the_scopes_our_address_and_a_word_of_this_session(as_ada, strava, settings):
    sent = as_ada.get(f"{URL}start/")["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    assert sent.startswith(strava.oauth_url + "/authorize?") and "secret" not in sent
    assert query["scope"] == "read,activity:read,activity:read_all,profile:read_all"
    assert query["redirect_uri"] == f"{settings.SITE_URL}{URL}callback/"
    assert len(query["state"]) >= 32 and query["client_id"] == CLIENT_ID


def test_connecting_stores_what_was_granted_and_tells_who_listens(as_ada, ada, strava):
    heard: list[int] = []

    def hear(*, account_id: int, **kwargs) -> None:
        heard.append(account_id)

    strava_connected.connect(hear)
    try:
        answer = connect(as_ada, strava)
    finally:
        strava_connected.disconnect(hear)
    assert answer.status_code == 302 and answer["Location"] == URL
    account = StravaAccount.objects.get(athlete=ada)
    assert heard == [account.pk]
    assert (account.strava_athlete_id, account.strava_name, account.state) == (7, "Ada Marsh", "connected")
    assert Client(account).activities() == []
    html = as_ada.get(URL).content.decode()
    assert "Strava is connected" in html and "athletes/7" in html and "Not allowed:" not in html


def test_what_was_unticked_is_said_with_what_is_missing_for_it(as_ada, ada, strava):
    strava.consent(7, scopes=["read", "activity:read"])
    connect(as_ada, strava)
    assert StravaAccount.objects.get(athlete=ada).scopes == ["activity:read", "read"]
    html = as_ada.get(URL).content.decode()
    assert html.count("Not allowed:") == 2 and "shoes have to be entered by hand" in html
    assert "Allow more at Strava" in html and "approval_prompt=force" in as_ada.get(f"{URL}start/")["Location"]


def test_without_any_activity_scope_the_state_says_so(as_ada, ada, strava):
    strava.consent(7, scopes=["read"])
    connect(as_ada, strava)
    assert StravaAccount.objects.get(athlete=ada).state == "scope_missing"
    assert "Activities may not be read" in as_ada.get(URL).content.decode()


def test_saying_no_changes_nothing(as_ada, strava):
    strava.consent(7, deny=True)
    answer = connect(as_ada, strava)
    assert answer.status_code == 200 and "You said no at Strava" in answer.content.decode()
    assert not StravaAccount.objects.exists()


def test_an_answer_that_was_not_started_here_or_was_used_is_refused(as_ada, as_eve, strava, cast: Cast):
    back = there_and_back(as_ada, strava)
    assert as_eve.get(back).status_code == 400, "another session"
    assert as_ada.get(back).status_code == 302
    again = as_ada.get(back)
    assert again.status_code == 400 and "does not belong to a connection you started here" in again.content.decode()
    assert as_ada.get(f"{URL}callback/?code=x&state=").status_code == 400
    assert len(strava.calls("/oauth/token")) == 1
    assert not StravaAccount.objects.filter(athlete=cast.eve).exists()


def test_a_wrong_word_spends_the_right_one(as_ada, strava):
    back = there_and_back(as_ada, strava)
    assert as_ada.get(f"{URL}callback/?code=x&state=guessed").status_code == 400
    assert as_ada.get(back).status_code == 400


def test_one_strava_account_belongs_to_one_athlete(as_ada, as_eve, strava, cast: Cast):
    connect(as_ada, strava)
    answer = connect(as_eve, strava)
    assert answer.status_code == 409 and "connected to somebody else here" in answer.content.decode()
    assert list(StravaAccount.objects.values_list("athlete", flat=True)) == [cast.ada.pk]
    revoke_what_is_due()
    assert not StravaRevocation.objects.exists() and not strava.calls("/oauth/revoke"), (
        "the grant at Strava is one, and the first's: revoking what the second was given would end it"
    )
    first = StravaAccount.objects.get()
    assert Client(first).activities() == [], "and goes on working for the first"
    StravaAccount.objects.update(expires_at=timezone.now())
    assert Client(first).activities() == [], "and can be refreshed"


def test_who_is_refused_does_not_end_the_tokens_of_the_first(as_ada, as_eve, strava):
    strava.application(one_pair=True)
    connect(as_ada, strava)
    assert connect(as_eve, strava).status_code == 409
    first = StravaAccount.objects.get()
    assert Client(first).activities() == []
    StravaAccount.objects.update(expires_at=timezone.now())
    assert Client(first).activities() == []


def test_tokens_that_allow_less_are_not_passed_on(as_ada, as_eve, strava):
    connect(as_ada, strava)
    before = StravaAccount.objects.values_list("refresh_token").get()
    strava.consent(7, ["read", "activity:read"])
    assert connect(as_eve, strava).status_code == 409
    assert StravaAccount.objects.values_list("refresh_token").get() == before


def test_another_strava_account_does_not_take_the_place_of_the_first(as_ada, ada, strava):
    connect(as_ada, strava)
    strava.athlete(8, firstname="Other")
    strava.consent(8)
    answer = connect(as_ada, strava)
    assert answer.status_code == 409 and "two histories must not be mixed" in answer.content.decode()
    assert StravaAccount.objects.get(athlete=ada).strava_athlete_id == 7
    revoke_what_is_due()
    assert strava.grants() == [[7, CLIENT_ID]], "what the other account was asked for is given back"


def test_connecting_again_mends_a_dead_connection(as_ada, ada, strava):
    connect(as_ada, strava)
    strava.revoke(7)
    with pytest.raises(Exception, match="token any more|refused"):
        Client(StravaAccount.objects.get()).activities()
    html = as_ada.get(URL).content.decode()
    assert "Strava has to be connected again" in html and "Connect with Strava again" in html
    connect(as_ada, strava)
    assert StravaAccount.objects.get(athlete=ada).state == "connected"


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "lost"}, {"kind": "html_200"}])
def test_strava_failing_in_the_middle_is_a_page_with_words(as_ada, strava, fault):
    strava.fault(path="/oauth/token", **fault)
    answer = connect(as_ada, strava)
    assert answer.status_code == 200 and "Strava does not answer at the moment" in answer.content.decode()
    assert len(strava.calls("/oauth/token")) == 1, "a code works once"


def test_kept_stays_and_deleted_goes_with_all_that_was_derived(as_ada, ada, strava, django_capture_on_commit_callbacks):
    connect(as_ada, strava)
    only_strava = make_activity(athlete=ada, source=Recording.Source.STRAVA, name="From Strava", analysed=True)
    both = make_activity(athlete=ada, name="From my watch")
    make_recording(activity=both, source=Recording.Source.STRAVA)
    as_ada.post(f"{URL}disconnect/")
    assert "1 activity goes" in as_ada.get(URL).content.decode()
    as_ada.post(f"{URL}data/", {"choice": "keep"})
    assert "Kept from Strava" in as_ada.get(URL).content.decode()
    assert Activity.objects.filter(athlete=ada).count() == 2

    with django_capture_on_commit_callbacks():
        as_ada.post(f"{URL}data/", {"choice": "delete"})
    assert "Being deleted" in as_ada.get(URL).content.decode()
    assert as_ada.get(URL).content.decode().count("Connect with Strava") == 0
    erasing.work_off(StravaAccount.objects.get(athlete=ada).pk)
    assert list(Activity.objects.filter(athlete=ada)) == [both]
    assert not Activity.objects.filter(pk=only_strava.pk).exists()
    assert not Recording.objects.filter(source="strava").exists() and not StravaAccount.objects.exists()
    assert "your whole history comes by itself" in as_ada.get(URL).content.decode()


def test_who_leaves_agegrade_leaves_strava_too(as_ada, ada, strava):
    strava.client("991", "own")
    as_ada.post("/settings/strava/", {"client_id": "991", "client_secret": "own"})
    connect(as_ada, strava)
    assert any("Strava" in str(one.what) and one.since for one in stored(ada.user, ada)), (
        "and the privacy page names it"
    )
    type(ada.user).objects.filter(pk=ada.user_id).update(erase_asked_at=timezone.now())
    erase(ada.user_id)
    assert not StravaAccount.objects.exists() and not StravaApplication.objects.filter(owner__isnull=False).exists()
    assert not strava.calls("/oauth/revoke"), "a worker asks"
    revoke_what_is_due()
    assert strava.tokens() == {"access": [], "refresh": []}
    assert not StravaRevocation.objects.exists()


def test_nothing_is_deleted_while_connected(as_ada, ada, strava):
    connect(as_ada, strava)
    make_activity(athlete=ada, source=Recording.Source.STRAVA)
    as_ada.post(f"{URL}data/", {"choice": "delete"})
    assert not erasing.unfinished().exists()


def test_who_does_not_run_has_nothing_to_connect(as_carl, strava):
    assert "belongs to somebody who runs" in as_carl.get(URL).content.decode()
    for method, path in (("get", "start/"), ("get", "callback/"), ("post", "disconnect/"), ("post", "data/")):
        assert getattr(as_carl, method)(URL + path).status_code == 404


def test_the_page_costs_few_queries(as_ada, strava, django_assert_max_num_queries):
    connect(as_ada, strava)
    with django_assert_max_num_queries(6):
        as_ada.get(URL)


# -- an application of one's own ----------------------------------------------------------------------------------------

OWN = "/settings/strava/"


def test_an_own_application_is_tried_sealed_used_and_never_shown(as_ada, ada, strava):
    strava.client("991", "secret-of-her-own")
    refused = as_ada.post(OWN, {"client_id": "991", "client_secret": "wrong-one"})
    assert refused.status_code == 422 and "does not accept this id" in refused.content.decode()
    assert "wrong-one" not in refused.content.decode()
    as_ada.post(OWN, {"client_id": "991", "client_secret": "secret-of-her-own"})
    own = StravaApplication.objects.get(owner=ada)
    assert own.client_secret.get_secret_value() == "secret-of-her-own"
    page = as_ada.get(OWN).content.decode()
    assert 'value="991"' in page and "secret-of-her-own" not in page
    assert "client_id=991&" in as_ada.get(f"{URL}start/")["Location"]
    connect(as_ada, strava)
    assert StravaAccount.objects.get(athlete=ada).application == own
    assert "your own" in as_ada.get(URL).content.decode()
    assert own.budget_key != StravaApplication.of_installation().budget_key


def test_an_own_application_replaces_the_one_connected_through_only_after_connecting_again(as_ada, ada, strava):
    connect(as_ada, strava)
    strava.client("991", "own")
    html = as_ada.post(OWN, {"client_id": "991", "client_secret": "own"}, follow=True).content.decode()
    assert "Connect again, so that your own application is used" in html
    account = StravaAccount.objects.get(athlete=ada)
    assert account.application.owner is None and Client(account).activities() == []
    connect(as_ada, strava)
    account.refresh_from_db()
    assert account.application.owner == ada


def test_an_own_application_in_use_is_not_removed(as_ada, ada, strava):
    strava.client("991", "own")
    as_ada.post(OWN, {"client_id": "991", "client_secret": "own"})
    connect(as_ada, strava)
    as_ada.post(OWN, {"remove": "1"})
    assert StravaApplication.objects.filter(owner=ada).exists()
    as_ada.post(f"{URL}disconnect/")
    as_ada.post(OWN, {"remove": "1"})
    assert not StravaApplication.objects.filter(owner=ada).exists()


def test_an_id_that_is_no_number_is_told(as_ada, strava):
    answer = as_ada.post(OWN, {"client_id": "my app", "client_secret": "x"})
    assert answer.status_code == 422 and "A Client ID is a number" in answer.content.decode()


def test_without_any_application_the_page_offers_other_ways(as_ada, strava, settings):
    settings.STRAVA_CLIENT_ID = ""
    html = as_ada.get(URL).content.decode()
    assert "Not set up here yet" in html and "Bring my own API application" in html
    assert as_ada.get(f"{URL}start/")["Location"] == URL


# -- is it set up? ------------------------------------------------------------------------------------------------------

CHECK = "/settings/strava/check/"


def test_the_check_is_the_operators(as_olga, as_ada, as_carl, strava):
    assert as_ada.get(CHECK).status_code == as_carl.get(CHECK).status_code == 404
    html = as_olga.get(CHECK).content.decode()
    assert "/connect/strava/callback/" in html and "0 of 100 reads" in html
    assert not strava.requests(), "looking asks nobody"
    html = as_olga.post(CHECK).content.decode()
    assert "Strava knows this id and secret" in html and "clock agrees" in html


def test_check_strava_says_in_words_what_is_wrong(strava, account, settings, capsys):
    call_command("check_strava")
    told = capsys.readouterr().out
    assert "1 account: connected" in told and CLIENT_SECRET not in told
    settings.STRAVA_CLIENT_SECRET = SecretStr("mistyped")
    settings.STRAVA_VERIFY_TOKEN = SecretStr("word")
    with pytest.raises(CommandError):
        call_command("check_strava")
    told = capsys.readouterr().out
    assert "WRONG  Id and secret: Strava does not accept STRAVA_CLIENT_ID" in told
    assert "does not answer as Strava needs it" in told and "mistyped" not in told
    StravaApplication.objects.update(fault="app_misconfigured", fault_at=timezone.now())
    settings.STRAVA_CLIENT_SECRET, settings.STRAVA_VERIFY_TOKEN = SecretStr(CLIENT_SECRET), SecretStr("")
    with pytest.raises(CommandError):
        call_command("check_strava")
    assert "WRONG  API application" in capsys.readouterr().out
    assert StravaApplication.objects.get().fault == "", "mended, and found so"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.FIELD_KEYS = []
    with pytest.raises(CommandError):
        call_command("check_strava")
    told = capsys.readouterr().out
    assert "Redis does not answer" in told and "FIELD_KEYS is empty" in told
