"""Tables, method, a club's list and an athlete's standard, as a browser and axe see them, and as people use them."""

from performance import standards
from performance.models import ClubResults, Regrading
from tests import factories
from tests.conftest import Cast

LIST = "Pos,Runner,M/F,DOB,Chip Time\n1,Bob Fen,M,17/5/1985,36:10\n2,Ada Marsh,F,4/3/1968,45:42\n3,Dee Nene,,2/2/1980,46:00\n"


def test_tables_and_method(browse, audit, db):
    page = browse()
    for path in (
        "/age-grade/tables/?age=58",
        "/age-grade/tables/?standard=wma-2006&surface=track&sex=M&show=factors",
        "/age-grade/method/",
        "/age-grade/?table=F&age=58&distance=10000&time=45:42",
    ):
        page.goto(path)
        for summary in page.query_selector_all("details.more > summary"):
            summary.click()
        audit(page)


def test_a_secretary_s_way_from_file_to_list(browse, audit, db):
    page = browse()
    page.goto("/age-grade/results/")
    audit(page)
    page.set_input_files("input[type=file]", {"name": "Ely 10K.csv", "mimeType": "text/csv", "buffer": LIST.encode()})
    page.click("main button.primary")
    page.fill("#id_for_all_distance", "10 km")
    page.fill("#id_day", "2026-10-18")
    page.press("#id_day", "Tab")
    page.get_by_text("78.42").wait_for()
    audit(page)
    page.click("main button.primary")
    page.get_by_text("2 rows graded").wait_for()
    audit(page)
    assert ClubResults.objects.get().total == 3


def test_another_standard_and_its_report(browse, audit, cast: Cast):
    factories.make_race(athlete=cast.ada, activity=factories.make_activity(athlete=cast.ada, name="Ely 10K"))
    page = browse(cast.ada.user)
    page.goto("/settings/standards/")
    audit(page)
    page.select_option("#id_road", "road-2010")
    page.click("main button.primary")
    page.get_by_text("Waiting for its turn…").wait_for()
    audit(page)
    standards.regrade(Regrading.objects.get().pk)
    page.get_by_text("Go back to the former standard").wait_for()
    audit(page)
