"""The race book, its form and the calculator as people use them: by touch, by keyboard, and without script."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from athletes.models import Athlete
from performance import results_import
from performance.models import Race, ResultsFile
from performance.race_book import ROWS
from tests.factories import grant, make_activity, make_race

REASONS = [
    {"code": "name_event", "weight": 4.4, "params": {"word": "10K", "value": 1.0}},
    {"code": "pace", "weight": 1.9, "params": {"value": 0.97, "among": 40}},
    {"code": "heart_rate", "weight": -0.6, "params": {"value": 0.4}},
]


@pytest.fixture
def book(cast) -> Athlete:
    """Ada's race book: two runs to decide on, one race found by us, some confirmed, one rejected, one without a table."""
    ada = cast.ada
    for index, name in enumerate(["Ely Runners 10K", "Saturday morning run"]):
        make_race(
            athlete=ada, activity=make_activity(athlete=ada, name=name), name=name, state="to_decide", probability=0.8 - index / 5,
            local_date=date(2026, 11, 14) - timedelta(weeks=index), evidence={"reasons": REASONS, "official_distance_m": 10_000.0},
        )  # fmt: skip
    make_race(
        athlete=ada,
        activity=make_activity(athlete=ada, name="Bury 10K"),
        name="Bury 10K",
        state="found",
        probability=0.999,
    )
    for index in range(6):
        make_race(athlete=ada, name=f"Milton parkrun {index}", distance_m=5000, time_s=1402 + index, age_grade=0.75 - index / 100,
                  local_date=date(2026, 6, 1) - timedelta(weeks=26 * index), said_distance_m=5000, chip_time_s=1402 + index)  # fmt: skip
    make_race(athlete=ada, name="Grasmere Fell Race", surface="trail", age_grade=None, refusal="surface_not_in_edition")
    make_race(
        athlete=ada, activity=make_activity(athlete=ada, name="Tempo"), name="Tempo", state="rejected", probability=0.4
    )
    return ada


def card(page: Page, name: str):
    return page.locator("article", has=page.get_by_role("link", name=name, exact=True))


def spoken(page: Page):
    return page.locator("#live")


# -- nothing in the way -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/races/",
        "/races/?state=to_decide",
        "/races/?state=rejected&sort=-grade",
        "/races/add/",
        "/bests/",
        "/races/results/",
    ],
)
def test_no_page_of_the_book_is_in_anybodys_way(browse, audit, book, address):
    page = browse(book.user)
    page.goto(address)
    audit(page)


def test_a_table_of_results_is_looked_at_taken_in_and_taken_back(browse, audit, book):
    page = browse(book.user)
    page.goto("/races/results/")
    table = b"Datum;Lauf;Strecke;Zeit\n03.04.2020;Ely 10K;10 km;45:42\n05.06.2020;Bury;weit;22:10\n"
    page.get_by_label("A table of results").set_input_files(
        {"name": "career.csv", "mimeType": "text/csv", "buffer": table}
    )
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("Take in 1 result").wait_for()
    audit(page)
    page.get_by_label("Dates such as 3/4/2020 are").select_option("mdy")
    page.get_by_text("Row 1, 4 Mar 2020").wait_for()
    page.get_by_role("button", name="Take in 1 result").click()
    page.get_by_text("The results are being taken in.").wait_for()
    results_import.take(ResultsFile.objects.get().pk)
    page.get_by_role("button", name="Take all of it back").wait_for()
    audit(page)


def test_the_form_of_a_recorded_race_is_in_nobodys_way(browse, audit, book):
    page = browse(book.user)
    race = Race.objects.get(name="Ely Runners 10K")
    page.goto(f"/races/{race.pk}/edit/")
    page.click("summary")
    audit(page)
    page.goto(f"/races/{Race.objects.get(name='Bury 10K').pk}/edit/")
    page.get_by_label("Another run of those days").select_option(index=0)
    page.get_by_label("It was").select_option("warm_up")
    page.get_by_role("button", name="Add this run").click()
    page.get_by_role("button", name="Not of this race").wait_for()
    page.goto(f"/races/decided/?race={race.pk}")
    audit(page)


@pytest.mark.parametrize(
    "address",
    [
        "/age-grade/",
        "/age-grade/?table=both&age=104&distance=other&own=17.3+km&time=3:25:00&convention=calculator",
        "/age-grade/?table=F&age=58&distance=42195&time=3:45",
        "/age-grade/?table=F&age=58&distance=other&own=300+km&time=40:00:00",
    ],
)
def test_the_calculator_is_in_nobodys_way(browse, audit, db, address):
    page = browse()
    page.goto(address)
    audit(page)


def test_a_coachs_view_is_in_nobodys_way(browse, audit, cast, book):
    grant(athlete=book, coach=cast.carl, level=2)
    page = browse(cast.carl)
    page.goto("/races/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Race book of Ada Marsh")
    expect(page.get_by_role("button", name="Confirm race")).to_have_count(0)
    audit(page)


# -- deciding -----------------------------------------------------------------------------------------------------------


def test_confirming_answers_in_place_and_undo_is_under_the_finger(browse, book):
    page = browse(book.user)
    page.goto("/races/")
    card(page, "Ely Runners 10K").get_by_role("button", name="Confirm race").click()
    done = page.locator("article.done")
    expect(done).to_contain_text("Ely Runners 10K is a race. It counts towards your age grade.")
    expect(done.get_by_role("button")).to_be_focused()
    expect(spoken(page)).to_contain_text("Ely Runners 10K is a race.")
    expect(page.locator("#race-counts")).to_contain_text("1 waiting for a decision")
    expect(page.locator("#race-chips")).to_contain_text("To decide 1")
    expect(page.get_by_role("table").first).to_contain_text("Ely Runners 10K")
    expect(done.get_by_role("button")).to_be_focused()
    assert page.url.endswith("/races/")

    page.keyboard.press("Enter")
    expect(card(page, "Ely Runners 10K").get_by_role("button", name="Confirm race")).to_be_focused()
    expect(page.locator("#race-counts")).to_contain_text("2 waiting for a decision")
    expect(page.get_by_role("table").first).not_to_contain_text("Ely Runners 10K")
    assert Race.objects.get(name="Ely Runners 10K").state == "to_decide"


def test_what_we_found_is_undone_in_its_row_and_brought_back(browse, book):
    page = browse(book.user, width=1280)
    page.goto("/races/")
    page.get_by_role("button", name="Not a race Bury 10K").click()
    told = page.locator("tr.decided")
    expect(told).to_contain_text("Bury 10K is not a race.")
    expect(told.get_by_role("button")).to_be_focused()
    assert Race.objects.get(name="Bury 10K").state == "rejected"
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Bury 10K")).to_contain_text("Found by us")
    expect(page.get_by_role("link", name="Bury 10K")).to_be_focused()
    assert Race.objects.get(name="Bury 10K").state == "found"


def test_what_another_page_decided_meanwhile_is_shown_and_not_overwritten(browse, book):
    phone, laptop = browse(book.user), browse(book.user, width=1280)
    for page in (phone, laptop):
        page.goto("/races/")
    card(phone, "Ely Runners 10K").get_by_role("button", name="Confirm race").click()
    expect(phone.locator("article.done")).to_be_visible()
    card(laptop, "Ely Runners 10K").get_by_role("button", name="Not a race").click()
    expect(laptop.locator("article.done")).to_contain_text("was decided on another page or device in the meantime")
    assert Race.objects.get(name="Ely Runners 10K").state == "confirmed"
    laptop.get_by_role("button", name="Undo Ely Runners 10K").click()
    expect(card(laptop, "Ely Runners 10K").get_by_role("button", name="Confirm race")).to_be_visible()
    conflict = [problem for problem in browse.problems if "409" in problem]
    assert len(conflict) == 1
    browse.problems.remove(conflict[0])


def test_without_script_everything_about_a_decision_works_too(browse, book):
    page = browse(book.user, javascript=False)
    page.goto("/races/?year=2026")
    card(page, "Ely Runners 10K").get_by_role("button", name="Not a race").click()
    assert "/races/?year=2026&decided=" in page.url
    expect(page.locator("article.done")).to_contain_text("Ely Runners 10K is not a race.")
    assert Race.objects.get(name="Ely Runners 10K").state == "rejected"
    page.get_by_role("button", name="Undo Ely Runners 10K").click()
    expect(card(page, "Ely Runners 10K").get_by_role("button", name="Confirm race")).to_be_visible()
    assert Race.objects.get(name="Ely Runners 10K").state == "to_decide"


def test_the_whole_inbox_is_worked_off_by_keyboard_alone(browse, book):
    page = browse(book.user, width=1280)
    page.goto("/races/?state=to_decide")
    for expected in ("Ely Runners 10K", "Saturday morning run"):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == "Confirm race":
                break
        page.keyboard.press("Enter")
        expect(spoken(page)).to_contain_text(f"{expected} is a race.")
        page.wait_for_function("document.activeElement.textContent.includes('Undo')")  # it is moved there after that
    assert not Race.objects.to_decide().exists()


# -- narrowing ----------------------------------------------------------------------------------------------------------


def test_typing_narrows_at_once_keeps_the_caret_and_says_how_many(browse, book):
    page = browse(book.user)
    page.goto("/races/")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    field = page.get_by_label("Search by name")
    field.press_sequentially("parkrun", delay=30)
    expect(spoken(page)).to_have_text("6 races shown")
    expect(field).to_be_focused()
    expect(field).to_have_value("parkrun")
    assert len(asked) == 1, "one request for a word, not one a letter"
    assert page.url.endswith("/races/?q=parkrun")
    page.reload()
    expect(page.get_by_label("Search by name")).to_have_value("parkrun")
    expect(page.get_by_role("table").first.get_by_role("link", name=re.compile("parkrun"))).to_have_count(6)
    page.get_by_role("link", name="Rejected 1").click()
    assert page.url.endswith("/races/?state=rejected&q=parkrun")


def test_a_choice_narrows_at_once_and_back_gives_the_whole_page(browse, book):
    page = browse(book.user)
    page.goto("/age-grade/")
    page.goto("/races/")
    page.get_by_label("Distance").select_option(label="5\N{NO-BREAK SPACE}km")
    expect(spoken(page)).to_have_text("6 races shown")
    page.get_by_label("Year").select_option("2025")
    expect(spoken(page)).to_have_text("2 races shown")
    assert page.url.endswith("/races/?distance=5000&year=2025")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Race book")
    expect(page.get_by_role("link", name=re.compile("Milton parkrun"))).to_have_count(2)


def test_without_script_a_button_applies_the_filter(browse, book):
    page = browse(book.user, javascript=False)
    page.goto("/races/")
    page.get_by_label("Search by name").fill("fell")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Grasmere Fell Race")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("parkrun"))).to_have_count(0)


def test_earlier_races_are_added_below_and_the_focus_goes_on_there(browse, cast):
    for index in range(ROWS + 4):
        make_race(athlete=cast.ada, name=f"Race {index:02}", local_date=date(2026, 11, 1) - timedelta(weeks=index))
    page = browse(cast.ada.user)
    page.goto("/races/")
    rows = page.locator("table.races tbody tr[id]")
    expect(rows).to_have_count(ROWS)
    page.get_by_role("link", name="Show earlier races").click()
    expect(rows).to_have_count(ROWS + 4)
    expect(page.get_by_role("link", name=f"Race {ROWS}")).to_be_focused()
    expect(spoken(page)).to_have_text("4 more races")
    expect(page.get_by_role("link", name="Show earlier races")).to_have_count(0)
    years = page.locator("table.races tr.year").all_inner_texts()
    assert len(years) == len({year[:4] for year in years}), "no year is headed twice"


# -- the form -----------------------------------------------------------------------------------------------------------


def test_a_result_is_typed_in_with_its_time_echoed_in_words(browse, book):
    page = browse(book.user)
    page.goto("/races/")
    page.get_by_role("link", name="Add a race").click()
    page.get_by_label("Event").fill("Fenland 10")
    page.get_by_label("Date").fill("2026-02-22")
    page.get_by_label("Official distance").fill("10 miles")
    page.get_by_label("Chip time").fill("1:16:50")
    page.get_by_label("Gun time").focus()
    echo = page.locator("#race-echo")
    expect(echo).to_contain_text("chip time 1 hour 16 minutes 50 seconds")
    expect(echo).to_contain_text(re.compile(r"Worth 7\d\.\d.% at 57"))
    page.get_by_role("button", name="Add the race").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved: Fenland 10")
    expect(page.get_by_role("heading", name="Fenland 10")).to_be_visible()


def test_a_form_with_mistakes_comes_back_with_the_focus_on_what_is_wrong(browse, book):
    page = browse(book.user)
    page.goto("/races/add/")
    page.get_by_label("Event").fill("Fenland 10")
    page.get_by_role("button", name="Add the race").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Enter the distance, for example 10 km.").click()
    expect(page.get_by_label("Official distance")).to_be_focused()
    expect(page.get_by_label("Event")).to_have_value("Fenland 10")
    browse.problems[:] = [problem for problem in browse.problems if "422" not in problem]


def test_official_times_confirm_a_candidate(browse, book):
    page = browse(book.user)
    page.goto("/races/")
    card(page, "Ely Runners 10K").get_by_role("link", name="Edit details").click()
    page.get_by_label("Chip time").fill("45:50")
    page.get_by_role("button", name="Save, and it is a race").click()
    race = Race.objects.get(name="Ely Runners 10K")
    assert (race.state, race.time_s, race.time_source) == ("confirmed", 2750, "chip")


# -- the calculator -----------------------------------------------------------------------------------------------------


def test_the_result_follows_what_is_chosen(browse, db):
    page = browse()
    page.goto("/age-grade/")
    page.get_by_label("Women’s").check()
    page.get_by_label("Age on race day").fill("58")
    page.get_by_label("Distance", exact=True).select_option(label="10\N{NO-BREAK SPACE}km")
    page.get_by_label("Time").fill("45:42")
    page.get_by_label("Time").press("Tab")
    result = page.locator("#result")
    expect(result.locator(".big")).to_have_text("78.42\N{NO-BREAK SPACE}%")
    expect(spoken(page)).to_have_text(re.compile("78.42"))
    assert page.url.endswith("/age-grade/?table=F&age=58&distance=10000&time=45%3A42")
    page.get_by_label("Age on race day").fill("59")
    page.get_by_label("Age on race day").press("Enter")
    expect(result.locator(".big")).to_have_text(re.compile(r"79\."))
    page.reload()
    expect(page.locator("#result .big")).to_have_text(re.compile(r"79\."))
    browse.problems[:] = [problem for problem in browse.problems if "422" not in problem]


def test_a_distance_of_ones_own_is_asked_for_by_who_wants_it(browse, db):
    page = browse()
    page.goto("/age-grade/?table=F&age=58&distance=10000&time=1:25:00")
    own = page.get_by_label("Your own distance")
    expect(own).to_be_hidden()
    page.get_by_label("Distance", exact=True).select_option("other")
    expect(own).to_be_visible()
    own.fill("17.3 km")
    own.press("Enter")
    expect(page.locator("#result")).to_contain_text("17.30\N{NO-BREAK SPACE}km in 1 hour 25 minutes")
    browse.problems[:] = [problem for problem in browse.problems if "422" not in problem]


def test_the_calculator_works_without_script(browse, db):
    page = browse(javascript=False)
    page.goto("/age-grade/")
    page.get_by_label("Women’s").check()
    page.get_by_label("Age on race day").fill("58")
    page.get_by_label("Distance", exact=True).select_option("10000")
    page.get_by_label("Time").fill("45:42")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#result .big")).to_have_text("78.42\N{NO-BREAK SPACE}%")


def test_a_grade_in_the_book_leads_to_its_proof(browse, book):
    page = browse(book.user, width=1280)
    page.goto("/races/")
    page.get_by_role("row", name="Milton parkrun 0").get_by_role("link", name=re.compile("%")).click()
    expect(page.locator("#result .big")).to_be_visible()
    expect(page.locator("#result")).to_contain_text("23 minutes 22 seconds")
