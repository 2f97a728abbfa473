"""Is Strava set up? Every part looked at, and what is wrong said in words: for the operators' page and check_strava."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.strava import artwork, client, http, limiter, oauth, state
from activities.strava.errors import AppInactive, AppMisconfigured, RateLimited, StravaError
from activities.strava.http import NoAnswer
from activities.strava.models import SCOPES, StravaAccount, StravaApplication, StravaRevocation
from activities.strava.words import words_for

Verdict = Literal["ok", "note", "wrong"]
SKEW_S = 60
OWN_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """about: which part.  said: what was found, and what to do where it is not right."""

    about: str
    verdict: Verdict
    said: str | Promise


def callback_url() -> str:
    return settings.SITE_URL + reverse("activities:strava-callback")


def callback_host() -> str:
    """What Strava calls the Authorization Callback Domain."""
    return urlsplit(settings.SITE_URL).hostname or ""


def webhook_url() -> str:
    return f"{settings.SITE_URL}/webhooks/strava/"


def without_asking() -> list[Finding]:
    """What can be said without a single request to Strava."""
    return [*_keys(), *_addresses(), *_scopes(), *_limits(), *_leaving(), *_artwork()]


def by_asking() -> list[Finding]:
    """What only Strava can say: a handful of requests, a few seconds, within the limits."""
    application = StravaApplication.of_installation()
    if not application.is_configured:
        return []
    return [*_credentials(application), *_switched_on(application), *_clock(), *_webhook(application)]


def _keys() -> Iterator[Finding]:
    if settings.FIELD_KEYS:
        yield Finding(about=_("Encryption"), verdict="ok", said=_("FIELD_KEYS is set, so tokens can be kept."))
    else:
        said = _(
            "FIELD_KEYS is empty, so no token can be kept and nobody can connect. .env.example says how to make one."
        )
        yield Finding(about=_("Encryption"), verdict="wrong", said=said)
    if settings.STRAVA_CLIENT_ID:
        said = _("STRAVA_CLIENT_ID is %s, and there is a secret.") % settings.STRAVA_CLIENT_ID
        yield Finding(about=_("API application"), verdict="ok", said=said)
    else:
        said = _(
            "STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET are empty: only athletes who bring an API application of their own "
            "can connect. Make one for everybody at https://www.strava.com/settings/api"
        )
        yield Finding(about=_("API application"), verdict="note", said=said)
    fault = StravaApplication.of_installation().fault
    if fault:
        yield Finding(about=_("API application"), verdict="wrong", said=words_for(fault).title)
    refused = StravaApplication.objects.exclude(owner=None).exclude(fault="").count()
    if refused:
        said = ngettext(
            "Strava refuses the own application of %d athlete.",
            "Strava refuses %d athletes' own applications.",
            refused,
        )
        yield Finding(about=_("Own applications"), verdict="note", said=said % refused)


def _addresses() -> Iterator[Finding]:
    host = callback_host()
    said = _("Strava sends people back to %(url)s. Its “Authorization Callback Domain” has to be %(host)s")
    yield Finding(about=_("Callback address"), verdict="ok", said=said % {"url": callback_url(), "host": host})
    if host not in OWN_MACHINE and urlsplit(settings.SITE_URL).scheme != "https":
        said = _("SITE_URL is not https, so codes and sessions travel in the clear.")
        yield Finding(about=_("Callback address"), verdict="wrong", said=said)


def _scopes() -> Iterator[Finding]:
    said = _("Asked of everybody: %s.") % ", ".join(SCOPES)
    yield Finding(about=_("Scopes"), verdict="ok", said=said)
    living = StravaAccount.objects.exclude(state=StravaAccount.State.DISCONNECTED)
    fewer = sum(set(scopes) < set(SCOPES) for scopes in living.values_list("scopes", flat=True))
    if fewer:
        said = ngettext("%d athlete allowed less.", "%d athletes allowed less.", fewer) % fewer
        yield Finding(about=_("Scopes"), verdict="note", said=said)
    states = living.order_by("state").values_list("state").annotate(n=Count("pk"))
    for word, count in states:
        verdict: Verdict = "ok" if word == StravaAccount.State.CONNECTED else "note"
        label = StravaAccount.State(word).label
        said = ngettext("%(n)d account: %(state)s", "%(n)d accounts: %(state)s", count) % {"n": count, "state": label}
        yield Finding(about=_("Accounts"), verdict=verdict, said=said)


def _limits() -> Iterator[Finding]:
    about = _("Limits")
    application = StravaApplication.of_installation()
    if not application.is_configured:
        return
    try:
        usage = limiter.usage(application)
    except RateLimited:
        said = _("Redis does not answer. Until it does, nothing is asked of Strava, so that no limit can be broken.")
        yield Finding(about=about, verdict="wrong", said=said)
        return
    budget = usage.budget
    figures = {
        "used": budget.read_used_short, "limit": budget.read_limit_short,
        "day_used": budget.read_used_day, "day_limit": budget.read_limit_day,
    }  # fmt: skip
    said = (
        _("%(used)d of %(limit)d reads in this quarter of an hour, %(day_used)d of %(day_limit)d today (UTC).")
        % figures
    )
    yield Finding(about=about, verdict="ok", said=said)
    if not usage.is_known:
        said = _("Strava has not told its limits yet; these are what a new application gets.")
        yield Finding(about=about, verdict="note", said=said)
    if usage.closed_until:
        said = _("Strava asked us to wait until %s UTC.") % time_format(usage.closed_until)
        yield Finding(about=about, verdict="note", said=said)


def _leaving() -> Iterator[Finding]:
    n = StravaRevocation.objects.pending().count()
    if n:
        said = ngettext(
            "Strava still has to confirm that the access of %d person is revoked; it is asked again for a day.",
            "Strava still has to confirm that the access of %d people is revoked; it is asked again for a day.",
            n,
        )
        yield Finding(about=_("Disconnecting"), verdict="note", said=said % n)


def _artwork() -> Iterator[Finding]:
    """The marks Strava's brand guidelines want; only named ones are looked at, the words are allowed."""
    for mark in artwork.MARKS.values():
        try:
            found = artwork.read(mark)
        except artwork.NotArtwork as error:
            values = {"setting": mark.setting, "path": artwork.path_of(mark), "why": error.why, "words": mark.words}
            said = _("%(setting)s names %(path)s. %(why)s “%(words)s” is shown as text.") % values
            yield Finding(about=_("Artwork"), verdict="note", said=said)
        else:
            if found is not None:
                said = _("“%(words)s” is shown as the image that %(setting)s names.")
                yield Finding(
                    about=_("Artwork"), verdict="ok", said=said % {"words": mark.words, "setting": mark.setting}
                )


def _credentials(application: StravaApplication) -> Iterator[Finding]:
    about = _("Id and secret")
    try:
        oauth.accepts(application)
    except AppMisconfigured:
        said = _("Strava does not accept STRAVA_CLIENT_ID with STRAVA_CLIENT_SECRET. Copy both anew from its API page.")
        yield Finding(about=about, verdict="wrong", said=said)
    except AppInactive:
        yield Finding(about=about, verdict="wrong", said=words_for("app_inactive").detail)
    except StravaError as error:
        said = _("Strava did not say: %(why)s. Is STRAVA_OAUTH_URL %(url)s right?")
        values = {"why": error, "url": settings.STRAVA_OAUTH_URL}
        yield Finding(about=about, verdict="wrong", said=said % values)
    else:
        state.application_works(application.pk, {StravaApplication.Fault.MISCONFIGURED})  # nobody has to wait longer
        yield Finding(about=about, verdict="ok", said=_("Strava knows this id and secret."))


def _switched_on(application: StravaApplication) -> Iterator[Finding]:
    """Where the API was refused, one call more: if it works, everybody who waits goes on at once."""
    about = _("API application")
    known = StravaApplication.objects.get(pk=application.pk)
    if not known.fault:
        return
    account = StravaAccount.objects.connected().select_related("application").filter(application=known).first()
    try:
        if account is not None:
            client.Client(account, waiting=True).athlete()
        else:
            client.subscriptions(known)
            state.application_works(known.pk)
    except StravaError as error:
        yield Finding(about=about, verdict="wrong", said=words_for(error.code).title)
    else:
        yield Finding(
            about=about, verdict="ok", said=_("Strava answers it again. Whoever waited for that goes on now.")
        )


def _clock() -> Iterator[Finding]:
    """By the Date of any answer; the page need not be one that exists."""
    about = _("Clock")
    try:
        reply = http.send("GET", f"{settings.STRAVA_OAUTH_URL}/token", read_s=oauth.LEAVING_S)
        date = parsedate_to_datetime(next(value for name, value in reply.headers.items() if name.lower() == "date"))
        skew_s = (timezone.now() - date).total_seconds()
    except (NoAnswer, StopIteration, ValueError, TypeError):
        return
    if abs(skew_s) > SKEW_S:
        said = _("This machine's clock and Strava's are %d seconds apart. Tokens end by the clock: set it by NTP.")
        yield Finding(about=about, verdict="wrong", said=said % abs(skew_s))
    else:
        yield Finding(about=about, verdict="ok", said=_("This machine's clock agrees with Strava's."))


def _webhook(application: StravaApplication) -> Iterator[Finding]:
    about = _("Webhook")
    if not settings.STRAVA_VERIFY_TOKEN.get_secret_value():
        said = _(
            "STRAVA_VERIFY_TOKEN is empty, so Strava cannot tell us of changes. They are noticed every night instead."
        )
        yield Finding(about=about, verdict="note", said=said)
        return
    url = webhook_url()
    yield from _reach(url)
    try:
        found = client.subscriptions(application)
    except RateLimited as error:
        said = _("Not asked: the limit is reached until %s UTC.") % time_format(error.retry_at)
        yield Finding(about=about, verdict="note", said=said)
    except StravaError as error:
        said = _("Strava did not say whether there is a subscription: %s") % error
        yield Finding(about=about, verdict="wrong", said=said)
    else:
        addresses = [str(one.get("callback_url", "")) for one in found]
        if url in addresses:
            yield Finding(about=about, verdict="ok", said=_("Strava tells us of changes at %s") % url)
        elif addresses:
            said = _("The subscription leads to %(other)s and not to %(url)s. Run strava_webhook delete, then create.")
            yield Finding(about=about, verdict="wrong", said=said % {"other": addresses[0], "url": url})
        else:
            said = _(
                "There is no subscription yet: run strava_webhook create. Until then changes are noticed every night."
            )
            yield Finding(about=about, verdict="note", said=said)


def _reach(url: str) -> Iterator[Finding]:
    """Call our own address as Strava would. From here it may work and from outside not, or the other way round."""
    about = _("Webhook")
    challenge = f"check{int(time.time())}"
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": settings.STRAVA_VERIFY_TOKEN.get_secret_value(),
    }
    began = time.monotonic()
    try:
        reply = requests.get(url, params=query, timeout=(2, 5), allow_redirects=False)
        answered = reply.status_code == 200 and reply.json() == {"hub.challenge": challenge}
    except (requests.RequestException, ValueError):
        answered = False
    took = timedelta(seconds=time.monotonic() - began)
    if not answered:
        said = _("%s does not answer as Strava needs it, seen from this machine.") % url
        yield Finding(about=about, verdict="wrong", said=said)
    elif took > timedelta(seconds=2):
        yield Finding(
            about=about, verdict="wrong", said=_("%s takes longer to answer than the 2 seconds Strava waits.") % url
        )
    elif urlsplit(url).hostname in OWN_MACHINE:
        said = _("%s answers, but Strava cannot reach an address of your own machine.") % url
        yield Finding(about=about, verdict="note", said=said)
    else:
        yield Finding(about=about, verdict="ok", said=_("%s answers, seen from this machine.") % url)
