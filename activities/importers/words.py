"""Numbers, times and sports as the XML formats write them. Nothing here raises: what cannot be read is missing."""

import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

LENIENT_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ]+(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d*))?\s*(?:Z|([+-])(\d{1,2}):?(\d{2}))?",
    re.IGNORECASE,
)


def number(text: str) -> float:
    """NaN where the text is not a number. A decimal comma is understood: some exporters follow the phone's language."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


def moment(text: str) -> datetime | None:
    """A date with a time of day as ISO 8601 or nearly so; naive where the text names no zone."""
    text = text.strip()
    try:
        return datetime.fromisoformat(text) if len(text) > len("YYYY-MM-DD") else None
    except ValueError:
        return _nearly_iso(text)


def _nearly_iso(text: str) -> datetime | None:
    """Single digits, a comma before the fraction, an empty fraction, a leap second."""
    match = LENIENT_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, zone_hours, zone_minutes = match.groups()[6:]
    zone = UTC if text.upper().endswith("Z") else None
    try:
        if sign:
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            zone = timezone(-offset if sign == "-" else offset)
        microsecond = int((fraction or "").ljust(6, "0")[:6])
        whole = datetime(year, month, day, hour, minute, min(second, 59), microsecond, tzinfo=zone)
        return whole + timedelta(seconds=second - min(second, 59))
    except (ValueError, OverflowError):
        return None


def microseconds(when: datetime) -> int:
    """Since 1970, exact; a naive time counts as UTC."""
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


#: words for a sport, without case, spaces, dashes and underscores -> FIT's sport and sub-sport
SPORTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("run", "running", "jogging", "9"), ("running", "")),
    **dict.fromkeys(("trailrun", "trailrunning"), ("running", "trail")),
    **dict.fromkeys(("treadmill", "treadmillrunning"), ("running", "treadmill")),
    **dict.fromkeys(("trackrun", "trackrunning"), ("running", "track")),
    **dict.fromkeys(("streetrunning", "roadrunning"), ("running", "street")),
    **dict.fromkeys(("indoorrunning",), ("running", "indoor_running")),
    **dict.fromkeys(("virtualrun", "virtualrunning"), ("running", "virtual_activity")),
    **dict.fromkeys(("ultrarun", "ultrarunning"), ("running", "ultra")),
    **dict.fromkeys(("walk", "walking", "10"), ("walking", "")),
    **dict.fromkeys(("speedwalking", "racewalking"), ("walking", "speed_walking")),
    **dict.fromkeys(("casualwalking",), ("walking", "casual_walking")),
    **dict.fromkeys(("hike", "hiking", "4"), ("hiking", "")),
    **dict.fromkeys(("bike", "biking", "cycling", "ride", "bicycling", "1"), ("cycling", "")),
    **dict.fromkeys(("roadbiking", "roadcycling", "roadride"), ("cycling", "road")),
    **dict.fromkeys(("mountainbiking", "mountainbikeride", "mtb"), ("cycling", "mountain")),
    **dict.fromkeys(("gravelcycling", "gravelride"), ("cycling", "gravel_cycling")),
    **dict.fromkeys(("indoorcycling", "spinning"), ("cycling", "indoor_cycling")),
    **dict.fromkeys(("virtualride",), ("cycling", "virtual_activity")),
    **dict.fromkeys(("ebikeride", "ebiking"), ("e_biking", "")),
    **dict.fromkeys(("swim", "swimming"), ("swimming", "")),
    **dict.fromkeys(("lapswimming", "poolswim", "poolswimming"), ("swimming", "lap_swimming")),
    **dict.fromkeys(("openwater", "openwaterswim", "openwaterswimming"), ("swimming", "open_water")),
    **dict.fromkeys(("crosscountryskiing", "crosscountryski", "nordicski", "xcskiing"), ("cross_country_skiing", "")),
    **dict.fromkeys(("alpineski", "alpineskiing", "downhillskiing", "resortskiing"), ("alpine_skiing", "")),
    **dict.fromkeys(("backcountryski", "backcountryskiing"), ("alpine_skiing", "backcountry")),
    **dict.fromkeys(("snowboard", "snowboarding"), ("snowboarding", "")),
    **dict.fromkeys(("snowshoe", "snowshoeing"), ("snowshoeing", "")),
    **dict.fromkeys(("rowing", "row"), ("rowing", "")),
    **dict.fromkeys(("indoorrowing",), ("rowing", "indoor_rowing")),
    **dict.fromkeys(("kayak", "kayaking"), ("kayaking", "")),
    **dict.fromkeys(("canoeing", "paddling"), ("paddling", "")),
    **dict.fromkeys(("standuppaddleboarding", "standuppaddling"), ("stand_up_paddleboarding", "")),
    **dict.fromkeys(("inlineskate", "inlineskating"), ("inline_skating", "")),
    **dict.fromkeys(("iceskate", "iceskating"), ("ice_skating", "")),
    **dict.fromkeys(("horsebackriding",), ("horseback_riding", "")),
    **dict.fromkeys(("mountaineering",), ("mountaineering", "")),
    **dict.fromkeys(("sailing",), ("sailing", "")),
    **dict.fromkeys(("driving",), ("driving", "")),
    **dict.fromkeys(("motorcycling",), ("motorcycling", "")),
    **dict.fromkeys(("workout", "training", "strengthtraining"), ("training", "")),
    **dict.fromkeys(("multisport",), ("multisport", "")),
    **dict.fromkeys(("transition",), ("transition", "")),
    **dict.fromkeys(("other", "uncategorized"), ("other", "")),
}

#: sports whose cadence is counted in steps
FOOT_SPORTS = frozenset({"running", "walking", "hiking", "mountaineering", "snowshoeing"})


def sport(text: str) -> tuple[str, str]:
    """FIT's sport and sub-sport for a word; two empty strings for a word we do not know. Single digits are Strava's."""
    return SPORTS.get(re.sub(r"[\s_-]+", "", text).casefold(), ("", ""))


#: the same in the other languages of Strava's export, without accents
_LOCAL_SPORTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("lauf", "laufen", "courseapied", "carrera", "correr", "corsa", "corrida", "hardlopen", "hardloopsessie"),
        ("running", ""),
    ),
    **dict.fromkeys(
        ("lopning", "lop", "loping", "lob", "bieg", "bieganie", "ランニング", "跑步", "бег"), ("running", "")
    ),
    **dict.fromkeys(
        ("traillauf", "trailcourse", "carreradetrail", "corsatrail", "corridaemtrilha", "trailloop"),
        ("running", "trail"),
    ),
    **dict.fromkeys(("virtuellerlauf", "courseapiedvirtuelle", "carreravirtual"), ("running", "virtual_activity")),
    **dict.fromkeys(
        ("spaziergang", "gehen", "marche", "caminata", "caminar", "camminata", "caminhada", "wandeling", "promenad"),
        ("walking", ""),
    ),
    **dict.fromkeys(
        ("wanderung", "wandern", "randonnee", "senderismo", "escursione", "trilha", "hike"), ("hiking", "")
    ),
    **dict.fromkeys(
        ("radfahrt", "radfahren", "velo", "sortieavelo", "ciclismo", "bicicleta", "pedalada", "fietsrit", "giroinbici"),
        ("cycling", ""),
    ),
    **dict.fromkeys(("schwimmen", "natation", "natacion", "nuoto", "natacao", "zwemmen", "simning"), ("swimming", "")),
}


def without_accents(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


_LOCAL_BY_WORD = {without_accents(word): known for word, known in _LOCAL_SPORTS.items()}


def local_sport(text: str) -> tuple[str, str]:
    """The same for a word in any language that we know of; two empty strings for another."""
    word = re.sub(r"[\W_]+", "", without_accents(text)).casefold()
    found = sport(word)
    return found if any(found) else _LOCAL_BY_WORD.get(word, ("", ""))


#: beginnings of months' names in those languages, without accents; June and July need four letters
MONTHS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "jan ene gen sty", "feb fev lut", "mar mrt maa", "apr avr abr kwi", "may mai mei mag maj", "jun juin giu cze",
            "jul juil lug lip", "aug aou ago sie", "sep set wrz", "oct okt ott out paz", "nov lis", "dec dez dic des gru",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
