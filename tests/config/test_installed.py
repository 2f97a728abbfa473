"""On a home screen: the manifest, the service worker, the page without a connection; nothing of a person in any."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders


def test_the_manifest_names_icons_that_are_there(client):
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json" and "max-age" in answer["Cache-Control"]
    told = answer.json()
    assert told["start_url"] == "/" and told["display"] == "standalone"
    for icon in told["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        header = Path(path).read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        assert f"{int.from_bytes(header[16:20])}x{int.from_bytes(header[20:24])}" == icon["sizes"]
    assert any(icon["purpose"] == "maskable" for icon in told["icons"])


def test_the_worker_keeps_only_what_is_the_same_for_everybody(client):
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript") and "no-cache" in answer["Cache-Control"]
    files = re.search(r"FILES = (\[.*?\]);", answer.content.decode())[1]
    assert files == '["/offline/", "/static/css/site.css", "/static/mark.svg"]'


def test_the_page_without_a_connection_knows_nobody(as_ada, client):
    answer = as_ada.get("/offline/")
    assert answer.content == client.get("/offline/").content
    assert "No connection" in answer.content.decode() and not answer.cookies


def test_the_worker_gets_a_new_cache_when_its_page_changes(client, settings, tmp_path):
    version = lambda: re.search(r'CACHE = "([^"]+)"', client.get("/sw.js").content.decode())[1]  # noqa: E731
    before = version()
    assert version() == before
    (tmp_path / "offline.html").write_text("another page")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    assert version() != before
