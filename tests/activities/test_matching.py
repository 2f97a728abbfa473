"""Which recordings are one run, by what they say alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.matching import Likeness, Run, Said, groups, likeness, offers

HOUR = 3600.0
NOTHING = Said()


def run(key: str, *, at: float = 0.0, lasts: float = HOUR, distance_m: float | None = 10_000.0, **fields) -> Run:
    return Run(key=key, started_s=at, ended_s=at + lasts, distance_m=distance_m, **fields)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (run("b", at=0.20 * HOUR), Likeness.SAME),
        (run("b", at=0.21 * HOUR), Likeness.OFFERED),
        (run("b", at=0.51 * HOUR), Likeness.NONE),
        (run("b", distance_m=10_309), Likeness.SAME),
        (run("b", distance_m=10_310), Likeness.OFFERED),
        (run("b", distance_m=None), Likeness.OFFERED),
        (run("b", sport="cycling"), Likeness.OFFERED),
        (run("b", at=299, lasts=300), Likeness.OFFERED),
        (run("b", at=-600, lasts=600), Likeness.NONE),
        (run("b", at=-600, lasts=599), Likeness.NONE),
        (run("b", at=HOUR, lasts=600), Likeness.NONE),
        (run("b", at=200, lasts=0), Likeness.OFFERED),
        (run("b", at=9 * HOUR, companion="file"), Likeness.SAME),
        (run("b", content="file"), Likeness.NONE),
    ],
    ids=[
        "80 % shared", "79 % shared", "less than half shared", "3 % apart", "more than 3 % apart", "no distance",
        "another sport", "a piece that starts within 5 minutes", "a warm-up that ends at the start",
        "a warm-up before it", "a cool-down", "no length", "its source names the file", "two sessions of one file",
    ],
)  # fmt: skip
def test_likeness_of_two_recordings(other, expected):
    one = run("a", content="file", sport="running")
    assert likeness(one, other) is expected
    assert likeness(other, one) is expected


def test_a_persons_word_stands_above_every_measure():
    same, far = run("b"), run("c", at=9 * HOUR)
    said = Said(together=frozenset({frozenset("ac")}), apart=frozenset({frozenset("ab")}))
    assert groups([run("a"), same, far], said) == [("a", "c"), ("b",)]
    assert not offers([run("a"), same, far], said)


def test_an_offer_is_made_once_for_two_groups():
    found = offers([run("a"), run("b"), run("c", at=0.4 * HOUR)], NOTHING)
    assert len(found) == 1


RUNS = st.lists(
    st.builds(
        run,
        key=st.text("0123456789abcdef", min_size=6, max_size=6),
        at=st.sampled_from([0.0, 100.0, 700.0, 1500.0, 3500.0, 3600.0]),
        lasts=st.sampled_from([0.0, 300.0, 3000.0, 3600.0, 4200.0]),
        distance_m=st.sampled_from([None, 9_800.0, 10_000.0, 10_200.0, 10_400.0]),
        content=st.sampled_from(["", "x", "y"]),
        companion=st.sampled_from(["", "", "x", "y"]),
        sport=st.sampled_from(["", "running", "cycling"]),
    ),
    min_size=2,
    max_size=7,
    unique_by=lambda one: one.key,
)


@given(runs=RUNS, data=st.data())
def test_the_groups_do_not_depend_on_any_order(runs, data):
    pairs = st.sets(st.sampled_from([frozenset((a.key, b.key)) for a in runs for b in runs if a != b]), max_size=2)
    together = data.draw(pairs)
    said = Said(together=frozenset(together), apart=frozenset(data.draw(pairs) - together))
    again = data.draw(st.permutations(runs))
    found = groups(runs, said)
    assert found == groups(again, said) and offers(runs, said) == offers(again, said)
    assert sorted(key for group in found for key in group) == sorted(one.key for one in runs)
    contents = {one.key: one.content for one in runs}
    for group in found:
        held = [contents[key] for key in group if contents[key]]
        assert len(held) == len(set(held)), "two sessions of one file are never one run"
        assert not any(pair <= set(group) for pair in said.apart)


@given(runs=RUNS)
def test_what_is_far_away_changes_nothing(runs):
    far = replace(runs[0], key="~far", content="", companion="", started_s=1e6, ended_s=1e6 + HOUR)
    assert groups([*runs, far], NOTHING) == sorted([*groups(runs, NOTHING), ("~far",)])
