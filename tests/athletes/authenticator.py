"""An authenticator app, for tests: the six digits that belong to a secret just now."""

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

PERIOD_S = 30
#: a code that is about to end is not typed in any more
LEAST_LEFT_S = 8


def code_of(secret: str) -> str:
    left = PERIOD_S - time.time() % PERIOD_S
    if left < LEAST_LEFT_S:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
