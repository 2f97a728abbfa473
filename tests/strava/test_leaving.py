"""An account that is deleted here takes its access back at Strava."""

from athletes import erasing


def test_strava_is_told_before_the_tokens_are_gone(strava, account):
    erasing.ask(account.athlete.user)
    erasing.erase(account.athlete.user_id)
    assert [one for one in strava.requests() if "revoke" in str(one) or "deauthorize" in str(one)]


def test_a_strava_that_does_not_answer_holds_nobody_here(strava, account, settings):
    settings.STRAVA_OAUTH_URL = "http://127.0.0.1:1/oauth"
    erasing.ask(account.athlete.user)
    erasing.erase(account.athlete.user_id)
    assert erasing.waiting() == []
