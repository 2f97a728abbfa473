"""What a title tells, raw or reduced to a closed vocabulary."""

import pytest

from performance.race_detection.distances import HALF_MARATHON_M, MARATHON_M, MILE_M
from performance.race_detection.names import read_name
from performance.race_detection.vocabulary import fold, vocabulary


@pytest.mark.parametrize(
    "title",
    [
        "Morning Run",
        "Lunch Run",
        "Evening Trail Run",
        "Lauf am Morgen",
        "Abendlauf",
        "Course à pied le matin",
        "Course à pied dans l’après-midi",
        "Carrera de tarde",
        "Carrera por la mañana",
        "Corsa mattutina",
        "Hardloopsessie in de ochtend",
        "Corrida da manhã",
        "Löpning på morgonen",
        "Morgenløb",
        "Løpetur om morgenen",
        "Aamujuoksu",
        "Poranny bieg",
        "Ranní běh",
        "朝のランニング",
        "오후 러닝",
        "早晨跑步",
        "Cambridge Running",
        "Bad Homburg Laufen",
        "morning run",
    ],
)
def test_a_name_given_by_a_service_is_automatic_in_every_language(title: str) -> None:
    name = read_name(title)
    assert name.automatic
    assert name.says_nothing


@pytest.mark.parametrize(
    "title",
    [
        "Milton parkrun",
        "Fenland Cross Country Championships",
        "Race for Life",
        "33. Stadtlauf Ely",
        "Silvesterlauf",
        "Semi-marathon de Boulogne",
        "Foulées du lac",
        "San Silvestre Vallecana",
        "Gara sociale",
        "Wedstrijd Assen",
        "Meia maratona do Porto",
        "Göteborgsvarvet",
        "Terrängtävling i skogen",
        "Holmenkollstafetten",
        "Helsinki puolimaraton",
        "Bieg uliczny w parku",
        "Závod u jezera",
        "東京マラソン",
        "서울마라톤 대회",
        "北京马拉松",
        "* regional * nationals",
        "20XX turkey trot",
    ],
)
def test_an_event_is_recognised_in_every_language(title: str) -> None:
    name = read_name(title)
    assert name.event >= 0.7
    assert name.training == 0
    assert not name.automatic


@pytest.mark.parametrize(
    "title",
    [
        "Tempo",
        "easy",
        "recovery run",
        "warm up",
        "w/u",
        "6 x 800m",
        "NxN with strides",
        "Dauerlauf",
        "Intervalle auf der Bahn",
        "Footing",
        "Fractionné 10x400",
        "Rodaje suave",
        "Ripetute",
        "Duurloop",
        "Treino longo",
        "Långpass",
        "Rolig langtur",
        "Palauttava",
        "Wybieganie",
        "Výklus",
        "ジョグ",
        "인터벌 훈련",
        "间歇训练",
    ],
)
def test_training_is_recognised_in_every_language(title: str) -> None:
    name = read_name(title)
    assert name.training == 1
    assert name.event == 0


@pytest.mark.parametrize(
    "title",
    [
        "Pre race shakeout",
        "marathon pace",
        "race week easy",
        "to the race",
        "Jog from the parkrun",
        "no race today",
        "virtual race",
    ],
)
def test_an_event_on_another_day_is_no_event(title: str) -> None:
    name = read_name(title)
    assert name.event == 0
    assert name.training > 0


@pytest.mark.parametrize(
    ("title", "metres"),
    [
        ("Ely Runners 10K", 10_000),
        ("Sunny 5 mile", 5 * MILE_M),
        ("10 miler", 10 * MILE_M),
        ("Cambridge Half", HALF_MARATHON_M),
        ("½ Marathon Paris", HALF_MARATHON_M),
        ("21.1k", HALF_MARATHON_M),
        ("* 42km *", MARATHON_M),
        ("13.1 by the sea", HALF_MARATHON_M),
        ("1500m final", 1_500),
        ("하프", HALF_MARATHON_M),
        ("10 キロ", 10_000),
    ],
)
def test_a_distance_is_read(title: str, metres: float) -> None:
    assert metres in read_name(title).distances_m


@pytest.mark.parametrize("title", ["3 x 1k", "10k @ 4:30/km", "hills 200m", "3m 2m 1m", "12.37 km"])
def test_a_repetition_or_a_bare_measurement_is_no_distance_of_a_race(title: str) -> None:
    assert read_name(title).distances_m == ()


@pytest.mark.parametrize(
    ("title", "seconds"),
    [("10K in 38:20", 2_300), ("1:32:05 !", 5_525), ("Semi en 1h32", 5_520), ("mile MM:SS", 0)],
)
def test_a_stated_time_is_read(title: str, seconds: int) -> None:
    assert read_name(title).finish_s == seconds


@pytest.mark.parametrize("title", ["@ 4:30", "4:30 / km", "6:30 am start", "4:30 pace"])
def test_a_pace_or_an_hour_is_no_finish_time(title: str) -> None:
    assert read_name(title).finish_s is None


def test_years_ordinals_medals_and_results_are_read() -> None:
    name = read_name("23rd Fen Relays 2024 🏅 PB")
    assert (name.year, name.ordinal, name.medal, name.result_word) == (True, True, True, "PB")


def test_a_training_word_that_titles_of_events_borrow_counts_half() -> None:
    assert read_name("Long Beach Half Marathon").training == 0.5


def test_a_park_is_no_event() -> None:
    assert read_name("Loop of the Regional Park").event == 0


@pytest.mark.parametrize("title", ["", "   ", "!!!"])
def test_an_empty_title_is_unknown(title: str) -> None:
    assert not read_name(title).known


def test_what_the_source_says_about_the_title_wins_over_its_words() -> None:
    assert read_name("Ely 10K race", automatic=True).event == 0
    assert not read_name("Morning Run", automatic=False).automatic


def test_the_word_is_quoted_as_it_was_written() -> None:
    name = read_name("Ely Runners 10K Race!")
    assert (name.event_word, name.distance_word) == ("Race", "10K")


def test_hidden_words_give_no_key_to_count_by() -> None:
    assert read_name("* run *").key == ""
    assert read_name("Club run 12").key == read_name("Club run 13").key != ""


def test_a_hostile_title_is_read_quickly_and_cut() -> None:
    assert read_name("race " * 100_000).event == 1
    assert read_name("1" * 100_000).known


def test_no_word_is_both_an_event_and_training() -> None:
    words = vocabulary()
    assert not set(words.event) & set(words.training)


def test_every_word_of_the_vocabulary_is_written_as_titles_are_folded() -> None:
    words = vocabulary()
    assert all(fold(word) == word for word in [*words.event, *words.training, *words.automatic])
