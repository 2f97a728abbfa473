"""Hostile, broken and oddly encoded documents; GPX stands for both XML formats."""

import subprocess
import sys
from pathlib import Path

import pytest

from activities.importers import xml_events
from tests.activities.xml_files import gpx, gpx_point, gpx_run, gpx_track, tcx_run

SOUND = gpx_run()
UTF_8 = '<?xml version="1.0" encoding="UTF-8"?>\n'
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><gpx><trk><name>&j;</name></trk></gpx>"
)


@pytest.mark.parametrize(
    "content",
    [
        SOUND.replace("<gpx ", "<!DOCTYPE gpx>\n<gpx "),
        SOUND.replace("<gpx ", '<!DOCTYPE gpx SYSTEM "http://127.0.0.1:9/gpx.dtd">\n<gpx '),
        SOUND.replace("<gpx ", '<!DOCTYPE gpx [<!ENTITY f SYSTEM "file:///etc/passwd">]>\n<gpx ').replace(
            "Spring", "&f;"
        ),
        BILLION_LAUGHS,
        tcx_run().replace("<TrainingC", "<!DOCTYPE x>\n<TrainingC", 1),
        SOUND.replace("<gpx ", "<!DOCTYPE gpx>\n<gpx ").replace("UTF-8", "UTF-16").encode("utf-16"),
        # hidden behind a character that makes the first reading fail
        SOUND.replace("<gpx ", "<!-- \x01 --><!DOCTYPE gpx>\n<gpx "),
    ],
)
def test_a_doctype_is_refused(refusal, content):
    assert refusal(content) == "doctype"


@pytest.mark.parametrize(
    "content",
    [
        SOUND.encode(),
        b"\xef\xbb\xbf" + SOUND.encode(),
        b"\r\n\r\n   " + SOUND.encode(),
        b"\xef\xbb\xbf\r\n" + SOUND.encode(),
        b" " * 10_000 + b"\n" + SOUND.encode(),
        SOUND.replace(UTF_8, "").encode(),
        SOUND.replace("UTF-8", "utf-16").encode("utf-16"),
        SOUND.replace("UTF-8", "UTF-16LE").encode("utf-16-le"),
        SOUND.replace("UTF-8", "UTF-16BE").encode("utf-16-be"),
        SOUND.replace("UTF-8", "US-ASCII").encode(),
        SOUND.replace(UTF_8, UTF_8 + "<!-- made by <gpx> & friends -->\n<?xml-stylesheet href='x'?>\n").encode(),
    ],
    ids=["plain", "mark", "blank lines", "mark and blanks", "many blanks", "undeclared", "16", "16-le", "16-be", "ascii", "comment"],
)  # fmt: skip
def test_encodings_marks_and_blanks(read, content):
    file = read(content)
    assert file.incomplete == ""
    assert (file.activities[0].n_records, file.activities[0].name) == (120, "Spring half")


def named(name: bytes, encoding: str) -> bytes:
    return SOUND.replace("UTF-8", encoding).encode().replace(b"Spring half", name)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (named(b"Fr\xfchjahr", "ISO-8859-1"), "Frühjahr"),
        (named(b"Fr\xfchjahr", "windows-1252"), "Frühjahr"),
        (named("Läufe".encode(), "UTF-8"), "Läufe"),
        (named(b"Fr\xfchjahr", "UTF-8"), "Frühjahr"),  # declared wrongly
        (named("Läufe".encode(), "UTF-16"), "Läufe"),  # declared wrongly
        (named(b"Spring", "no-such-encoding"), "Spring"),
        (named(b"Spring", "idna"), "Spring"),
        (named(b"Spring", "base64"), "Spring"),
        (named(b"Run & Fun", "UTF-8"), "Run & Fun"),
        (named(b"Run &amp; Fun", "UTF-8"), "Run & Fun"),
        (named(b"Run&nbsp;Fun", "UTF-8"), "Run&nbsp;Fun"),
        (named(b"a\x00b\x1bc", "UTF-8"), "a\ufffdb\ufffdc"),
        (named(b"a&#1;b&#xD800;c&#65;", "UTF-8"), "a\ufffdb\ufffdcA"),
        (named(b"<![CDATA[Run & <b>Fun</b>]]>", "UTF-8"), "Run & <b>Fun</b>"),
    ],
)
def test_characters_xml_does_not_allow_lose_nothing(read, content, name):
    file = read(content)
    assert file.incomplete == ""
    assert (file.activities[0].n_records, file.activities[0].name) == (120, name)


def test_a_reference_cut_by_the_end_of_a_chunk_is_put_right(read, monkeypatch):
    content = named(b"A &amp; B & C &#65;" * 5, "UTF-8")
    for size in range(7, 40):
        monkeypatch.setattr(xml_events, "CHUNK_BYTES", size)
        file = read(content)
        assert file.activities[0].name == "A & B & C A" * 5
        assert "characters_repaired" in file.activities[0].notes


def test_a_file_put_right_and_then_cut_off_gives_what_came_before(read):
    file = read(named(b"Run & Fun", "UTF-8")[: len(SOUND) // 2])
    assert "ends in the middle" in file.incomplete
    assert 40 < file.activities[0].n_records < 80


def test_padding_after_the_end_is_noted_and_anything_else_is_incomplete(read):
    padded = read(SOUND.encode() + b"\0" * 512)
    assert padded.incomplete == ""
    assert "content_after_end" in padded.activities[0].notes
    assert "goes on after the end" in read(SOUND + SOUND).incomplete
    assert "goes on after the end" in read(SOUND + "more").incomplete


def test_a_crossed_tag_keeps_what_came_before(read):
    half = SOUND.index("</trkpt>", len(SOUND) // 2)
    file = read(SOUND[:half] + "</wpt>" + SOUND[half:])
    assert "damaged in line" in file.incomplete
    assert 40 < file.activities[0].n_records < 80


def test_an_element_broken_off_is_never_half_read(read):
    content = gpx(gpx_track(gpx_point(0) + gpx_point(1) + gpx_point(2)))
    third = content.rindex("<trkpt")
    for cut in range(third, content.rindex("</trkpt>") + len("</trkpt>") - 1):
        assert read(content[:cut]).activities[0].n_records == 2


@pytest.mark.parametrize(
    "inside",
    [
        "<a>" * 500,
        "<a b='" + "x" * 6_000_000 + "'/>",
        "<!--" + "x" * 6_000_000 + "-->",
        "<?x " + "x" * 6_000_000 + "?>",
        "<a " + " " * 6_000_000 + "/>",
        "<" + "a" * 6_000_000 + "/>",
        "<a " + " ".join(f"b{n}='1'" for n in range(600_000)) + "/>",
    ],
    ids=["nesting", "attribute", "comment", "instruction", "blanks", "name", "attributes"],
)
def test_markup_without_measure_ends_the_reading(read, inside):
    file = read(SOUND.replace("</trkseg>", inside + "</trkseg>"))
    assert file.incomplete
    assert file.activities[0].n_records == 120


@pytest.mark.parametrize(
    "inside",
    [
        "<a/>" * 300_000,
        "<a>" + "x" * 20_000_000 + "</a>",
        "".join(f"<a{n}/>" for n in range(100_000)),
        "<trkseg/>" * 100_000,
    ],
    ids=["elements", "text", "names", "segments"],
)
def test_much_of_what_we_do_not_need_is_passed_over(read, inside):
    file = read(SOUND.replace("</trkseg>", "</trkseg>" + inside))
    assert file.incomplete == ""
    assert file.activities[0].n_records == 120


def test_a_name_without_end_is_cut(only):
    assert len(only(SOUND.replace("Spring half", "x" * 5_000_000)).name) <= xml_events.MAX_TEXT


@pytest.mark.parametrize("hostile", ["text", "elements", "points"])
def test_memory_does_not_grow_with_the_document(tmp_path, hostile):
    """In a process of its own: 16 MB of document, and less than 12 MB more memory."""
    inside = {"text": "<a>" + "x" * 16_000_000 + "</a>", "elements": "<a b='1'>text</a>" * 300_000, "points": ""}[
        hostile
    ]
    points = (
        "".join(gpx_point(second, extra=f"<desc>{'x' * 400}</desc>") for second in range(30_000))
        if hostile == "points"
        else gpx_point(0) + gpx_point(1)
    )
    path = tmp_path / "large.gpx"
    path.write_text(gpx(gpx_track(points) + inside))
    program = """
import sys
from pathlib import Path
from activities.importers import read_file

def memory(what):
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))

before = memory("VmRSS")
read = read_file(Path(sys.argv[1]), name="large.gpx")
print(read.activities[0].n_records, (memory("VmHWM") - before) // 1024)
"""
    root = Path(__file__).resolve().parents[3]
    output = subprocess.run([sys.executable, "-c", program, path], cwd=root, capture_output=True, text=True, check=True)
    n_records, grew_mb = map(int, output.stdout.split())
    assert n_records == (30_000 if hostile == "points" else 2)
    assert grew_mb < 12
