"""What an athlete could run today, in the words of a page: predictions from the race book, graded at today's age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from activities.measures import HALF_MARATHON_M, MARATHON_M, MILE_M
from athletes.models import Athlete
from performance import agegrade, predictions, standards
from performance.predictions import Forecast, Prediction, Result
from performance.race_book import Line, RaceBook
from performance.season_charts import RangeLine, range_lines
from performance.standards import Standard

ON_THE_DASHBOARD: Final = (5_000.0, 10_000.0, HALF_MARATHON_M, MARATHON_M)
ON_THE_PAGE: Final = (
    1_500.0, MILE_M, 3_000.0, 5_000.0, 10_000.0, 15_000.0, 10 * MILE_M, HALF_MARATHON_M, MARATHON_M, 50_000.0,
)  # fmt: skip


@dataclass(frozen=True)
class ForecastRow:
    """grades: one for each table that grades the athlete, None where there is none."""

    prediction: Prediction
    line: RangeLine
    grades: tuple[float | None, ...]

    @property
    def pace_s_per_km(self) -> float:
        return self.prediction.time_s / self.prediction.distance_m * 1000


def usable(book: RaceBook) -> list[Line]:
    """Races to go by: they count, on a road or a track, and nobody has to say first that they were fair ones."""
    counted = [line for line in book.counted if line.refusal != standards.TO_CONFIRM]
    return [line for line in counted if line.distance_m and line.time_s and line.surface in {"road", "track"}]


def forecast_of(
    book: RaceBook, *, today: date, distances_m: Sequence[float], weekly_m: float | None
) -> Forecast | None:
    results = [Result(line.pk, line.local_date, line.distance_m or 0, line.time_s or 0) for line in usable(book)]
    return predictions.forecast(results, today=today, distances_m=distances_m, weekly_m=weekly_m)


def n_recent(book: RaceBook, today: date) -> int:
    """How many races there are to go by."""
    results = [Result(line.pk, line.local_date, line.distance_m or 0, line.time_s or 0) for line in usable(book)]
    return len(predictions.recent(results, today))


def rows(forecast: Forecast, athlete: Athlete, today: date) -> list[ForecastRow]:
    drawn = range_lines([(one.low_s, one.time_s, one.high_s) for one in forecast.predictions])
    age = athlete.age_on(today)
    asked = Standard.of(athlete).on(agegrade.ROAD)
    return [
        ForecastRow(one, line, tuple(_grade(one, age=age, sex=sex, asked=asked) for sex in athlete.sexes))
        for one, line in zip(forecast.predictions, drawn, strict=True)
    ]


def _grade(prediction: Prediction, *, age: int | None, sex: str, asked: dict[str, str]) -> float | None:
    try:
        return agegrade.age_grade(
            time_s=prediction.time_s, distance_m=prediction.distance_m, age=age, sex=sex, **asked
        ).age_grade
    except agegrade.Refused:
        return None
