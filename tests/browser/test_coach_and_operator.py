"""The coach's first page, the workplace behind it, and the operators' page: in nobody's way at any width."""

from performance.models import Race
from tests.conftest import Cast
from tests.factories import grant, make_activity, make_batch, make_race

#: the stock admin's style sheets import others, which axe would fetch again and put into the page, against its policy
AS_IT_IS = {"preload": False}


def test_a_coach_goes_from_the_runners_to_the_administration(browse, audit, axe, cast: Cast) -> None:
    grant(athlete=cast.ada, coach=cast.carl, level=2)
    make_race(athlete=cast.ada, activity=make_activity(athlete=cast.ada))
    make_race(athlete=cast.ada, state=Race.State.TO_DECIDE)
    page = browse(cast.carl)
    page.goto("/coach/")
    audit(page)
    page.get_by_role("link", name="Ada Marsh in the administration").click()
    page.get_by_role("img").wait_for()
    assert page.locator("svg.trend").is_visible()
    assert axe.run(page, options=AS_IT_IS).response["violations"] == []
    assert page.get_by_role("columnheader", name="Age grade").is_visible()
    assert page.get_by_role("cell", name="Ely 10K").first.is_visible()
    page.goto("/admin/performance/race/")
    assert axe.run(page, options=AS_IT_IS).response["violations"] == []
    page.get_by_label("An event or an athlete").fill("Ely")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=Ely**")
    assert page.get_by_text("Ely 10K").first.is_visible()


def test_the_operators_page(browse, audit, cast: Cast) -> None:
    make_batch(athlete=cast.ada, outcomes=["waiting", "refused"]).files.filter(outcome="refused").update(
        code="fit_damaged"
    )
    page = browse(cast.olga)
    page.goto("/operations/")
    audit(page)
