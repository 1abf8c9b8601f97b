"""Coverage-guided fuzzing of everything that reads what the world wrote, with atheris where it installs.

    pip install atheris
    python bench/fuzz.py TARGET [libFuzzer options, such as -max_total_time=60]

Targets: article, series, feed, index, urls, robots, config. A finding is an exception, or an input that takes longer
than five seconds; it becomes a fixture or a case of the test beside the code. The same properties run in every test
run with hypothesis (tests/test_pages_properties.py, tests/test_urls.py and others).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["archiver"]):
    from archiver import config, pages, urls
    from archiver.errors import ConfigError
    from archiver.model import Address
    from archiver.web import rules

FIXTURES = Path(__file__).parents[1] / "tests/fixtures"
SAMPLES = {
    "article": urls.article_url(10319293),
    "series": urls.series_url(20141304, 5943),
    "feed": urls.feed_url(5943),
    "index": "https://blog.example/ironman/",
}


def page_target(url: str) -> Callable[[bytes], None]:
    """Reads bytes as the page that a URL names."""
    address = urls.source_address(url)
    assert isinstance(address, Address)

    def read(data: bytes) -> None:
        pages.read(address, data, "text/html; charset=UTF-8")

    return read


def read_url(data: bytes) -> None:
    """Classifies text; what is fetchable must classify the same again."""
    found = urls.classify(data.decode("utf-8", "surrogateescape"))
    if isinstance(found, Address):
        assert urls.classify(found.url) == found
        assert not urls.denied(found.url)


def read_robots(data: bytes) -> None:
    """Reads a robots.txt and asks it."""
    rules.parse(data).allows("https://ithelp.ithome.com.tw/articles/1")


def read_config(data: bytes) -> None:
    """Reads settings; a refusal in words is fine."""
    try:
        config.read(data.decode("utf-8", "replace"), "fuzz.toml")
    except ConfigError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    **{name: page_target(url) for name, url in SAMPLES.items()},
    "urls": read_url,
    "robots": read_robots,
    "config": read_config,
}


def main(arguments: list[str]) -> None:
    """Fuzz one target, with the fixtures of its kind as seeds."""
    name = arguments[1]
    target = TARGETS[name]
    for sample in sorted((FIXTURES / name).glob("*/body.*")):
        target(sample.read_bytes())
    atheris.Setup([arguments[0], "-timeout=5", *arguments[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
