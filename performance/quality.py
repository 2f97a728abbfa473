"""What a reader should know about the quality of a recording: sentences for the codes that importers and analysis write."""

from collections.abc import Iterable
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: codes that speak of positions or heart rate; who may not see those is not told of them either
OF_STREAMS: Final = frozenset(
    {"no_heart_rate", "no_positions", "heart_rate_missing", "positions_missing", "heart_rate_stuck"}
)

SENTENCES: Final[dict[str, str | Promise]] = {
    "no_samples": _("Only totals were recorded, so there are no charts and no splits."),
    "no_distance": _("No distance was recorded, so there is no pace and there are no splits."),
    "no_heart_rate": _("No heart rate was recorded."),
    "no_positions": _("No positions were recorded: indoors, or without a satellite fix."),
    "heart_rate_missing": _("No heart rate was recorded."),
    "positions_missing": _("No positions were recorded: indoors, or without a satellite fix."),
    "distance_restarts": _("The recorded distance started again from zero at some point; the parts were put together."),
    "checksum_missing": _("The file ends without its checksum, so nothing proves that it is whole."),
    "distance_computed": _("The file holds no distance; it was worked out from the positions."),
    "distance_decreases": _("The recorded distance went backwards at some point; it was held there."),
    "points_out_of_order": _("Some points were out of order and were put right by their times."),
    "times_missing": _("Some points have no time and could not be used."),
    "times_implausible": _("Some points have an impossible time and could not be used."),
    "time_zone_missing": _("The file does not say in which time zone it was recorded."),
    "tracks_overlap": _("The file holds tracks that overlap in time."),
    "characters_repaired": _("Some characters of the file could not be read and were replaced."),
    "content_after_end": _("The file goes on after its end; the rest was left out."),
    "gps_spikes": _("The recorded distance leaps ahead in places, as no runner does. It is shown; bests leave it out."),
    "vehicle": _("A part is faster than anybody ever ran: perhaps a car or a train. It is shown; bests leave it out."),
    "distance_jumps": _("The recorded distance jumps back in places. It is shown; bests do not reach across."),
    "date_doubtful": _(
        "The date cannot be right: the device's clock was not set. It counts for no best and no race until you correct it."
    ),
    "treadmill": _("Run on a treadmill: the belt or the watch told the distance, so it does not count among bests."),
    "downhill": _("It ends further below its start than a course for records may, so the way down helped."),
    "long_pause": _("The watch stood paused for hours before it was stopped, so the elapsed time says little."),
    "heart_rate_stuck": _("The heart rate never changed, so it was hardly a heart that was recorded."),
    "clock_not_set": _("The device's clock was not set, so the date may be wrong."),
}


def sentences(codes: Iterable[str], *, shows_streams: bool) -> list[str]:
    """Each sentence once; a code without words is a matter for developers and is left out."""
    shown = (code for code in codes if code in SENTENCES and (shows_streams or code not in OF_STREAMS))
    return list(dict.fromkeys(str(SENTENCES[code]) for code in shown))
