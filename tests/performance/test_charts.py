"""Geometry: where lines, bars and routes are drawn. Numbers only; no database."""

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from performance import charts

values = st.lists(st.one_of(st.none(), st.floats(min_value=-500, max_value=9000)), min_size=2, max_size=80)


def words(value: float) -> str:
    return f"{value:g}"


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", path)]


def points(path: str) -> list[tuple[float, float]]:
    flat = numbers(path)
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_higher_values_are_drawn_higher():
    panel = charts.panel([100.0, 150.0, 120.0], height=150, words=words)
    assert panel is not None
    low, high, middle = (y for _x, y in points(panel.line))
    assert high < middle < low


def test_a_faster_pace_is_drawn_higher():
    panel = charts.panel([300.0, 270.0], height=150, words=words, clock=True, faster_is_up=True)
    assert panel is not None
    slow, fast = (y for _x, y in points(panel.line))
    assert fast < slow


def test_a_gap_breaks_the_line_and_is_never_bridged():
    panel = charts.panel([100.0, 110.0, None, 120.0, 130.0], height=150, words=words)
    assert panel is not None
    assert panel.line.count("M") == 2
    assert [x for x, _y in points(panel.line)] == [0, 250, 750, 1000]


def test_a_lone_value_between_gaps_stays_visible():
    panel = charts.panel([100.0, None, 120.0, None, 130.0, 140.0], height=150, words=words)
    assert panel is not None
    assert panel.line.count("M") == 3 and panel.line.count("L") == 3


def test_fewer_than_two_values_are_no_chart():
    assert charts.panel([None, 5.0, None], height=150, words=words) is None


def test_one_standstill_does_not_flatten_a_robust_range():
    run = [280.0 + number % 5 for number in range(100)]
    calm = charts.panel(run, height=150, words=words, clock=True, robust=True, least_span=20)
    with_stop = charts.panel([*run, 1500.0], height=150, words=words, clock=True, robust=True, least_span=20)
    assert calm is not None and with_stop is not None
    assert [tick.label for tick in with_stop.grid] == [tick.label for tick in calm.grid]


def test_many_stops_leave_room_for_the_running():
    """A hilly run with a tenth of it nearly standing: the range ends half above the median."""
    run = [300.0 + number % 30 for number in range(90)] + [1800.0] * 10
    panel = charts.panel(run, height=150, words=words, clock=True, robust=True, least_span=20)
    assert panel is not None
    assert max(float(tick.label) for tick in panel.grid) < 500


@pytest.mark.parametrize("height", [100, 104, 130, 150])
@given(low=st.floats(-100, 3000), span=st.floats(1, 3000))
def test_labels_of_the_grid_do_not_touch(height, low, span):
    panel = charts.panel([low, low + span], height=height, words=words)
    assert panel is not None
    lines = sorted(float(tick.at) for tick in panel.grid)
    assert all(below - above >= 20 for above, below in itertools.pairwise(lines))


@given(values)
def test_everything_is_drawn_inside_the_panel(column):
    panel = charts.panel(column, height=150, words=words, filled=True)
    if panel is None:
        assert sum(value is not None for value in column) < 2
        return
    for x, y in points(panel.line):
        assert 0 <= x <= 1001 and charts.TITLE_PX <= y <= 150
    assert all(charts.TITLE_PX <= float(tick.at) <= 150 for tick in panel.grid)
    assert 0 <= len(panel.grid) <= 5


@given(values)
def test_attributes_hold_plain_numbers(column):
    panel = charts.panel(column, height=120, words=words, filled=True)
    if panel is not None:
        assert re.fullmatch(r"(M[-\d. L]+)+", panel.line)
        assert "nan" not in panel.area and "," not in panel.area


def test_grid_lines_stand_at_round_values():
    panel = charts.panel([262.0, 290.0], height=150, words=words, clock=True, least_span=20)
    assert panel is not None
    assert all(float(tick.label) % 5 == 0 for tick in panel.grid)
    assert 2 <= len(panel.grid) <= 5


def test_the_x_axis_is_labelled_at_round_kilometres():
    ticks = charts.across([0.014, 5.0, 10.016], words=words)
    assert [tick.label for tick in ticks] == ["0", "2", "4", "6", "8", "10"]
    assert ticks[0].at == "0.0%"
    assert float(ticks[-1].at[:-1]) == pytest.approx(89.9, abs=0.1)


@pytest.mark.parametrize(("last", "most"), [(0.4, 6), (3.1, 6), (42.4, 6), (160.9, 6), (3600.0, 6)])
def test_the_x_axis_never_crowds(last, most):
    ticks = charts.across([0.0, last], words=words)
    assert 2 <= len(ticks) <= most + 1


def test_the_axis_makes_the_lowest_panel_taller():
    panel = charts.panel([1.0, 2.0], height=100, words=words)
    assert panel is not None
    labelled = charts.with_axis(panel, charts.across([0.0, 10.0], words=words))
    assert labelled.height > panel.height
    assert float(labelled.floor) < float(labelled.across_y) < labelled.height


# Splits


def test_faster_than_the_mean_goes_right_and_slower_left():
    fast, slow = charts.bars([-10.0, 5.0])
    assert (fast.faster, fast.x, fast.width) == (True, "50.0%", "50.0%")
    assert (slow.faster, slow.x, slow.width) == (False, "25.0%", "25.0%")


def test_even_splits_stay_near_the_middle():
    assert all(float(bar.width[:-1]) <= 5 for bar in charts.bars([0.4, -0.6, 0.2]))


# Routes

KM_NORTH = 1 / 111.195  # degrees of latitude


def line(n: int, km: float) -> list[tuple[float, float]]:
    """A straight road to the north."""
    return [(52.0 + KM_NORTH * km * number / (n - 1), 0.2) for number in range(n)]


def test_a_degree_of_latitude_is_a_hundred_and_eleven_kilometres():
    assert charts.metres_between((52.0, 0.2), (53.0, 0.2)) == pytest.approx(111_195, rel=1e-3)
    assert charts.metres_between((0.0, 179.9), (0.0, -179.9)) == pytest.approx(22_239, rel=1e-3)


def test_hidden_ends_leave_nothing_within_their_circles():
    route = line(301, 3.0)
    shown = charts.hide_ends(route, 200)
    assert shown
    assert min(charts.metres_between(route[0], point) for point in shown) >= 200
    assert min(charts.metres_between(route[-1], point) for point in shown) >= 200
    assert len(route) - len(shown) <= 2 * 21


def test_loitering_at_the_door_reveals_no_more_of_it():
    door = (52.0, 0.2)
    jitter = [(52.0 + 0.0002 * math.sin(number), 0.2 + 0.0002 * math.cos(number)) for number in range(200)]
    shown = charts.hide_ends([door, *jitter, *line(301, 3.0)], 200)
    assert min(charts.metres_between(door, point) for point in shown) >= 200


def test_laps_of_a_track_are_hidden_altogether():
    track = [(52.0 + 0.0006 * math.sin(number / 10), 0.2 + 0.0006 * math.cos(number / 10)) for number in range(600)]
    assert charts.hide_ends(track, 200) == []


def test_hidden_columns_are_none_and_the_others_stay_in_place():
    route = line(101, 2.0)
    latitude = [lat for lat, _lon in route]
    longitude: list[float | None] = [lon for _lat, lon in route]
    longitude[50] = None
    columns = charts.hide_end_columns(latitude, longitude, 200)
    assert len(columns) == 101
    assert columns[0] is columns[5] is columns[50] is columns[-1] is None
    assert columns[49] == route[49]


def test_a_route_keeps_its_proportions():
    """A kilometre north and a kilometre east are equally long on the drawing, at any latitude."""
    east = 0.2 + KM_NORTH / math.cos(math.radians(52.0))
    square = [(52.0, 0.2), (52.0 + KM_NORTH, 0.2), (52.0 + KM_NORTH, east), (52.0, east)]
    drawing = charts.route(square)
    assert drawing is not None
    (x0, y0), (x1, y1), (x2, y2), _last = points(drawing.path)
    assert abs(y1 - y0) == pytest.approx(abs(x2 - x1), rel=0.01)
    assert y1 < y0, "north is up"
    assert x2 > x1, "east is right"


def test_a_route_fits_its_ground():
    for route in (line(50, 3.0), [(52.0, 0.2 + number / 100) for number in range(30)]):
        drawing = charts.route(route)
        assert drawing is not None and 240 <= drawing.height <= 520
        assert all(0 <= x <= 600 and 0 <= y <= drawing.height for x, y in points(drawing.path))


def test_a_route_across_the_date_line_stays_in_one_piece():
    drawing = charts.route([(0.0, 179.99), (0.0, -179.99), (0.01, -179.98)])
    assert drawing is not None
    xs = [x for x, _y in points(drawing.path)]
    assert xs == sorted(xs)


def test_who_stands_still_has_no_route():
    assert charts.route([(52.0, 0.2)] * 10) is None
    assert charts.route([(52.0, 0.2)]) is None


def test_numbers_stand_where_the_kilometres_end():
    route = line(101, 10.0)
    columns: list[charts.Point | None] = list(route)
    drawing = charts.route(route, columns=columns, passed=[number / 10 for number in range(101)])
    assert drawing is not None
    assert [mark.label for mark in drawing.marks] == [str(number) for number in range(1, 11)]
    assert drawing.columns[100] is not None


def test_a_long_route_has_fewer_numbers():
    route = line(101, 42.2)
    drawing = charts.route(route, columns=list(route), passed=[number * 0.422 for number in range(101)])
    assert drawing is not None
    assert [mark.label for mark in drawing.marks] == ["5", "10", "15", "20", "25", "30", "35", "40"]


def test_a_hidden_start_has_no_dot():
    drawing = charts.route(line(10, 3.0), start_shown=False)
    assert drawing is not None and drawing.start is None
