"""Strava's marks: the operator's files, shown only where they are images and nothing else; else the words."""

import struct
import zlib
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client

from activities.models import Recording
from activities.strava import artwork
from config.environment import Environment
from tests.factories import make_activity

pytestmark = pytest.mark.django_db

URL = "/connect/strava/"
BUTTON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 193 48"><style>.a{fill:#c40}</style>
<defs><linearGradient id="g"/></defs><rect class="a" width="193" height="48" style="fill:url( &quot;#g&quot; )"/></svg>"""


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x40" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def supply(settings, tmp_path: Path):
    """supply("connect", body): the operator puts a file there and names it."""

    def put(name: str, body: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        setattr(settings, artwork.MARKS[name].setting, path)
        return path

    return put


def test_without_files_the_words_stand_there(as_ada, strava):
    html = as_ada.get(URL).content.decode()
    assert ">Connect with Strava</a>" in html and "strava-mark" not in html
    assert as_ada.get("/strava/connect").status_code == 404


def test_the_operators_files_are_shown_and_served_as_images_and_no_more(as_ada, strava, account, supply):
    supply("connect", BUTTON)
    supply("powered-by", png(365, 37))
    html = as_ada.get("/sync/").content.decode()
    assert 'width="197" height="20" alt="Powered by Strava">' in html
    run = make_activity(athlete=account.athlete, source=Recording.Source.STRAVA)
    assert 'alt="Powered by Strava"' in as_ada.get(f"/activities/{run.pk}/").content.decode()
    account.delete()
    html = as_ada.get(URL).content.decode()
    assert 'href="/connect/strava/start/"><img class="strava-mark connect" src="/strava/connect?' in html
    assert 'width="193" height="48" alt="Connect with Strava"></a>' in html
    for name, kind in (("connect", "image/svg+xml"), ("powered-by", "image/png")):
        answer = Client().get(f"/strava/{name}")
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert answer["X-Content-Type-Options"] == "nosniff" and "public" in answer["Cache-Control"]
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy


def test_a_file_that_is_replaced_has_another_address(as_ada, strava, supply):
    supply("connect", BUTTON)
    before = as_ada.get(URL).content.decode()
    supply("connect", png(200, 50))
    after = as_ada.get(URL).content.decode()
    assert before.partition("/strava/connect?")[2][:12] != after.partition("/strava/connect?")[2][:12]
    assert Client().get("/strava/connect")["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    "body",
    [
        "no image",
        png(2000, 1),
        png(9, 0)[:20],
        b"\0" * 300_000,
        BUTTON.replace("<rect", "<script>alert(1)</script><rect"),
        BUTTON.replace("<rect", '<rect onclick="alert(1)"'),
        BUTTON.replace("<rect", '<image href="https://elsewhere.example/x.png"/><rect'),
        BUTTON.replace("&quot;#g", "&quot;//elsewhere.example/x"),
        BUTTON.replace('class="a"', 'fill="url(https://elsewhere.example/x)"'),
        BUTTON.replace("<rect", "<foreignObject/><rect"),
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        + BUTTON.replace("</svg>", "<text>&x;</text></svg>"),
        BUTTON.replace(' viewBox="0 0 193 48"', ""),
        BUTTON.replace("<svg ", "<html ").replace("</svg>", "</html>"),
    ],
    ids=[
        "text", "no mark", "cut png", "too large", "script", "listener", "remote image", "remote style", "remote fill", "html inside",
        "entity", "no size", "other xml",
    ],
)  # fmt: skip
def test_what_is_not_a_picture_is_not_shown_and_said(as_ada, strava, supply, body, capsys):
    supply("connect", body)
    assert ">Connect with Strava</a>" in as_ada.get(URL).content.decode()
    assert Client().get("/strava/connect").status_code == 404
    assert [one.id for one in run_checks()] == ["agegrade.W002"]
    call_command("check_strava")
    assert "note   Artwork: STRAVA_CONNECT_IMAGE names " in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_with_its_path(strava, settings, capsys, tmp_path):
    settings.STRAVA_POWERED_BY_IMAGE = tmp_path / "gone.png"
    call_command("check_strava")
    told = capsys.readouterr().out
    assert str(tmp_path / "gone.png") in told and "No such file" in told and "is shown as text" in told


def test_a_size_in_pixels_does_where_there_is_no_view_box(as_ada, strava, supply):
    supply("connect", BUTTON.replace(' viewBox="0 0 193 48"', ' width="193px" height="48"'))
    assert 'width="193" height="48"' in as_ada.get(URL).content.decode()


def test_the_environment_names_the_files():
    told = Environment(strava_connect_image="/artwork/connect.svg")
    assert told.strava_connect_image == Path("/artwork/connect.svg") and told.strava_powered_by_image is None
