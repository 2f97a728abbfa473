from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning

from activities.strava import artwork


def production_is_served_over_https(**kwargs: Any) -> list[CheckMessage]:
    if settings.ENVIRONMENT == "production" and not settings.SECURED:
        return [
            CheckWarning(
                "SITE_URL is not https, so cookies and passwords travel in the clear.",
                hint="Put a reverse proxy with a certificate in front and set SITE_URL=https://…",
                id="agegrade.W001",
            )
        ]
    return []


def stravas_marks_can_be_shown(**kwargs: Any) -> list[CheckMessage]:
    told: list[CheckMessage] = []
    for mark in artwork.MARKS.values():
        try:
            artwork.read(mark)
        except artwork.NotArtwork as error:
            said = f"{mark.setting} names {artwork.path_of(mark)}. {error.why}"
            told.append(CheckWarning(said, hint=f"Until then the words “{mark.words}” are shown.", id="agegrade.W002"))
    return told
