"""A new URL does not get past this without an audit or a reason."""

from tests.page_registry import NOT_PAGES, PAGES, named_urls


def test_every_url_is_an_audited_page_or_says_why_it_is_none():
    known = {*PAGES, *NOT_PAGES}
    assert set(named_urls()) - known == set(), "enter it in tests/page_registry.py"
    assert known - set(named_urls()) == set(), "it is gone: take it out of tests/page_registry.py"
    assert set(PAGES) & set(NOT_PAGES) == set()
