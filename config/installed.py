"""Agegrade on a home screen: the manifest, a small service worker, and the page it shows without a connection.

The worker keeps that page and what it is dressed with, and nothing else: no page of a person is ever stored in a browser.
All three are the same for everybody and need no session.
"""

import hashlib
import json
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

#: what the page without a connection is dressed with
KEPT: Final = ("css/site.css", "mark.svg")
DAY_S: Final = 86_400


@login_not_required
@require_safe
@cache_control(public=True, max_age=DAY_S)
def manifest(request: HttpRequest) -> JsonResponse:
    sizes = (("icon-192", 192, "any"), ("icon-512", 512, "any"), ("maskable-512", 512, "maskable"))
    answer = JsonResponse(
        {
            "id": "/",
            "name": "Agegrade",
            "short_name": "Agegrade",
            "description": _("Every race of a runner's life, worth what it really is, whatever the age."),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#fbfbf8",
            "theme_color": "#00634a",
            "icons": [
                {
                    "src": static(f"icons/{name}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, size, purpose in sizes
            ],
        }
    )
    answer["Content-Type"] = "application/manifest+json"
    return answer


@login_not_required
@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, which is as far as it may reach. Its cache is named after what it holds."""
    files = [reverse("offline"), *(static(name) for name in KEPT)]
    page = loader.render_to_string("offline.html")
    version = hashlib.sha256(json.dumps([files, page]).encode()).hexdigest()[:12]
    facts = {"version": json.dumps(f"agegrade-{version}"), "files": json.dumps(files), "offline": json.dumps(files[0])}
    return HttpResponse(loader.render_to_string("sw.js", facts), content_type="text/javascript; charset=utf-8")


@login_not_required
@require_safe
@cache_control(public=True, max_age=0)
def offline(request: HttpRequest) -> HttpResponse:
    return render(None, "offline.html")  # without a request nothing personal can get in
