"""Addresses of a saved page: led back to the site's own, or marks; whatever the page has, none is invented."""

from __future__ import annotations

import html
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from archiver import ithome, pages
from archiver.model import Address, Kind
from archiver.model.readings import SAVED_PAGE_TYPE, ArticlePage, Body
from archiver.pages import beside, saved
from archiver.pages.lean import lean

PAGE = "https://ithelp.ithome.com.tw/articles/10319293"
UPLOAD = "https://ithelp.ithome.com.tw/upload/images/20230920/20141304AbCdEfGhIj.png"


def read(inside: str, content_type: str = SAVED_PAGE_TYPE) -> Body:
    address = ithome.classify(PAGE)
    assert isinstance(address, Address)
    text = (
        f'<!DOCTYPE html><html><head><meta property="og:url" content="{PAGE}"></head><body><div class="leftside">'
        f'<div class="qa-markdown"><div class="markdown"><div class="markdown__style">{inside}</div></div></div>'
        "</div><footer></footer></body></html>"
    )
    page = pages.read(address, text.encode("utf-8", "replace"), content_type).page
    assert isinstance(page, ArticlePage)
    assert page.body is not None
    return page.body


PICTURES = {
    # wget -p -k -H, HTTrack: folders as the URLs are
    "../upload/images/20230920/20141304AbCdEfGhIj.png": UPLOAD,
    "../../ithelp.ithome.com.tw/upload/images/20230920/20141304AbCdEfGhIj.png": UPLOAD,
    "../../d1dwq032kyr03c.cloudfront.net/upload/images/20230920/20141304AbCdEfGhIj.png": UPLOAD,
    "../../i.imgur.com/AbCdEfG.png": "https://i.imgur.com/AbCdEfG.png",
    "../../i.imgur.com/a%20b.png": "https://i.imgur.com/a%20b.png",
    "../../chart.googleapis.com/chart1a2b?cht=tx&chl=x": "https://chart.googleapis.com/chart?cht=tx&chl=x",
    # what nobody can lead back
    "./page_files/x.png": "saved:./page_files/x.png",
    "page_files/x.png": "saved:page_files/x.png",
    "../../../../x.png": "saved:../../../../x.png",
    "../x/../../y.png": "saved:../x/../../y.png",
    "../../no-host/x.png": "saved:../../no-host/x.png",
    "../../i.imgur.com/album": "saved:../../i.imgur.com/album",
    # what is no file beside the page
    "//pictures.example/x.png": "https://pictures.example/x.png",
    "http://pictures.example/x.png": "http://pictures.example/x.png",
    "/upload/images/20230920/20141304AbCdEfGhIj.png": UPLOAD,
}


@pytest.mark.parametrize("source", PICTURES)
def test_a_picture_is_led_back_to_its_address_or_is_a_mark(source: str) -> None:
    body = read(f'<p><img src="{html.escape(source)}" alt="words"></p>')

    assert [(image.url, "words" in body.text) for image in body.images] == [(PICTURES[source], True)]


TOLD = {
    "by its words": f'<img src="./f/20141304AbCdEfGhIj.png" alt="{UPLOAD}">',
    "by its words, counted": f'<img src="./f/20141304AbCdEfGhIj(2).png" alt="{UPLOAD}">',
    "by its words, another ending": f'<img src="./f/20141304AbCdEfGhIj.jpeg" alt="{UPLOAD}">',
    "by its words, encoded": '<img src="./f/%E5%9C%96.png" alt="https://x.example/%E5%9C%96.png">',
    "by the link around it": f'<a href="{UPLOAD}"><img src="./f/20141304AbCdEfGhIj.png" alt="a plan"></a>',
    "by a lazy attribute": f'<img src="./f/20141304AbCdEfGhIj.png" data-src="{UPLOAD}">',
}


@pytest.mark.parametrize("how", TOLD)
def test_the_address_of_a_picture_is_taken_where_the_page_tells_it(how: str) -> None:
    (shown,) = read(TOLD[how]).images

    assert shown.url in {UPLOAD, "https://x.example/%E5%9C%96.png"}


@pytest.mark.parametrize(
    "html_of_it",
    [f'<img src="./f/another.png" alt="{UPLOAD}">', '<img src="./f/.png" alt="https://x.example/.png">',
     f'<a href="{UPLOAD}"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="small"></a>'],
)  # fmt: skip
def test_another_picture_s_address_is_not_taken(html_of_it: str) -> None:
    (shown,) = read(html_of_it).images

    assert shown.url.startswith(("saved:", "data:"))


WAYBACK = [
    "<!-- BEGIN WAYBACK TOOLBAR INSERT -->",
    f"<!-- saved from url=(0075)https://web.archive.org/web/20230921000000/{PAGE} -->",
    f"<!--\n Page saved with SingleFile \n url: https://web.archive.org/web/20230921000000/{PAGE} \n-->",
    "<!--\n     FILE ARCHIVED ON 00:00:00 Sep 21, 2023 AND RETRIEVED FROM THE INTERNET ARCHIVE\n-->",
]


@pytest.mark.parametrize("sign", WAYBACK)
@pytest.mark.parametrize(
    "before", ["https://web.archive.org/web/20230921000000", "/web/2023", "http://web.archive.org/web/1"]
)
def test_what_the_wayback_machine_led_to_its_copies_is_led_back(sign: str, before: str) -> None:
    body = read(f'{sign}<a href="{before}/{PAGE}?sc=1">words</a><img src="{before}im_/{UPLOAD}" alt="a plan">')

    assert [link.url for link in body.links] == [f"{PAGE}?sc=1"]
    assert [image.url for image in body.images] == [UPLOAD]


def test_a_link_to_a_copy_that_the_author_set_stays() -> None:
    copy = "https://web.archive.org/web/2020/https://example.org/"

    assert [link.url for link in read(f'<a href="{copy}">words</a>').links] == [copy]


LINKS = {
    "10321315.html": "https://ithelp.ithome.com.tw/articles/10321315",
    "10321315.html#reply": "https://ithelp.ithome.com.tw/articles/10321315#reply",
    "103213157260.html?sc=iThelpR": "https://ithelp.ithome.com.tw/articles/10321315?sc=iThelpR",
    "../users/20141304/ironman/5943.html": "https://ithelp.ithome.com.tw/users/20141304/ironman/5943",
    "../rss/series/5943": "https://ithelp.ithome.com.tw/rss/series/5943",
    "../users/20141304/ironman/5943%3Fpage=2.html": "https://ithelp.ithome.com.tw/users/20141304/ironman/5943?page=2",
    "../../www.example.com/searcha1b2?q=a": "https://www.example.com/search?q=a",
    "./article.md": "https://ithelp.ithome.com.tw/articles/article.md",
    "https://example.org/x.html": "https://example.org/x.html",
}


@pytest.mark.parametrize("href", LINKS)
def test_a_link_is_led_back(href: str) -> None:
    (link,) = read(f'<a href="{href}">words</a>').links

    assert (link.url, link.text) == (LINKS[href], "words")


@pytest.mark.parametrize("href", ["#place", "10319293.html#place", PAGE + "#place", "#user-content-place"])
def test_a_place_in_the_page_has_one_form(href: str) -> None:
    body = read(f'<a href="{href}">words</a>')

    assert body.links == ()
    assert 'href="#user-content-place"' in body.html


REFERENCES = st.one_of(
    st.text(st.sampled_from("./?#%:[]()@\\ax19-~é圖<>\"' \x00\x1f"), max_size=30),
    st.lists(st.sampled_from(
        ["..", ".", "", "ithelp.ithome.com.tw", "i.imgur.com", "upload", "images", "20230920", "x.png", "articles",
         "10321315.html", "page_files", "%2e%2e", "%00", "a?b", "data:", "http:", "[", "index.html"]), max_size=8,
    ).map("/".join),
)  # fmt: skip


@given(REFERENCES, REFERENCES, st.booleans())
def test_whatever_a_saved_page_refers_to_nothing_of_the_site_is_invented(source: str, alt: str, linked: bool) -> None:
    image = f'<img src="{html.escape(source)}" alt="{html.escape(alt)}">'
    body = read(f"<p>{f'<a href={html.escape(alt)!r}>{image}</a>' if linked else image}</p>")
    relative = not source.strip().startswith(("/", "\\")) and ":" not in source
    for shown in body.images:
        assert shown.url.startswith(("http://", "https://", "data:", "saved:"))
        address = ithome.classify(shown.url)
        if relative and ithome.is_ithome(shown.url):
            assert isinstance(address, Address)
            assert address.kind is Kind.IMAGE
    for picture in saved.pictures(lean(f"<html><body>{image}</body></html>".encode("utf-8", "replace")), PAGE):
        assert urlsplit(picture.url).scheme in {"http", "https", "data"}


@given(st.text(max_size=60))
def test_no_page_url_breaks_the_look_for_pictures(url: str) -> None:
    assert isinstance(list(saved.pictures(lean(b"<img src='../x/y.png'>"), url)), list)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20) | st.just(UPLOAD), max_size=4))
def test_a_manifest_comes_back_from_behind_the_page_as_it_was(resources: dict[str, str]) -> None:
    page = beside.with_manifest(b"<html><body><p>words</p></body></html>", resources)
    tree = LexborHTMLParser(page.decode())

    assert tree.body is not None
    assert tree.body.text().strip() == "words"
    kept = {name: url for name, url in resources.items() if ithome.image_address(url) is not None}
    assert beside._manifest(page.decode()) == kept
