"""Reasons and missing evidence as sentences; the templates stand in dictionaries, for a translation to replace."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from performance.race_detection.assessment import Reason
from performance.race_detection.distances import HALF_MARATHON_M, MARATHON_M, distance_name

Translate = Callable[[str], str]

REASONS: Mapping[str, tuple[str, str]] = {  # code: the sentence when it speaks for a race, and when against
    "flagged": ("You marked it as a race where it was recorded", ""),
    "flagged_other": ("", "You marked it as something else than a race"),
    "flags_others": ("", "You mark races, and did not mark this one"),
    "name_event": ("Name contains “{word}”", ""),
    "name_event_training": ("Name contains “{word}”, beside a word of training", ""),
    "name_distance": ("Name contains “{word}”, and it is about that long", ""),
    "name_training": ("", "Name contains “{word}”"),
    "name_year": ("Name contains a year", ""),
    "name_time": ("Name states a time", ""),
    "name_time_own": ("Name states the time it took", ""),
    "name_ordinal": ("Name contains a place or the number of an edition", ""),
    "name_medal": ("Name contains a medal or a celebration", ""),
    "name_result": ("Name contains “{word}”", ""),
    "name_own": ("It has a name of its own, as {share} of your runs do", ""),
    "name_automatic": ("", "It has an automatic name, and you name {value} of your runs"),
    "names_silent": ("Your runs bear no titles, so the missing one says nothing", ""),
    "own_name": ("You called “{word}” a race before", "You said before that “{word}” is no race"),
    "answers": ("You confirmed runs like this one", "You rejected runs like this one"),
    "name_repeated": ("", "{times} runs have the same name"),
    "distance_over": ("Distance is {over} off {distance}, as a watch measures a race", ""),
    "distance_near": ("Distance is within {over} of {distance}", ""),
    "distance_exact": ("Distance is {distance} to the metre", ""),
    "marathon_length": ("It is as long as a marathon", ""),
    "ultra_length": ("It is longer than a marathon, which is rare for you", ""),
    "distance_short": ("", "It is very short"),
    "longest": ("Your longest run in more than a year around it", ""),
    "pace": ("Faster than {value} of your runs of this length", "Slower than {slower} of your runs of this length"),
    "effort": ("Faster for its length than {value} of your runs", "Slower for its length than {slower} of your runs"),
    "effort_margin": ("Well above your usual effort", ""),
    "heart_rate": (
        "Average heart rate higher than in {value} of your runs",
        "Average heart rate lower than in {slower} of your runs",
    ),
    "no_stops": ("Hardly any stops", ""),
    "stops": ("", "Stopped for {stopped}"),
    "start_slot": ("{weekday} at {clock}, a time for races", "{weekday} at {clock}, seldom a time for races"),
    "parkrun_time": ("Saturday at about nine, 5 km", ""),
    "on_the_half_hour": ("Started at {clock}, close to the hour or the half hour", ""),
    "warm_up": ("A short, slower run just before it", ""),
    "cool_down": ("A short, slower run just after it", ""),
    "faster_beside": ("", "A faster run just before or after it"),
    "load": ("Less running than usual on the three days before", "More running than usual on the three days before"),
    "rest": ("Less running than usual on the two days after", ""),
    "athletes": ("Run with {count} others, more than usual for you", ""),
    "kudos": ("More kudos than {value} of your runs", ""),
    "achievements": ("More achievements than {value} of your runs", ""),
    "records": ("More personal records than {value} of your runs", ""),
    "treadmill": ("", "Run on a treadmill"),
    "virtual": ("", "A virtual run"),
    "walk": ("", "A walk or a hike"),
    "too_fast": ("", "Faster than any runner: a ride, or a broken recording"),
    "samples_even": ("Run evenly from start to finish", "Run unevenly"),
    "samples_heart": (
        "Heart rate of its second half at {value} of your highest",
        "Heart rate of its second half at only {value} of your highest",
    ),
    "samples_pieces": ("", "{times} fast pieces, as in an interval session"),
    "samples_no_stops": ("No stop in its samples", "A stop in its samples"),
    "inside_level": (
        "Inside it {distance}, about as fast as your best of those months",
        "Inside it {distance}, {over} slower than your best of those months",
    ),
    "inside_rank": (
        "Faster over {distance} than in {value} of your runs of those months",
        "Slower over {distance} than in {slower} of your runs of those months",
    ),
    "inside_rank_first": ("Your fastest {distance} of those months", ""),
    "inside_rest": ("The rest of the recording is slower by {rest}", ""),
    "inside_over": ("The fast part is as long as a race over {distance} is measured", ""),
    "inside_alike": ("Hardly any other run of those months has such a part", "{count} other runs have a part as fast"),
    "inside_rare": ("", "{distance} is seldom raced"),
    "inside_even": ("The fast part was run evenly", "The fast part was run unevenly"),
    "inside_slowest": ("No slow minute in the fast part", "A slow minute in the fast part"),
    "inside_stopped": ("No stop in the fast part", "A stop in the fast part"),
    "inside_pieces": ("", "Run as fast again elsewhere in the recording"),
    "inside_before": ("Standing just before the fast part, as on a start line", ""),
    "inside_after": ("Standing or walking just after the fast part", ""),
    "inside_heart": (
        "Heart rate in the fast part at {value} of your highest",
        "Heart rate in the fast part at only {value} of your highest",
    ),
    "inside_named": ("Name contains the distance of the fast part", ""),
    "inside_answers": (
        "You confirmed races inside longer recordings before",
        "You rejected races inside longer recordings before",
    ),
    "not_on_foot": ("", "Not on foot"),
    "unreadable": ("", "Could not be read: {what}"),
}

MISSING: Mapping[str, str] = {
    "name": "No name",
    "start": "No date",
    "distance": "No distance",
    "time": "No time",
    "elapsed": "Time without pauses only",
    "moving": "Pauses are not known",
    "history": "Too few runs of this length to compare with",
    "heart_rate": "No heart rate",
    "offset": "The hour of the day is a guess",
}

DISTANCES_IN_A_SENTENCE = {HALF_MARATHON_M: "a half marathon", MARATHON_M: "a marathon"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def describe(reason: Reason, translate: Translate = str) -> str:
    """The reason as a sentence without a full stop. translate: gettext, say; asked for templates and weekdays."""
    code = reason.code
    if code == "name_time" and reason.params.get("value", 0) >= 2:
        code = "name_time_own"
    if code == "inside_rank" and reason.params.get("value", 0) >= 1:
        code = "inside_rank_first"
    in_favour, against = REASONS[code]
    template = in_favour if reason.weight > 0 and in_favour else against or in_favour
    return translate(template).format_map(_spoken(reason.params, translate))


def describe_missing(code: str, translate: Translate = str) -> str:
    """A piece of evidence that a run did not have, in words."""
    return translate(MISSING[code])


def _spoken(params: Mapping[str, Any], translate: Translate) -> dict[str, str]:
    """The figures of a reason as people write them."""
    spoken = {name: str(value) for name, value in params.items()}
    if "value" in params:
        spoken["value"] = percent(params["value"])
        spoken["slower"] = percent(1 - params["value"])
    if "share" in params:
        spoken["share"] = percent(params["share"])
    if "rest" in params:
        spoken["rest"] = percent(params["rest"] - 1)
    if "count" in params:
        spoken["count"] = f"{params['count']:.0f}"
    if "over" in params:
        spoken["over"] = f"{max(math.ceil(abs(params['over']) * 1000), 1) / 10:.1f} %"
        spoken["distance"] = translate(
            DISTANCES_IN_A_SENTENCE.get(params["distance_m"], distance_name(params["distance_m"]))
        )
    if "weekday" in params:
        spoken["weekday"] = translate(WEEKDAYS[params["weekday"]])
        spoken["clock"] = f"{int(params['hour']):02d}:{int(params['hour'] * 60 % 60):02d}"
    if "stopped_s" in params:
        hours, minutes = divmod(round(params["stopped_s"] / 60), 60)
        spoken["stopped"] = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
    return spoken


def percent(share: float) -> str:
    """ "97 %"; never "100 %" for less than all, nor "0 %" for more than nothing."""
    rounded = round(share * 100)
    if rounded == 100 and share < 1:
        return "99 %"
    return "1 %" if rounded == 0 and share > 0 else f"{rounded} %"
