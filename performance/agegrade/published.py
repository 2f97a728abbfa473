"""What the editions print: events with their open standards, and whole tables of factors or age standards."""

from dataclasses import dataclass

from performance.agegrade.conventions import EXACT, WHOLE_SECOND, calculator_standard, find_convention
from performance.agegrade.editions import ROAD
from performance.agegrade.sheets import Column, Sheet, find_sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class EventColumn:
    """One event of a sheet. distance_m: the open distance. flat: whether distances between it and the next count."""

    event: str
    distance_m: float
    open_standard_s: float | None
    first_age: int
    last_age: int
    flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A sheet as printed: one row for every printed age, one cell for every event.

    factors, standards_s: by age and then event, None where the column has no such age (or no open standard).
    """

    edition: str
    surface: str
    sex: str
    convention: str
    ages: tuple[int, ...]
    events: tuple[EventColumn, ...]
    factors: tuple[tuple[float | None, ...], ...]
    standards_s: tuple[tuple[float | None, ...], ...]


def events(*, edition: str | None = None, surface: str = ROAD, sex: str) -> tuple[EventColumn, ...]:
    """The events of an edition: plain distances by length, then hurdles and steeplechase."""
    return _events(find_sheet(edition=edition, surface=surface, sex=sex))


def published_table(
    *, edition: str | None = None, surface: str = ROAD, sex: str, convention: str = EXACT
) -> PublishedTable:
    """Every printed factor of a sheet, and the age standards as the convention rounds them."""
    convention = find_convention(convention)
    chosen = find_sheet(edition=edition, surface=surface, sex=sex)
    ages = sorted({age for column in chosen.columns for age in column.published_ages})
    return PublishedTable(
        edition=chosen.edition.id,
        surface=chosen.surface,
        sex=chosen.sex,
        convention=convention,
        ages=tuple(ages),
        events=_events(chosen),
        factors=tuple(tuple(_factor(column, age) for column in chosen.columns) for age in ages),
        standards_s=tuple(
            tuple(_standard(chosen, column, age, convention) for column in chosen.columns) for age in ages
        ),
    )


def _events(chosen: Sheet) -> tuple[EventColumn, ...]:
    return tuple(
        EventColumn(
            event=column.event,
            distance_m=column.official_m,
            open_standard_s=column.open_standard_s,
            first_age=column.published_ages[0],
            last_age=column.published_ages[-1],
            flat=column in chosen.flat,
        )
        for column in chosen.columns
    )


def _factor(column: Column, age: int) -> float | None:
    return column.factor(age) if age in column.published_ages else None


def _standard(chosen: Sheet, column: Column, age: int, convention: str) -> float | None:
    if column.open_standard_s is None or age not in column.published_ages:
        return None
    if convention == WHOLE_SECOND:
        return chosen.official_standards[column.event][age - column.first_age]
    seconds = column.standards[age - column.first_age]
    return seconds if convention == EXACT else calculator_standard(seconds)
