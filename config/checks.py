from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning


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
