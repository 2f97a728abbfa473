"""Why a grade is not given. A refusal is an answer too: it has a code for machines and a sentence for people."""

from typing import Final

AGE_MISSING: Final = "age_missing"
AGE_OUT_OF_RANGE: Final = "age_out_of_range"
SEX_MISSING: Final = "sex_missing"
DISTANCE_OUT_OF_RANGE: Final = "distance_out_of_range"
DISTANCE_CONFLICT: Final = "distance_conflict"
EVENT_UNKNOWN: Final = "event_unknown"
EDITION_UNKNOWN: Final = "edition_unknown"
SURFACE_NOT_IN_EDITION: Final = "surface_not_in_edition"
NO_OPEN_STANDARD: Final = "no_open_standard"
TIME_INVALID: Final = "time_invalid"
CONVENTION_UNKNOWN: Final = "convention_unknown"

CODES: Final = (
    AGE_MISSING,
    AGE_OUT_OF_RANGE,
    SEX_MISSING,
    DISTANCE_OUT_OF_RANGE,
    DISTANCE_CONFLICT,
    EVENT_UNKNOWN,
    EDITION_UNKNOWN,
    SURFACE_NOT_IN_EDITION,
    NO_OPEN_STANDARD,
    TIME_INVALID,
    CONVENTION_UNKNOWN,
)


class Refused(ValueError):
    """The published tables give no answer here. code: one of CODES; sentence: the reason in plain words."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str]]:
        return type(self), (self.code, self.sentence)
