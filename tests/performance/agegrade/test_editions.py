import pytest

from performance.agegrade import (
    DEFAULT_EDITION,
    EDITIONS,
    Refused,
    age_grade,
    age_standard,
    default_edition,
    editions,
    published_table,
    under_every_edition,
)


def test_all_eleven_editions_are_there():
    assert set(EDITIONS) == {
        "road-2010",
        "road-2015",
        "road-2020-06",
        "road-2020",
        "road-2025-01",
        "road-2025",
        "road-2025-04-withdrawn",
        "wma-2006",
        "wma-2014-5yr",
        "wma-2023",
        "wava-1994",
    }


def test_the_withdrawn_edition_is_never_offered_and_answers_to_its_name():
    assert "road-2025-04-withdrawn" not in {edition.id for edition in editions()}
    assert len(editions()) == 10
    result = age_grade(time_s=200, age=50, sex="M", event="1km", edition="road-2025-04-withdrawn")
    assert result.edition == "road-2025-04-withdrawn"
    rows = under_every_edition(time_s=200, age=50, sex="M", event="1km")
    assert "road-2025-04-withdrawn" not in {row.edition.id for row in rows}


@pytest.mark.parametrize(("surface", "edition"), [("road", "road-2025"), ("track", "wma-2023"), ("walk", "wma-2023")])
def test_each_surface_has_its_default(surface, edition):
    assert default_edition(surface).id == edition
    assert age_standard(age=50, sex="F", event="10km", surface=surface).edition == edition


def test_the_default_is_road_2025():
    assert DEFAULT_EDITION == "road-2025"
    for blank in (None, "", "  "):
        assert age_standard(age=50, sex="F", event="10km", edition=blank).edition == "road-2025"


def test_a_record_says_what_an_edition_covers():
    road, track = EDITIONS["road-2020"], EDITIONS["wma-2006"]
    assert (road.min_age, road.max_age, road.surfaces, road.sexes) == (5, 100, ("road",), ("M", "F"))
    assert road.distances == (("road", 1609.344, 200_000.0),)
    assert track.distances == (("track", 50.0, 10_000.0), ("walk", 1500.0, 50_000.0))
    assert "2020-05-20" in road.effective


def test_only_the_editions_with_borrowed_open_standards_are_marked_secondary():
    assert {edition.id for edition in EDITIONS.values() if edition.secondary_standards} == {"wma-2023", "wava-1994"}
    assert {edition.id for edition in EDITIONS.values() if not edition.has_open_standards} == {"wma-2014-5yr"}
    assert "secondary" in age_standard(age=50, sex="F", event="10000m", surface="track").source


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"edition": "road-2030"}, "edition_unknown"),
        ({"surface": "track", "edition": "road-2025"}, "surface_not_in_edition"),
        ({"surface": "road", "edition": "wma-2006"}, "surface_not_in_edition"),
        ({"surface": "walk", "edition": "wma-2014-5yr"}, "surface_not_in_edition"),
        ({"surface": "trail"}, "surface_not_in_edition"),
        ({"surface": "trail", "edition": "road-2025"}, "surface_not_in_edition"),
        ({"sex": ""}, "sex_missing"),
        ({"sex": None}, "sex_missing"),
        ({"sex": "X"}, "sex_missing"),
        ({"sex": "both"}, "sex_missing"),
        ({"time_s": None}, "time_invalid"),
        ({"time_s": 0}, "time_invalid"),
        ({"time_s": -60}, "time_invalid"),
        ({"time_s": float("nan")}, "time_invalid"),
        ({"time_s": float("inf")}, "time_invalid"),
        ({"time_s": 1e-9}, "time_invalid"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_its_reason(asked, code):
    with pytest.raises(Refused) as refused:
        age_grade(**{"time_s": 2520, "age": 50, "sex": "F", "event": "10km"} | asked)
    assert refused.value.code == code


@pytest.mark.parametrize("sex", ["f", " F ", "female", "W", "Women"])
def test_the_table_may_be_named_in_words(sex):
    assert age_standard(age=50, sex=sex, event="10km").sex == "F"


@pytest.mark.parametrize(
    ("asked", "surface", "edition"),
    [
        ({"event": "3000mSC"}, "track", "wma-2023"),
        ({"event": "20kmW"}, "walk", "wma-2023"),
        ({"event": "5000m", "edition": "wma-2006"}, "track", "wma-2006"),
        ({"event": "half", "edition": "wma-2023"}, "road", "wma-2023"),
        ({"event": "10km"}, "road", "road-2025"),
        ({"distance_m": 10_000}, "road", "road-2025"),
    ],
)
def test_a_blank_surface_is_what_the_event_tells_or_the_default(asked, surface, edition):
    standard = age_standard(age=50, sex="M", surface="", **asked)
    assert (standard.surface, standard.edition) == (surface, edition)


def test_the_same_race_under_every_edition_side_by_side():
    rows = {row.edition.id: row for row in under_every_edition(time_s=2520, age=50, sex="F", event="10km")}
    assert set(rows) == {
        "road-2025",
        "road-2025-01",
        "road-2020",
        "road-2020-06",
        "road-2015",
        "road-2010",
        "wma-2023",
        "wava-1994",
    }
    assert rows["wma-2023"].result is None
    assert rows["wma-2023"].refusal.code == "distance_out_of_range"
    assert rows["road-2010"].result.age_grade != rows["road-2025"].result.age_grade


def test_a_published_table_has_a_cell_for_every_age_and_event():
    table = published_table(edition="wma-2006", surface="track", sex="F")
    hurdles = [column.event for column in table.events].index("long_hurdles")
    assert table.ages == tuple(range(5, 101))
    assert table.factors[0][hurdles] is None  # hurdles begin at 14
    assert table.factors[table.ages.index(14)][hurdles] == 1.7144
    assert published_table(edition="wava-1994", sex="M").ages[:3] == (8, 9, 10)
    assert 43 not in published_table(edition="wava-1994", sex="M").ages
    assert published_table(edition="wma-2014-5yr", surface="track", sex="M").standards_s[0][0] is None
