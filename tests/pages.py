"""What every page with an HTMX part must hold to: one URL, two sizes."""

from typing import Any

from django.test import Client


def assert_page_and_partial(client: Client, url: str, partial: str, **headers: Any) -> str:
    """The URL gives a whole page, and to HTMX the part `id=partial` alone; both say that the header makes the difference.

    Gives the part's HTML.
    """
    page = client.get(url)
    assert page.status_code == 200, page.status_code
    whole = page.content.decode()
    assert "<!doctype html>" in whole and f'id="{partial}"' in whole
    assert "HX-Request" in page["Vary"]
    assert "no-store" in page["Cache-Control"]

    part = client.get(url, headers={"HX-Request": "true", **headers})
    assert part.status_code == 200, part.status_code
    html = part.content.decode()
    assert f'id="{partial}"' in html
    assert "<!doctype html>" not in html and "<h1" not in html
    assert "HX-Request" in part["Vary"]

    restored = client.get(url, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.content.decode(), "going back must give the whole page"
    return html
