"""A part of a run: `?from_km= &to_km=` redraws the charts from the samples. And its heart-rate zones."""

import json
import re
import time

import pytest

from activities import streams as samples
from activities.models import Activity
from athletes.models import Athlete
from performance.models import Analysis
from performance.profile import profile, zoomed
from tests import factories
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true", "HX-Target": "charts"}


def recorded(athlete: Athlete, **streams) -> Activity:
    """A run whose samples are stored, one a second."""
    run = factories.make_activity(athlete=athlete)
    made = factories.make_streams(step_s=1.0, **streams)
    samples.replace(run.recordings.get(), made)
    factories.make_analysis(activity=run, streams=made)
    return run


def cursor(html: str) -> dict:
    return json.loads(re.search(r'<script id="samples" type="application/json">(.*?)</script>', html)[1])


def shown(client, run: Activity, query: str, **headers) -> str:
    response = client.get(f"/activities/{run.pk}/?{query}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_part_is_drawn_as_fine_as_it_was_recorded(cast: Cast, as_ada):
    run = recorded(cast.ada)
    whole = cursor(shown(as_ada, run, ""))
    html = shown(as_ada, run, "from_km=3&to_km=4", **PART)
    part = cursor(html)
    assert 3 <= part["x"][0] < 3.01 and 3.99 < part["x"][-1] <= 4
    in_whole = [x for x in whole["x"] if 3 <= x <= 4]
    assert len(part["x"]) > 5 * len(in_whole), "from the samples, not from the stored columns"
    assert 'id="charts"' in html and "<h1" not in html and "From 3.00" in html
    assert html.count('class="chart panel"') == 3
    labels = re.findall(r'y="[\d.]+">([\d.]+)(?: km)?</text>', html)
    assert "3.2" in labels and "0" not in labels[-6:], "the axis begins where the part does"
    page = shown(as_ada, run, "from_km=3&to_km=4")
    assert cursor(page) == part and "<h1" in page, "the address is the page"
    assert re.findall(r'class="km"', page), "the route keeps its kilometres"
    assert len(part["route"]) == len(part["x"])


def test_zooming_is_quick_with_many_samples(cast: Cast):
    made = factories.make_streams(distance_m=42_195, time_s=14_000, step_s=1.0)
    started = time.perf_counter()
    for _ in range(10):
        columns = zoomed(made, 10_000, 15_000)
    assert (time.perf_counter() - started) / 10 < 0.1
    assert len(columns["x"]) == 360


def test_the_whole_zoomed_is_the_whole():
    made = factories.make_streams()
    assert zoomed(made, 0, 1e9) == profile(made).charts
    assert zoomed(factories.make_streams(distance=False), 0, 1e9) == {}


@pytest.mark.parametrize("query", ["from_km=300&to_km=400", "from_km=10.03&to_km=99"])
def test_a_part_the_run_does_not_reach_is_said(cast: Cast, as_ada, query):
    run = recorded(cast.ada)
    html = shown(as_ada, run, query, **PART)
    assert "does not reach that part" in html and cursor(html)["x"][-1] > 10


def test_a_part_that_cannot_be_read_is_told_and_loses_nothing(cast: Cast, as_ada):
    run = recorded(cast.ada)
    answer = as_ada.get(f"/activities/{run.pk}/?from_km=4&to_km=3", headers=PART)
    html = answer.content.decode()
    assert answer.status_code == 422 and "has to lie after the start" in html and 'value="4"' in html
    html = as_ada.get(f"/activities/{run.pk}/?from_km=abc").content.decode()
    assert "Enter a number" in html and 'class="field wrong"' in html and html.count('class="chart panel"') == 3


def test_miles_for_who_reads_miles_and_an_address_in_the_other_unit(cast: Cast, as_ada):
    run = recorded(cast.ada)
    Athlete.objects.filter(pk=cast.ada.pk).update(units="mi")
    html = shown(as_ada, run, "from_mi=2&to_mi=3", **PART)
    assert 2 <= cursor(html)["x"][0] < 2.01 and 'name="from_mi"' in html
    other = shown(as_ada, run, "from_km=3.218688&to_km=4.828032", **PART)
    assert cursor(other)["x"][0] == pytest.approx(2, abs=0.02)


def test_splits_lead_to_their_part(cast: Cast, as_ada):
    run = recorded(cast.ada)
    html = shown(as_ada, run, "")
    assert 'href="?from_km=3&amp;to_km=4#charts"' in html or 'href="?from_km=3&to_km=4#charts"' in html
    assert 'hx-target="#charts"' in html


def test_without_samples_the_stored_columns_serve(cast: Cast, as_ada):
    run = factories.make_activity(athlete=cast.ada, analysed=True)
    part = cursor(shown(as_ada, run, "from_km=3&to_km=5", **PART))
    assert part["x"][0] >= 3 and part["x"][-1] <= 5 and len(part["x"]) > 50


def test_a_coach_never_sees_the_ends_whatever_the_part(cast: Cast):
    run = recorded(cast.ada)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=3)
    part = cursor(shown(signed_in(cast.carl), run, "to_km=0.15", **PART))
    assert part["route"] and set(map(str, part["route"])) == {"None"}
    mine = cursor(shown(signed_in(cast.ada.user), run, "to_km=0.15", **PART))
    assert None not in mine["route"]


def test_a_coach_without_streams_gets_no_part(cast: Cast):
    run = recorded(cast.ada)
    factories.grant(athlete=cast.ada, coach=cast.carl, level=2)
    html = shown(signed_in(cast.carl), run, "from_km=1&to_km=2")
    assert "chart panel" not in html and "Heart-rate zones" not in html
    assert signed_in(cast.eve.user).get(f"/activities/{run.pk}/?from_km=1", headers=PART).status_code == 404


def test_the_zones_are_of_the_athletes_own_maximum(cast: Cast, as_ada):
    run = recorded(cast.ada)
    html = shown(as_ada, run, "")
    assert "never guessed from an age" in html and "zonebar" not in html
    Athlete.objects.filter(pk=cast.ada.pk).update(hr_max=180)
    html = shown(as_ada, run, "")
    assert "Maximum 180" in html and "162+" in html and "144–161" in html
    table = html.split("zonebar")[1].split("</table>")[0]
    assert sum(map(int, re.findall(r"(\d+) %", table))) in range(98, 103)
    widths = [float(width) for width in re.findall(r'class="z\d" x="[\d.]+%" width="([\d.]+)%"', table)]
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_a_strava_recording_leads_to_strava(cast: Cast, as_ada):
    run = factories.make_activity(athlete=cast.ada, source="strava", analysed=True)
    html = shown(as_ada, run, "")
    assert f"https://www.strava.com/activities/{run.recordings.get().external_id}" in html and "View on Strava" in html
    assert "Garmin Forerunner 265" in html
    assert Analysis.objects.get(activity=run).heart is not None
