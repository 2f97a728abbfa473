"""What can go wrong with Strava, as a caller has to tell it apart.

Every message is for the log and an operator: it names what happened and never holds a token, a URL with a query, or a
payload. What a person reads is chosen from `code` (see words.py).
"""

from datetime import datetime
from typing import Any, ClassVar


class StravaError(Exception):
    """Anything that keeps an answer from us. `code` is stored and shown; the text is for the log."""

    code: ClassVar[str] = "failed"


class RateLimited(StravaError):
    """The budget is used up, or the window is closed: come back at `retry_at`, not before."""

    code = "rate_limited"

    def __init__(self, retry_at: datetime, why: str = "the limit of calls is reached") -> None:
        super().__init__(f"{why}, again at {retry_at:%H:%M:%S} UTC")
        self.retry_at = retry_at


class LimiterAway(RateLimited):
    """Redis does not answer, so nobody knows what may be called: nothing may."""

    code = "limiter_away"


class ReconnectNeeded(StravaError):
    """The tokens are dead. Only the athlete can help, by connecting again; no retry."""

    code = "reconnect_needed"


class ScopeMissing(StravaError):
    """The athlete did not allow this. No retry; they can allow it by connecting again."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the scope {scope} was not granted")
        self.scope = scope


class AppInactive(StravaError):
    """Strava has switched the API application off: its owner needs a subscription. Nobody's calls work."""

    code = "app_inactive"


class AppMisconfigured(StravaError):
    """Strava does not know the client id or secret, or answers from another address. The operator has to look."""

    code = "app_misconfigured"


class SubscriptionNeeded(StravaError):
    """Only Strava's subscribers get this (402)."""

    code = "subscription_needed"


class NotFound(StravaError):
    """Deleted, private, somebody else's, or too new (404)."""

    code = "not_found"


class Refused(StravaError):
    """Another 4xx, which asking again would not change."""

    code = "refused"

    def __init__(self, status: int, told: str) -> None:
        super().__init__(f"Strava refused with {status} ({told or 'no reason given'})")
        self.status = status


class Unavailable(StravaError):
    """No usable answer after the bounded tries: down, slow, cut off, or not JSON. Worth a later try."""

    code = "unavailable"


class Unreadable(StravaError):
    """An answer in JSON that is not what it should be; `payload` is kept to be looked at, and is personal."""

    code = "unreadable"

    def __init__(self, reason: str, payload: Any = None) -> None:
        super().__init__(reason)
        self.payload = payload
