"""What a page that was read can have changed of who is a part of what: its articles, their series, who asks for them.

So settling looks at these worlds alone, however many others the archive holds. Reads only.
"""

from __future__ import annotations

from collections.abc import Collection

from archiver.archive.database import Database

# The index pages that link to an article or a series, and those of whose sources they are the index.
_LINKING = """
SELECT from_page_id AS page_id FROM discoveries WHERE article_id IN (SELECT value FROM json_each(?1)) AND +via = 'index'
UNION SELECT from_page_id FROM discoveries WHERE series_id IN (SELECT value FROM json_each(?2)) AND +via = 'index'
"""
_WHOSE_INDEX = """
SELECT sources.id AS source_id FROM pages CROSS JOIN sources ON sources.url = pages.url
WHERE +pages.kind = 'index' AND pages.id IN (SELECT value FROM json_each(?1))
UNION SELECT sources.id FROM sources CROSS JOIN json_each(sources.alternates) AS other
    CROSS JOIN pages ON pages.url = other.value
WHERE sources.alternates != '[]' AND +pages.kind = 'index' AND +pages.id IN (SELECT value FROM json_each(?1))
"""


def articles_of_pages(database: Database, pages: Collection[int]) -> set[int]:
    """The articles that these pages are, or name."""
    articles = """
        SELECT article_id FROM pages WHERE id IN (SELECT value FROM json_each(?1)) AND +kind = 'article'
            AND +article_id IS NOT NULL
        UNION SELECT article_id FROM discoveries WHERE from_page_id IN (SELECT value FROM json_each(?1))
            AND +article_id IS NOT NULL
    """
    return database.numbers(articles, pages)


def series_of_pages(database: Database, pages: Collection[int]) -> set[int]:
    """The series that these pages list, or name."""
    series = """
        SELECT series_id FROM pages WHERE id IN (SELECT value FROM json_each(?1)) AND +series_id IS NOT NULL
        UNION SELECT series_id FROM discoveries WHERE from_page_id IN (SELECT value FROM json_each(?1))
            AND +series_id IS NOT NULL
    """
    return database.numbers(series, pages)


def series_of_articles(database: Database, articles: Collection[int]) -> set[int]:
    """Every series of which somebody says that one of these articles is a part, or was when that was settled last."""
    series = """
        SELECT series_id FROM articles WHERE id IN (SELECT value FROM json_each(?1)) AND +series_id IS NOT NULL
        UNION SELECT series_id FROM parts WHERE article_id IN (SELECT value FROM json_each(?1))
            AND +series_id IS NOT NULL
        UNION SELECT series_id FROM discoveries WHERE article_id IN (SELECT value FROM json_each(?1))
            AND +series_id IS NOT NULL
    """
    return database.numbers(series, articles)


def articles_of_series(database: Database, series: Collection[int]) -> set[int]:
    """Every article of which somebody says that it is a part of one of these series, or was until now."""
    articles = """
        SELECT id FROM articles WHERE series_id IN (SELECT value FROM json_each(?1))
        UNION SELECT article_id FROM parts WHERE series_id IN (SELECT value FROM json_each(?1))
        UNION SELECT article_id FROM discoveries WHERE series_id IN (SELECT value FROM json_each(?1))
            AND +article_id IS NOT NULL
    """
    return database.numbers(articles, series)


def sources_asking(database: Database, series: Collection[int]) -> set[int]:
    """The sources that ask for one of these series."""
    asking = "SELECT source_id FROM series_sources WHERE series_id IN (SELECT value FROM json_each(?1))"
    return database.numbers(asking, series)


def sources_named_by(database: Database, pages: Collection[int]) -> set[int]:
    """The sources that are one of these pages."""
    named = """
        SELECT sources.id FROM pages CROSS JOIN sources ON sources.url = pages.url
        WHERE pages.id IN (SELECT value FROM json_each(?1))
    """
    return database.numbers(named, pages)


def sources_linking(database: Database, articles: Collection[int], series: Collection[int] = ()) -> set[int]:
    """The sources whose index links to one of these articles or series."""
    return sources_of_indexes(database, database.numbers(_LINKING, articles, series))


def sources_of_indexes(database: Database, pages: Collection[int]) -> set[int]:
    """The sources whose index, in whatever language, is one of these pages."""
    return database.numbers(_WHOSE_INDEX, pages) if pages else set()


def articles_linked(database: Database, index_pages: Collection[int]) -> set[int]:
    """The articles that these index pages link to."""
    linked = """
        SELECT article_id FROM discoveries WHERE from_page_id IN (SELECT value FROM json_each(?1)) AND +via = 'index'
            AND +article_id IS NOT NULL
    """
    return database.numbers(linked, index_pages)
