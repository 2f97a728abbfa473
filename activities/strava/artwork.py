"""Strava's own marks, where the operator supplies them: its brand guidelines want them shown, and only Strava hands them out.

Agegrade ships none and draws none. Without a file, or with one that cannot be shown, the words stand there. A file is an
image and nothing else: a PNG, or an SVG that can neither run nor fetch anything; it is served under our address with the
policy of every page.
"""

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from lxml import etree

PNG_BEGINS: Final = b"\x89PNG\r\n\x1a\n"
LARGEST: Final = 256 * 1024
WIDEST_RATIO: Final = 20
SVG: Final = "{http://www.w3.org/2000/svg}"
HREFS: Final = ("href", "{http://www.w3.org/1999/xlink}href")
OUTSIDE: Final = re.compile(r"url\((?!\s*['\"]?\s*#)")
LENGTH: Final = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px|pt)?\s*")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Which of Strava's marks: the operator's setting, how high it is shown, the words it stands for."""

    name: str
    setting: str
    height_px: int
    words: str | Promise


#: the button's height is Strava's rule; the other has to be smaller than our own name
MARKS: Final = {
    mark.name: mark
    for mark in (
        Mark(name="connect", setting="STRAVA_CONNECT_IMAGE", height_px=48, words=_("Connect with Strava")),
        Mark(name="powered-by", setting="STRAVA_POWERED_BY_IMAGE", height_px=20, words=_("Powered by Strava")),
    )
}


class NotArtwork(Exception):
    """Why a file cannot be shown, in words for the operator."""

    def __init__(self, why: str | Promise) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Artwork:
    body: bytes
    content_type: str
    #: width : height
    ratio: float
    digest: str


def path_of(mark: Mark) -> Path | None:
    found: Path | None = getattr(settings, mark.setting)
    return found


def read(mark: Mark) -> Artwork | None:
    """The operator's file, read again when it changes; None where none is named. Raises NotArtwork."""
    path = path_of(mark)
    if path is None:
        return None
    try:
        facts = path.stat()
        return _read(path, facts.st_mtime_ns, facts.st_size)
    except OSError as error:
        why = _("The file cannot be read: %s.") % (error.strerror or type(error).__name__)
        raise NotArtwork(why) from None


def shown(mark: Mark) -> Artwork | None:
    """As `read`, and None for a file that cannot be shown: then the words are."""
    try:
        return read(mark)
    except NotArtwork:
        return None


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int, size: int) -> Artwork:
    if not path.is_file():
        raise NotArtwork(_("It is not a file."))
    if size > LARGEST:
        raise NotArtwork(_("The file is larger than 256 KB."))
    body = path.read_bytes()
    if body.startswith(PNG_BEGINS):
        ratio, content_type = _ratio_of_png(body), "image/png"
    else:
        ratio, content_type = _ratio_of_svg(body), "image/svg+xml"
    if not 1 / WIDEST_RATIO < ratio < WIDEST_RATIO:
        raise NotArtwork(_("Its width and height are not those of a mark."))
    return Artwork(body=body, content_type=content_type, ratio=ratio, digest=hashlib.sha256(body).hexdigest()[:12])


def _ratio_of_png(body: bytes) -> float:
    if len(body) < 33 or body[12:16] != b"IHDR":
        raise NotArtwork(_("The PNG is damaged."))
    width, height = struct.unpack(">II", body[16:24])
    return width / height if height else 0.0


def _ratio_of_svg(body: bytes) -> float:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NotArtwork(_("It is neither a PNG nor an SVG.")) from None
    if root.tag != f"{SVG}svg":
        raise NotArtwork(_("It is neither a PNG nor an SVG."))
    if any(_is_more_than_a_picture(one) for one in root.iter()):
        raise NotArtwork(_("The SVG holds scripts or fetches something from elsewhere."))
    box = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox", ""))]
    if len(box) == 4:
        width, height = box[2:]
    else:
        found = [LENGTH.fullmatch(root.get(name, "")) for name in ("width", "height")]
        width, height = (float(one[1]) if one else 0.0 for one in found)
    return width / height if height else 0.0


def _is_more_than_a_picture(one: etree._Element) -> bool:
    if not isinstance(one.tag, str):  # an entity, or an instruction to the reader
        return True
    name = etree.QName(one).localname.lower()
    outside = any(
        not one.get(href, "#").strip().startswith(("#", "data:image/png", "data:image/jpeg")) for href in HREFS
    )
    told = [one.text or "" if name == "style" else "", *(str(value) for value in one.attrib.values())]
    fetches = any("@import" in text or OUTSIDE.search(text) for text in told)
    listens = any(etree.QName(key).localname.lower().startswith("on") for key in one.attrib)
    return name in {"script", "foreignobject", "iframe", "handler", "set", "animate"} or outside or fetches or listens
