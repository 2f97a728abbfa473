"""XML as a stream of opened and closed elements: the way both XML formats are read.

No tree is built (lxml's target interface), so memory does not grow with the document. What it promises about hostile or
broken documents: a DOCTYPE is refused before its content is looked at, hence no entities and no access to anything
outside; nesting, markup without an end and text are limited; a document that breaks off or is damaged gives everything
that was closed before the fault, never the element in which it happened.

Two faults are common in real files and lose nothing: characters that XML does not allow (a bare "&" in a name, control
characters, Latin-1 bytes in a document that claims UTF-8) and an encoding declared wrongly. Such a document is read a
second time with these characters put right. Undeclared prefixes are no fault here: names are taken without namespaces.
"""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from lxml import etree

from activities.importers.contents import Unreadable

CHUNK_BYTES = 65_536
#: elements inside each other; TCX needs 12
MAX_DEPTH = 64
#: of one element's text; names and notes are shorter, and everything else is a number
MAX_TEXT = 10_000
#: input without any element opening or closing
MAX_SILENCE_BYTES = 4 * 2**20

_PADDING = b" \t\r\n\0\x1a"
_BEFORE_START = re.compile(rb"(?:\xef\xbb\xbf|[ \t\r\n])*")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
#: encodings in which "<" is the byte it is in ASCII, so that the declaration could be read at all
_ONE_BYTE_MARKUP = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb\w+|big5|shift_jis|euc_\w+|mac-\w+")
_NOT_ALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&(?:(amp|lt|gt|quot|apos);|#(\d{1,7});|#x([0-9a-fA-F]{1,6});)?")
_LONGEST_REFERENCE = len("&#1114111;")
_CHARACTER_FAULTS = frozenset(
    getattr(etree.ErrorTypes, name)
    for name in (
        "ERR_INVALID_CHAR",
        "ERR_INVALID_CHARREF",
        "ERR_INVALID_HEX_CHARREF",
        "ERR_INVALID_DEC_CHARREF",
        "ERR_INVALID_ENCODING",
        "ERR_UNKNOWN_ENCODING",
        "ERR_UNSUPPORTED_ENCODING",
        "ERR_NAME_REQUIRED",
        "ERR_ENTITYREF_SEMICOL_MISSING",
        "ERR_UNDECLARED_ENTITY",
        "ERR_SPACE_REQUIRED",  # what remains of a declaration read in the wrong encoding
    )
)


class Reader(Protocol):
    """What a format's reader does when elements open and close; names come without namespace.

    closed: `parent` is the enclosing element's name, "" for the root; `text` is what stood directly before the end tag,
    so the content of an element without children.
    """

    def opened(self, name: str, parent: str, attributes: Mapping[str, str]) -> None: ...

    def closed(self, name: str, parent: str, text: str) -> None: ...


R = TypeVar("R", bound=Reader)


def read_xml(path: Path, make_reader: Callable[[], R]) -> tuple[R, str, tuple[str, ...]]:
    """The reader after the whole document, why it is incomplete ("" if it is not), and notes.

    Raises Unreadable("doctype"), and what the reader raises. Costs one pass; two where characters had to be put right.
    """
    target = _Target(make_reader())
    fault = _feed(target, _as_it_is(path))
    if fault is not None and fault.by_characters:
        got = target.calls
        target = _Target(make_reader())
        fault = _feed(target, _put_right(path), encoding="utf-8")
        notes = ("characters_repaired",) if target.calls > got else ()
    else:
        notes = ()
    if fault is not None and fault.only_padding:
        return target.reader, "", (*notes, "content_after_end")
    return target.reader, fault.sentence if fault else "", notes


def encoding_of(head: bytes) -> str:
    """What the first bytes of a document say about its encoding, as a codec Python knows."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return name
    if head[:1] == b"\0" or head[1:2] == b"\0":
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    declared = _DECLARED.search(head[:200])
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name if declared else "utf-8"
    except LookupError:
        return "utf-8"
    return name if _ONE_BYTE_MARKUP.fullmatch(name) else "utf-8"


class _Fault(Exception):
    """Where reading stopped. by_characters: reading again with characters put right may get further."""

    def __init__(self, sentence: str, *, by_characters: bool = False, only_padding: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.by_characters = by_characters
        self.only_padding = only_padding


class _Target(Generic[R]):
    """What lxml calls: keeps the path of open elements and the text since the last tag."""

    def __init__(self, reader: R) -> None:
        self.reader = reader
        self.path: list[str] = [""]
        self.text = ""
        self.calls = 0
        self.root = ""
        self.finished = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self.calls += 1
        self.text = ""
        if len(self.path) > MAX_DEPTH:
            raise _Fault("The file's elements are nested deeper than any recording's.")
        if not self.root:
            self.root = name
        self.reader.opened(name, self.path[-1], attributes)
        self.path.append(name)

    def end(self, tag: str) -> None:
        self.calls += 1
        name = self.path.pop()
        parent = self.path[-1]
        if not parent:
            self.finished = True
        text, self.text = self.text, ""
        self.reader.closed(name, parent, text)

    def data(self, text: str) -> None:
        self.calls += 1
        if len(self.text) < MAX_TEXT:
            self.text = (self.text + text)[:MAX_TEXT]

    def doctype(self, *_: object) -> None:
        raise Unreadable("doctype", "The file declares a document type (DOCTYPE), which no recording needs.")

    def close(self) -> None:
        return None


def _feed(target: _Target[R], chunks: Iterator[bytes], *, encoding: str | None = None) -> _Fault | None:
    """Parse to the end or to the first fault. encoding: overrides what the document declares."""
    untyped: Any = target
    parser: Any = etree.XMLParser(target=untyped, encoding=encoding, resolve_entities=False, no_network=True)
    silent_bytes = calls = 0
    chunk = closing = b""
    try:
        for chunk in chunks:
            if not target.finished:
                closing = chunk
            parser.feed(chunk)
            silent_bytes = 0 if target.calls != calls else silent_bytes + len(chunk)
            calls = target.calls
            if silent_bytes > MAX_SILENCE_BYTES:
                return _Fault("The file holds markup that does not end.")
        chunk = b""
        parser.close()
    except _Fault as fault:
        return fault
    except etree.XMLSyntaxError:
        if target.finished:
            return _after_the_end(target.root, closing, chunk)
        return _explained(parser, at_end=not chunk)
    return None


def _after_the_end(root: str, closing: bytes, later: bytes) -> _Fault:
    """closing: the chunk with the root's end tag.  later: the chunk with the fault, the same or a later one."""
    rest = re.split(rb"</(?:[\w.-]+:)?" + re.escape(root.encode()) + rb"\s*>", closing, maxsplit=1)[-1]
    if later is not closing:
        rest += later
    sentence = "The file goes on after the end of the document; what follows was not read."
    return _Fault(sentence, only_padding=not rest.strip(_PADDING))


def _explained(parser: Any, *, at_end: bool) -> _Fault:
    faults = [entry for entry in parser.feed_error_log if entry.level >= etree.ErrorLevels.FATAL]
    if not faults:
        return _Fault("The file ends in the middle." if at_end else "The file's XML is damaged.")
    first = faults[0]
    by_characters = first.type in _CHARACTER_FAULTS
    if at_end:
        return _Fault(f"The file ends in the middle, in line {first.line}.", by_characters=by_characters)
    sentence = f"The file's XML is damaged in line {first.line}; what follows was not read."
    return _Fault(sentence, by_characters=by_characters)


def _as_it_is(path: Path) -> Iterator[bytes]:
    """The file in chunks, without what some exporters leave before the declaration: blank lines, a byte order mark."""
    with path.open("rb") as file:
        chunk = file.read(CHUNK_BYTES)
        if encoding_of(chunk).startswith("utf-8"):
            chunk = _BEFORE_START.sub(b"", chunk, count=1)
        while chunk:
            yield chunk
            chunk = file.read(CHUNK_BYTES)


def _latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("agegrade.latin-1", _latin_1)


def _put_right(path: Path) -> Iterator[bytes]:
    """The file as UTF-8 in chunks, every character allowed and every "&" the start of a reference."""
    with path.open("rb") as file:
        chunk = file.read(CHUNK_BYTES)
        decoder = codecs.getincrementaldecoder(encoding_of(chunk))(errors="agegrade.latin-1")
        text = ""
        fresh = True
        while True:
            text += decoder.decode(chunk, final=not chunk)
            if fresh:
                text = text.lstrip("\ufeff \t\r\n")
            keep = len(text) if not chunk else _last_whole(text)
            if keep:
                fresh = False
                yield _REFERENCE.sub(_reference, _NOT_ALLOWED.sub("\ufffd", text[:keep])).encode()
            text = text[keep:]
            if not chunk:
                return
            chunk = file.read(CHUNK_BYTES)


def _last_whole(text: str) -> int:
    """How much of the text can be taken without cutting a reference in two."""
    start = text.rfind("&", max(0, len(text) - _LONGEST_REFERENCE))
    return len(text) if start < 0 or ";" in text[start:] else start


def _reference(match: re.Match[str]) -> str:
    named, decimal, hexadecimal = match.groups()
    if named:
        return match[0]
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else None
    if code is None:
        return "&amp;"
    allowed = code <= 0x10FFFF and not _NOT_ALLOWED.match(chr(code))
    return match[0] if allowed else "\ufffd"
