"""Strava over HTTP: one method a question, schemas as answers, and one of errors.py when there is none.

What it promises: the limiter is asked before every attempt and told of every answer; what may pass (connection errors,
resets, stalls, 5xx, cut-off or non-JSON bodies) is tried a few times with growing, jittered pauses; a 4xx is never tried
again, but for one 401 after the token was read again or refreshed; a 429 closes the window for everybody. Whatever happens
leaves its trace in the account's state, so that a page can say it. Knows of models only what tokens.py and state.py ask for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from pydantic import SecretStr, ValidationError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from activities.recorded import Streams
from activities.strava import http, limiter, state, tokens
from activities.strava.errors import (
    AppInactive,
    AppMisconfigured,
    NotFound,
    ReconnectNeeded,
    ScopeMissing,
    StravaError,
    Unreadable,
)
from activities.strava.http import NoAnswer, Reply, TokenRefused
from activities.strava.models import StravaAccount, StravaApplication
from activities.strava.schemas import (
    STREAM_KEYS,
    AthleteProfile,
    Detail,
    Gear,
    SetAside,
    StreamSet,
    Summary,
    UnequalStreams,
    Zones,
    read_detail,
    read_summary,
)
from activities.strava.state import Connection

log = structlog.get_logger("agegrade.strava")

TRIES, TRIES_OF_A_PERSON = 4, 2
#: no further try once this long has gone into a question
TRYING_S: Final = 60
ANY_ACTIVITY = ("activity:read", "activity:read_all")
PROFILE = ("profile:read_all",)
MOST_A_PAGE: Final = 200


class Client:
    """One athlete's account. waiting: a person waits for the answer, so the reserved share of the limits may be used."""

    def __init__(self, account: StravaAccount, *, waiting: bool = False) -> None:
        self.account = account
        self.application = account.application
        self.waiting = waiting
        #: requests to the API so far, with every try of each question
        self.n_sent = 0

    def athlete(self) -> AthleteProfile:
        answer = self._get("athlete")
        try:
            return AthleteProfile.model_validate(answer)
        except ValidationError:
            raise Unreadable("the athlete has no id", answer) from None

    def zones(self) -> Zones:
        return Zones.read(self._get("athlete/zones", scopes=PROFILE))

    def activities(
        self,
        *,
        page: int = 1,
        per_page: int = MOST_A_PAGE,
        before: datetime | None = None,
        after: datetime | None = None,
    ) -> list[Summary | SetAside]:
        """One page, newest first; with `after` oldest first. An empty page is the end, a short one is not."""
        params: dict[str, int] = {"page": page, "per_page": min(per_page, MOST_A_PAGE)}
        if before is not None:
            params["before"] = int(before.timestamp())
        if after is not None:
            params["after"] = int(after.timestamp())
        answer = self._get("athlete/activities", scopes=ANY_ACTIVITY, params=params, expects=list)
        return [read_summary(item) for item in answer]

    def activity(self, strava_id: int) -> Detail:
        """Raises NotFound for what is deleted, private or not ours; Unreadable with the payload."""
        read = read_detail(self._get(f"activities/{strava_id}", scopes=ANY_ACTIVITY))
        if isinstance(read, SetAside):
            raise Unreadable(read.reason, read.payload)
        return read

    def streams(self, strava_id: int, *, on_foot: bool = True) -> Streams | None:
        """The samples; None where the activity has none, which is not worth asking again until it changes.

        on_foot: cadence comes for one leg and is doubled.  Raises Unreadable where the columns are not equally long.
        """
        params = {"keys": ",".join(STREAM_KEYS), "key_by_type": "true"}
        try:
            answer = self._get(
                f"activities/{strava_id}/streams", scopes=ANY_ACTIVITY, params=params, expects=(dict, list)
            )
        except NotFound:
            return None
        try:
            return StreamSet.read(answer).as_streams(on_foot=on_foot)
        except UnequalStreams as error:
            log.warning("strava streams differ in length", strava_id=strava_id, lengths=str(error))
            raise Unreadable(f"the streams differ in length: {error}") from None
        except ValueError as error:
            raise Unreadable(str(error)) from None

    def gear(self, gear_id: str) -> Gear:
        """Raises NotFound where the gear is gone."""
        answer = self._get(f"gear/{gear_id}")
        try:
            return Gear.model_validate(answer)
        except ValidationError:
            raise Unreadable("the gear has no id", answer) from None

    def _get(
        self,
        path: str,
        *,
        scopes: tuple[str, ...] = (),
        params: Mapping[str, Any] | None = None,
        expects: type | tuple[type, ...] = dict,
    ) -> Any:
        """Ask, and leave what came of it in the account's state."""
        try:
            access = tokens.access(self.account)
            now = access.connection
            if scopes and not set(scopes) & set(now.scopes):
                raise ScopeMissing(scopes[0])
            if not self.waiting:
                self._refuse_while_at_fault(now)
            try:
                answer = self._ask(path, access.token, params=params, expects=expects)
            except TokenRefused:
                access = tokens.access_after_refusal(self.account, access.token)
                try:
                    answer = self._ask(path, access.token, params=params, expects=expects)
                except TokenRefused:
                    raise ReconnectNeeded("Strava does not accept even a new token") from None
        except NotFound:
            self._worked(now)
            raise
        except StravaError as error:
            state.remember_error(self.account.pk, self.account.application_id, error)
            raise
        self._worked(now)
        return answer

    def _refuse_while_at_fault(self, now: Connection) -> None:
        """Nobody asks on behalf of an application that Strava refuses, but for the one that finds out whether it still does."""
        application_id = self.application.pk
        if not now.fault or state.take_the_probe(application_id) or state.fault_retry_at(application_id) is None:
            return
        if now.fault == StravaApplication.Fault.INACTIVE:
            raise AppInactive("Strava had switched the API application off a short while ago")
        raise AppMisconfigured("Strava did not accept the API application a short while ago")

    def _worked(self, now: Connection) -> None:
        """Strava answered us: whatever the state said before is over. No query where it said nothing."""
        reads = bool(set(ANY_ACTIVITY) & set(now.scopes))
        well = StravaAccount.State.CONNECTED if reads else StravaAccount.State.SCOPE_MISSING
        if now.fault or now.state != well:
            state.remember_success(self.account.pk, self.account.application_id, reads_activities=reads)

    def _ask(
        self, path: str, token: SecretStr, *, params: Mapping[str, Any] | None, expects: type | tuple[type, ...]
    ) -> Any:
        return ask(
            self.application,
            "GET",
            path,
            token=token,
            params=params,
            expects=expects,
            waiting=self.waiting,
            sent=self._count_one,
        )

    def _count_one(self) -> None:
        self.n_sent += 1


def ask(
    application: StravaApplication,
    method: str,
    path: str,
    *,
    token: SecretStr | None = None,
    params: Mapping[str, Any] | None = None,
    form: Mapping[str, str | SecretStr] | None = None,
    expects: type | tuple[type, ...] = dict,
    waiting: bool = False,
    tries: int | None = None,
    sent: Callable[[], None] = lambda: None,
) -> Any:
    """A question with its bounded tries; every try has its own place in the budget.  sent: told of each as it goes out.

    Raises RateLimited, TokenRefused, Unavailable after the last try, and what a 4xx means.
    """
    attempts = tries or (TRIES_OF_A_PERSON if waiting else TRIES)
    trying = Retrying(
        stop=stop_after_attempt(attempts) | stop_after_delay(TRYING_S),
        wait=wait_exponential_jitter(multiplier=0.5 if waiting else 1, jitter=1, max=20),
        retry=retry_if_exception_type(NoAnswer),
        before_sleep=_tell_of_the_pause,
        reraise=True,
    )
    url = f"{settings.STRAVA_API_URL}/{path}"
    try:
        return trying(
            _once,
            application,
            method,
            url,
            token=token,
            params=params,
            form=form,
            expects=expects,
            waiting=waiting,
            sent=sent,
        )
    except NoAnswer as error:
        raise http.gave_up(error) from None


def _once(
    application: StravaApplication,
    method: str,
    url: str,
    *,
    token: SecretStr | None,
    params: Mapping[str, Any] | None,
    form: Mapping[str, str | SecretStr] | None,
    expects: type | tuple[type, ...],
    waiting: bool,
    sent: Callable[[], None],
) -> Any:
    def send() -> Reply:
        sent()
        return http.send(method, url, token=token, params=params, form=form)

    reply = limiter.within(application, send, waiting=waiting)
    http.judge(reply)
    if reply.status == 204:
        return None
    answer = reply.json()
    if not isinstance(answer, expects):
        raise NoAnswer(f"answered {reply.status} with a {type(answer).__name__}")
    return answer


def _tell_of_the_pause(call: RetryCallState) -> None:
    error = call.outcome.exception() if call.outcome else None
    pause_s = call.next_action.sleep if call.next_action else 0
    log.info("strava asked again", attempt=call.attempt_number, pause_s=round(pause_s, 1), why=str(error))


# -- the application's own calls: its webhook subscription ---------------------------------------------------------------
# Strava wants id and secret in the query of two of these; neither is logged here nor by what we send through.


def _keys(application: StravaApplication) -> dict[str, str | SecretStr]:
    return {"client_id": application.client_id, "client_secret": application.client_secret}


def subscriptions(application: StravaApplication) -> list[dict[str, Any]]:
    """What the application is subscribed to: at most one, as {"id", "callback_url", …}."""
    answer = ask(application, "GET", "push_subscriptions", params=_keys(application), expects=list, waiting=True)
    return [one for one in answer if isinstance(one, dict)]


def subscribe(application: StravaApplication, *, callback_url: str, verify_token: SecretStr) -> int:
    """Subscribe, once: Strava calls the address back before it answers. Gives the id.

    Raises Refused where the address is not reached or a subscription exists.
    """
    form = _keys(application) | {"callback_url": callback_url, "verify_token": verify_token}
    answer = ask(application, "POST", "push_subscriptions", form=form, waiting=True, tries=1)
    found = answer.get("id")
    if not isinstance(found, int):
        raise Unreadable("the subscription has no id", answer)
    return found


def unsubscribe(application: StravaApplication, subscription_id: int) -> None:
    ask(
        application,
        "DELETE",
        f"push_subscriptions/{subscription_id}",
        params=_keys(application),
        expects=object,
        waiting=True,
        tries=1,
    )
