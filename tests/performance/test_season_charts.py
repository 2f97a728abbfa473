from datetime import date, timedelta

from performance import load, season_charts
from performance.season_charts import Span, best_of_a_year, trend

TODAY = date(2026, 11, 21)


def day(n: int) -> date:
    return TODAY - timedelta(days=n)


def test_the_best_of_a_year_rises_with_a_race_and_falls_when_it_is_a_year_old():
    steps = best_of_a_year([(day(500), 0.78), (day(300), 0.74), (day(100), 0.76)], until=TODAY)
    assert steps == [(day(500), 0.78), (day(134), 0.74), (day(100), 0.76), (TODAY, 0.76)]
    assert best_of_a_year([(day(900), 0.7)], until=TODAY) == [(day(900), 0.7), (day(534), None), (TODAY, None)]
    assert best_of_a_year([], until=TODAY) == []


def test_a_thousand_races_are_one_path_and_every_dot_is_inside():
    graded = [(day(n * 5), 0.6 + (n % 40) / 200) for n in range(1000)]
    drawn = trend(graded, [], today=TODAY, top=graded[3])
    assert drawn.counted.count("M") == 1000 and drawn.counted.count("h0") == 1000
    xs, ys = zip(*(map(float, dot.removesuffix("h0").split()) for dot in drawn.counted.split("M")[1:]), strict=True)
    assert min(xs) >= 0 and max(xs) <= 1000
    assert min(ys) >= season_charts.TREND_TOP and max(ys) <= season_charts.TREND_FLOOR
    assert len(drawn.years) <= 7


def test_one_bad_day_does_not_take_the_room_of_the_others():
    graded = [(day(n * 20), 0.75 + n / 1000) for n in range(20)]
    levels = [level.percent for level in trend([*graded, (day(30), 0.2)], [], today=TODAY, top=None).levels]
    assert min(levels) >= 50 and max(levels) >= 75


def test_a_limit_of_a_class_is_marked():
    drawn = trend([(day(10), 0.69), (day(40), 0.81)], [(day(2), 0.75)], today=TODAY, top=None)
    assert [level.percent for level in drawn.levels if level.limit] == [70, 80]
    assert drawn.waiting.count("M") == 1
    assert trend([], [], today=TODAY, top=None) is None


def test_the_name_of_the_best_stands_where_it_has_room():
    late = trend([(day(700), 0.7), (day(5), 0.8)], [], today=TODAY, top=(day(5), 0.8))
    early = trend([(day(700), 0.8), (day(5), 0.7)], [], today=TODAY, top=(day(700), 0.8))
    assert late.top.to_the_left and not early.top.to_the_left


def test_bars_stand_on_zero_and_the_highest_reaches_the_top():
    weeks = [(day(7 * n), float(amount)) for n, amount in ((3, 0), (2, 40), (1, 20), (0, 10))]
    drawn = season_charts.bars(weeks, words=str, month=str)
    heights = [float(height) for _x, _width, _y, height in drawn.bars]
    assert heights == [0.0, 120.0, 60.0, 30.0]
    assert all(float(y) + float(height) == season_charts.SEASON_FLOOR for _x, _w, y, height in drawn.bars)
    assert [tick.label for tick in drawn.grid] == ["20.0", "40.0"]
    assert season_charts.bars([(day(0), 0.0)], words=str, month=str) is None


def test_form_swings_round_its_zero_line():
    days = load.days({day(60): 300.0, day(2): 200.0}, first=day(90), last=TODAY)
    drawn = season_charts.lines(days, words=str, month=str)
    ys = [float(point.split()[1]) for point in drawn.form[1:].split("L")]
    zero = float(drawn.zero)
    assert max(ys) > zero, "tired lies below the line"
    assert len(ys) == len(days) and min(ys) > 0 and max(ys) <= season_charts.FORM_FLOOR
    assert season_charts.lines(load.days({}, first=day(9), last=TODAY), words=str, month=str) is None


def test_the_least_certain_prediction_is_the_longest_line():
    near, far = season_charts.range_lines([(99, 100, 101), (90, 100, 110)])
    width = lambda line: float(line.high[:-1]) - float(line.low[:-1])  # noqa: E731
    assert 0 < width(near) < width(far) <= 92


def test_months_have_room():
    ticks = season_charts._months(Span(day(730), TODAY), str)
    assert len(ticks) <= 6
