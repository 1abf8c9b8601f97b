"""The stand-in's pages against real ones: each element that matters stands at its place (docs/site.md §5, §6, §8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from faithful import faithful_site
from standin_client import Outline, ask

from archiver.standin import StandIn

PAGES = Path(__file__).parents[2] / "shared/ithome/pages"

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the real pages are not here")

LAST_OF_TEAM = 10401989  # the real page is a last part in a team without comments, too

ARTICLE = """
    ir-article-icon-Nth ir-article-icon-Nth__frame ir-article-icon-Nth__text ir-article__days ir-article__days-word
    ir-article__days-num likeGroup__arrow likeGroup__num qa-collection qa-header group__badge ir-article__topic
    ir-article__topic-count ir-article__title qa-header__tagGroup qa-header__tagList ir-article-info__avatar
    img-circle ir-article-info__name ir-article-info__team team-badge ir-article-info__time ir-article-info__view soc
    qa-markdown markdown markdown__style qa-action qa-action__link--reply qa-action__trace report_btn article-series
    article-series-page__wrapper article-series-page__link article-series-page__text article-series-page__title
    article-series-catalog__badge article-series-catalog__topic-link article-series-catalog__num rss-icon
    subscription-amount article-series-catalog__list-num article-series-catalog__link a810 reply-status rightside
    sidebox__itemLink sidebox__tagList footer menu__search-input
""".split()
SERIES = """
    profile-header__avatar-img profile-header__name profile-header__account profile-header__text
    profile-header__view-num profile-header__follow-num profile-nav__link profile-main ir-profile-years__title
    ir-profile-back ir-profile-series group__badge qa-list__title--ironman qa-list__description qa-list__info--ironman
    subscription-amount btn-rss ir-profile-list profile-list__condition qa-condition qa-condition__count
    qa-condition__text ir-qa-list__status ir-qa-list__days qa-list__title qa-list__title-link qa-list__desc
    qa-list__info-time qa-list__info-link profile-pagination profile-side
""".split()


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(faithful_site()) as running:
        for _ in faithful_site().articles[LAST_OF_TEAM].comments:
            running.faults.remove_comment(LAST_OF_TEAM)
        yield running


def places(html: str, name: str) -> set[str]:
    """Where elements of a class stand: their chains, without what differs from series to series."""
    html = re.sub(r"ir-article-icon-\d+th", "ir-article-icon-Nth", html)
    html = re.sub(r" group__badge--[\w-]+|ir-profile-series--done|qa-condition--change|menu__item-link--\w+", "", html)
    chains = (chain for chain in Outline(html).chains if name in chain.rsplit(" ", 1)[-1].split("."))
    return {chain for chain in chains if ".markdown__style " not in chain}


def real(name: str) -> str:
    return (PAGES / name).read_text("utf-8")


@pytest.mark.parametrize("name", ARTICLE)
def test_an_element_of_an_article_page_stands_where_it_really_stands(standin: StandIn, name: str) -> None:
    theirs = places(real("article-10403456-2026-08-19.html"), name)
    assert theirs, "a class that the real page has not"
    assert places(ask(standin, f"/articles/{LAST_OF_TEAM}").text, name) == theirs


@pytest.mark.parametrize("name", SERIES)
def test_an_element_of_a_series_page_stands_where_it_really_stands(standin: StandIn, name: str) -> None:
    theirs = places(real("series-9066-2026-08-05.html"), name)
    assert theirs, "a class that the real page has not"
    assert places(ask(standin, "/users/20172626/ironman/9301").text, name) == theirs


@pytest.mark.parametrize("name", ["ir-profile-days", "pager", "disabled"])
def test_what_only_a_finished_and_long_series_shows_stands_where_it_really_stands(standin: StandIn, name: str) -> None:
    theirs = places(real("series-7187-2024-10-10.html"), name)
    assert theirs
    assert places(ask(standin, "/users/20141304/ironman/5943").text, name) == theirs


def test_a_link_of_a_series_page_has_its_real_white_space(standin: StandIn) -> None:
    shape = re.compile(r'<a href="(\s+)https://ithelp\.ithome\.com\.tw/articles/\d+(\s+)" class="qa-list__title-link">')
    ours = ask(standin, "/users/20172626/ironman/9301").text
    assert set(shape.findall(ours)) == set(shape.findall(real("series-9066-2026-08-05.html")))


def test_a_feed_has_the_elements_of_a_real_one_in_their_order(standin: StandIn) -> None:
    def elements(xml: str) -> list[str]:
        frame = re.sub(r"<!\[CDATA\[.*?\]\]>", "", xml, flags=re.DOTALL)
        return re.findall(r"<(/?[\w:]+)[^>]*>", frame.split("</item>", 1)[0])

    assert elements(ask(standin, "/rss/series/5943").text) == elements(real("rss-9066-2026-08-05.xml"))


def test_the_scripts_that_repeat_class_names_and_tokens_are_there(standin: StandIn) -> None:
    theirs, ours = real("article-10403456-2026-08-19.html"), ask(standin, f"/articles/{LAST_OF_TEAM}").text
    for shape in (
        r'name="_token" value="\w{40}"',
        r"'X-CSRF-TOKEN', '\w{40}'",
        r"__CF\$cv\$params=\{r:'[0-9a-f]{16}',t:'[\w=]+'\}",
        r'<!-- <div class="ir-article-info__view">\d+ 瀏覽</div> -->',
        r"\{\{ item\.subject \}\}",
        r"hljs\.highlightAll\(\)",
    ):
        assert len(re.findall(shape, ours)) == len(re.findall(shape, theirs)), shape
