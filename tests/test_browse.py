"""What a reader meets in Datasette, asked of Datasette itself."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import http.client
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

datasette_app = pytest.importorskip("datasette.app")

from archives import put, rows_at  # noqa: E402

from archiver import pages  # noqa: E402
from archiver.archive.schema import descriptions  # noqa: E402
from archiver.browse import server  # noqa: E402
from archiver.browse.metadata import metadata  # noqa: E402
from archiver.browse.queries import canned  # noqa: E402
from archiver.errors import ArchiveDamaged, ArchiveError, UsageError  # noqa: E402

AT = "2026-11-01T02:03:04Z"
HOSTILE = '"><script>alert(1)</script><img src=//evil.example/x onerror=alert(2)>'
BASE = "https://ithelp.ithome.com.tw"
CODE = "SELECT 1;\n\tprint('中文')"

ROWS: dict[str, list[dict[str, Any]]] = {
    "sources": [{"id": 1, "url": "https://index.example/", "kind": "index", "added_at": AT}],
    "runs": [{"id": 1, "command": "fetch", "started_at": AT, "version": "0"}],
    "laws": [{"id": 1, "run_id": 1, "at": AT, "version": 1, "rules": "{}", "pages_changed": 0}],
    "notices": [{"id": 1, "run_id": 1, "state": "owed", "at": AT}],
    "seals": [{"kind": "rows", "name": "sources", "digest": "0"}],
    "pages": [
        {
            "id": number,
            "url": f"{BASE}/articles/{number}",
            "kind": "article",
            "host": "ithelp.ithome.com.tw",
            "article_id": number,
            "first_seen_at": AT,
            "state": "alive" if number == 1 else "blocked",
            "state_since": AT,
            "due_at": AT,
        }
        for number in (1, 2)
    ]
    + [
        {"id": 3, "url": "https://rotten.example/", "kind": "link", "host": "rotten.example", "first_seen_at": AT}
        | {"state": "gone", "state_since": AT, "last_outcome": "not_found", "due_at": AT}
    ],
    "captures": [
        {
            "id": number,
            "page_id": 1,
            "sha256": hashlib.sha256(b"<p>").hexdigest(),
            "captured_at": AT,
            "final_url": f"{BASE}/articles/1",
            "body": gzip.compress(b"<p>", mtime=0),
            "body_bytes": 3,
            "outcome": "ok",
        }
        for number in (1, 2)
    ],
    "fetches": [
        {
            "id": number,
            "run_id": 1,
            "page_id": number,
            "requested_url": f"{BASE}/articles/{number}",
            "started_at": AT,
            "elapsed_ms": 100 * number,
            "outcome": "ok" if number == 1 else "forbidden",
            "http_status": 200 if number == 1 else 403,
            "capture_id": 1 if number == 1 else None,
        }
        for number in (1, 2)
    ]
    + [
        {"id": 3, "run_id": 1, "page_id": 2, "requested_url": "https://web.archive.org/cdx", "started_at": AT}
        | {"elapsed_ms": 9, "outcome": "not_found", "source": "wayback"}
    ],
    "progress": [{"name": "library", "fetch_id": 2}],
    "authors": [{"id": 7, "name": "王小明"}],
    "series": [
        {"id": 9066, "title": "快取三十天", "url": f"{BASE}/users/7/ironman/9066", "author_id": 7, "followed": 1}
    ],
    "series_sources": [{"series_id": 9066, "source_id": 1}],
    "articles": [
        {
            "id": 1,
            "title": HOSTILE,
            "series_id": 9066,
            "position": 1,
            "author_id": 7,
            "published_at": AT,
            "url": f"{BASE}/articles/1",
            "body_text": HOSTILE,
            "capture_id": 1,
            "parser": "ithome.article/1",
        }
    ],
    "parts": [
        {"page_id": 1, "series_id": 9066, "article_id": 1, "position": 1, "title": HOSTILE, "said_by": "article"},
        {"page_id": 2, "series_id": 9066, "article_id": 2, "position": 2, "title": "第二天", "said_by": "index"},
    ],
    "tags": [{"id": 1, "name": HOSTILE}],
    "articles_tags": [{"article_id": 1, "tag_id": 1, "position": 1}],
    "search_rows": [{"id": 1, "article_id": 1, "digest": "0"}],
    "comments": [
        {"id": 1, "article_id": 1, "identity": "a", "position": 1, "author_id": 7, "author_name": HOSTILE}
        | {"body_html": HOSTILE, "body_text": HOSTILE, "content_sha256": "0"}
        | {"first_seen_at": AT, "last_seen_at": AT}
    ],
    "code_blocks": [
        {"id": 1, "article_id": 1, "position": 1, "language": "sql", "code": CODE, "length": len(CODE)},
        {"id": 2, "article_id": 1, "position": 2, "language": None, "code": "plain", "length": 5},
        {"id": 3, "article_id": 1, "position": 3, "language": "rust", "code": "fn main() {}", "length": 12}
        | {"language_guessed": 1},
    ],
    "images": [{"id": 1, "url": "https://evil.example/x.png", "host": "evil.example"}],
    "article_images": [{"article_id": 1, "position": 1, "image_id": 1, "alt": HOSTILE}],
    "links": [
        {
            "id": 1,
            "article_id": 1,
            "position": 1,
            "url": "javascript:alert(3)",
            "text": HOSTILE,
            "target_kind": "outside",
        },
        {"id": 2, "article_id": 1, "position": 2, "url": "https://rotten.example/", "text": "gone"}
        | {"target_kind": "outside", "target_url": "https://rotten.example/"},
    ],
    "metrics": [{"id": 1, "page_id": 1, "at": AT, "views": 10}],
    "edits": [
        {
            "id": 1,
            "article_id": 1,
            "old_capture_id": 1,
            "new_capture_id": 2,
            "last_seen_old_at": AT,
            "first_seen_new_at": AT,
            "title_changed": 0,
            "body_changed": 1,
            "tags_changed": 0,
        }
    ],
    "events": [{"id": 1, "at": AT, "kind": "edited", "series_id": 9066, "article_id": 1, "detail": HOSTILE}],
    "names": [{"id": 1, "url": f"{BASE}/articles/2", "kind": "article", "article_id": 2, "text": HOSTILE}],
    "mentions": [{"id": 1, "from_page_id": 1, "name_id": 1, "via": "next", "first_seen_at": AT, "last_seen_at": AT}],
    "parse_problems": [
        {"id": 1, "page_id": 1, "capture_id": 1, "parser": "p", "field": "views", "problem": "not_found"}
    ],
    "lost_fields": [{"page_id": 1, "field": "views", "last_found_at": AT, "lost_since": AT, "parser": "p"}],
    "state_changes": [{"id": 1, "page_id": 1, "at": AT, "old_state": "new", "new_state": "alive"}],
    "comment_versions": [
        {"id": 1, "comment_id": 1, "content_sha256": "0", "body_text": HOSTILE}
        | {"first_seen_at": AT, "last_seen_at": AT}
    ],
    "copies": [
        {"id": 1, "page_id": 2, "holder": "wayback", "url": "https://web.archive.org/web/1/x", "made_at": AT}
        | {"first_seen_at": AT, "checked_at": AT}
    ],
    "pushes": [{"id": 1, "page_id": 2, "state": "refused", "reason": HOSTILE, "queued_at": AT}],
    "collapses": [
        {"article_id": 1, "since": AT, "letters": 3, "full_letters": 900, "full_capture_id": 1, "full_seen_at": AT}
        | {"full_title": HOSTILE, "full_body_text": HOSTILE}
    ],
    "comment_images": [{"comment_id": 1, "position": 1, "image_id": 1, "alt": HOSTILE}],
}
RELATIONS = tuple(descriptions())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browse") / "kept.db"
    with rows_at(path) as connection:
        for table, rows in ROWS.items():
            for row in rows:
                put(connection, table, **row)
    return path


@pytest.fixture(scope="module")
def shown(archive: Path) -> Any:
    return server.application(archive, pages.read)


def get(datasette: Any, path: str) -> Any:
    return asyncio.run(datasette.client.get(path))


def rows(datasette: Any, path: str) -> list[dict[str, Any]]:
    response = get(datasette, path)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    return found


PAGES = ("/", "/kept", *(f"/kept/{name}" for name in (*RELATIONS, *canned())), "/kept/articles/1", "/kept/comments/1")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_with_hostile_text_escaped_and_asks_no_third_party(shown: Any, path: str) -> None:
    response = get(shown, path)
    assert response.status_code == 200
    assert "<script>alert" not in response.text
    assert "<img" not in response.text
    assert 'href="javascript:' not in response.text
    fetched = re.findall(
        r"<(?:script|link|img|iframe|source|object|embed)\b[^>]*?(?:src|href)=\"([^\"]*)", response.text
    )
    assert fetched  # Datasette's own style sheet at least
    assert [url for url in fetched if re.match(r"(?:[a-z]+:)?//", url) and "//localhost/" not in url] == []


def test_the_rows_of_the_fixture_reach_every_table_and_every_view_with_an_answer(shown: Any) -> None:
    empty = [name for name in RELATIONS if not rows(shown, f"/kept/{name}.json?_shape=array")]
    assert empty == []


@pytest.mark.parametrize("name", canned())
def test_every_canned_query_answers_with_rows_when_no_parameter_is_given(shown: Any, name: str) -> None:
    assert rows(shown, f"/kept/{name}.json?_shape=array")


def test_no_canned_query_hides_a_table_or_a_view() -> None:
    assert set(canned()).isdisjoint(RELATIONS)


@pytest.mark.parametrize(
    ("parameters", "blocks"),
    [
        ("", [CODE, "plain", "fn main() {}"]),
        ("&series_id=9066&language=sql", [CODE]),
        ("&series_id=9066&language=(none+known)", ["plain"]),
        ("&series_id=9066&language=go", []),
        ("&series_id=1&language=sql", []),
        ("&series_id=nonsense'", []),
    ],
)
def test_code_is_found_by_series_and_language(shown: Any, parameters: str, blocks: list[str]) -> None:
    assert [row["code"] for row in rows(shown, f"/kept/code_of_series.json?_shape=array{parameters}")] == blocks


def test_a_missing_part_is_told_with_its_last_answer(shown: Any) -> None:
    (missing,) = rows(shown, "/kept/parts_missing.json?_shape=array")
    assert (missing["id"], missing["series"], missing["http_status"]) == (2, "快取三十天", 403)


def test_a_change_is_told_with_the_title_of_its_article_and_series(shown: Any) -> None:
    (change,) = rows(shown, "/kept/changes.json?_shape=array")
    assert (change["title"], change["series"], change["body_changed"]) == (HOSTILE, "快取三十天", 1)


def test_the_slowest_request_comes_first(shown: Any) -> None:
    assert [row["elapsed_ms"] for row in rows(shown, "/kept/slowest_pages.json?_shape=array")] == [200, 100, 9]


def test_who_says_which_part_can_be_asked_of_one_series(shown: Any) -> None:
    path = "/kept/who_says_which_part.json?_shape=array&series_id="
    assert [row["part"] for row in rows(shown, path + "9066")] == [2]
    assert rows(shown, path + "1") == []


def test_a_facet_on_a_foreign_key_shows_the_label(shown: Any) -> None:
    facets = get(shown, "/kept/articles.json").json()["facet_results"]
    assert [value["label"] for value in facets["series_id"]["results"]] == ["快取三十天"]
    assert [value["label"] for value in facets["author_id"]["results"]] == ["王小明"]


def test_every_facet_that_is_offered_gives_results_in_time(shown: Any) -> None:
    for name, table in metadata("kept")["databases"]["kept"]["tables"].items():
        if "facets" in table:
            answer = get(shown, f"/kept/{name}.json").json()
            assert set(answer["facet_results"]) == set(table["facets"]), name


@pytest.mark.parametrize("own", [True, False], ids=["served", "plain datasette"])
def test_a_foreign_key_reads_as_a_name(archive: Path, own: bool) -> None:
    datasette = server.application(archive, pages.read) if own else datasette_app.Datasette([str(archive)])
    assert ">快取三十天</a>" in get(datasette, "/kept/articles").text
    assert ">王小明</a>" in get(datasette, "/kept/articles").text


def test_a_row_links_to_the_rows_that_point_at_it(shown: Any) -> None:
    assert "/kept/comments?article_id=1" in get(shown, "/kept/articles/1").text


def test_every_word_of_the_schema_is_shown(shown: Any) -> None:
    page = get(shown, "/kept/fetches").text
    assert "one attempt, whatever came of it; append-only" in page
    assert "until the last byte" in page


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_column_has_words_and_every_word_a_column(archive: Path, relation: str) -> None:
    connection = sqlite3.connect(archive)
    held = {row[1] for row in connection.execute(f"PRAGMA table_info({relation})")}
    connection.close()
    assert set(metadata("kept")["databases"]["kept"]["tables"][relation]["columns"]) == held


@pytest.mark.parametrize("relation", RELATIONS)
def test_facets_and_sort_orders_stand_on_an_index(archive: Path, relation: str) -> None:
    table = metadata("kept")["databases"]["kept"]["tables"][relation]
    offered = [*table.get("facets", []), *(table[key] for key in ("sort", "sort_desc") if key in table)]
    connection = sqlite3.connect(archive)
    indexes = [row[1] for row in connection.execute(f"PRAGMA index_list({relation})")]
    leading = {connection.execute(f'PRAGMA index_info("{name}")').fetchone()[2] for name in indexes}
    leading |= {row[1] for row in connection.execute(f"PRAGMA table_info({relation})") if row[5] == 1}
    connection.close()
    assert set(offered) <= leading


def test_bookkeeping_is_hidden_and_nothing_else_is(shown: Any) -> None:
    tables = get(shown, "/kept.json").json()["tables"]
    index = {"search_rows", "search_index", "search_index_config", "search_index_data", "search_index_idx"}
    assert {table["name"] for table in tables if table["hidden"]} == {"progress", "_sqlite_migrations"} | index


def test_our_own_views_are_not_offered_as_another_database(shown: Any) -> None:
    assert "attached to this connection" not in get(shown, "/kept").text


def test_the_metadata_uses_nothing_that_datasette_has_dropped() -> None:
    assert "units" not in repr(metadata("kept"))


def test_the_archive_cannot_be_written_through_datasette(shown: Any) -> None:
    assert get(shown, "/kept.json?sql=delete+from+fetches").status_code == 400


def test_an_archive_opens_where_sqlite_cannot_make_files_beside_it(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "kept.db"
    copy.write_bytes(archive.read_bytes())
    (tmp_path / "kept.db-wal").mkdir()  # stands for a read-only folder, also where the tests run as root
    assert get(server.application(copy, pages.read), "/kept/articles").status_code == 200


@pytest.mark.parametrize("name", ["my archive.db", "檔案.db", "a.b.db", "semi;colon&.db"])
def test_any_usual_file_name_opens(archive: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / name
    copy.write_bytes(archive.read_bytes())
    datasette = server.application(copy, pages.read)
    home = datasette.urls.database(copy.stem)
    answer = get(datasette, f"{home}/code_languages.json?_shape=array")
    assert [row["blocks"] for row in answer.json()] == [1, 1, 1]


def test_a_name_that_datasette_cannot_open_is_refused(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "what?.db"
    copy.write_bytes(archive.read_bytes())
    with pytest.raises(UsageError, match="rename it"):
        server.application(copy, pages.read)


def test_no_archive_and_no_archive_of_ours_are_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no archive yet"):
        server.serve(tmp_path / "none.db", pages.read, port=0, open_browser=False)
    (tmp_path / "text.db").write_text("not a database at all")
    with pytest.raises(ArchiveDamaged):
        server.serve(tmp_path / "text.db", pages.read, port=0, open_browser=False)
    assert not (tmp_path / "none.db").exists()


def test_without_datasette_the_command_to_install_it_is_said(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    with pytest.raises(UsageError, match=r'pip install "\.\[datasette\]"'):
        server.serve(archive, pages.read, port=0, open_browser=False)


def test_a_port_in_use_is_said_in_one_line(archive: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1: Address already in use; .*--port") as raised:
            server.serve(archive, pages.read, port=port, open_browser=False)
    assert "\n" not in str(raised.value)


def test_the_server_answers_in_peace_and_ctrl_c_ends_it_with_0(archive: Path) -> None:
    command = (
        "import sys; from pathlib import Path; from archiver.browse.server import serve; "
        "from archiver import pages; sys.exit(serve(Path(sys.argv[1]), pages.read, port=0, open_browser=False))"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", command, archive], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:(\d+)/ ", said)
            assert url is not None, said
            page = answer(int(url[1]), "/kept")
            unknown = answer(int(url[1]), "/-/no/such/page")
            mistyped = answer(int(url[1]), "/kept?sql=delete+from+fetches")
            process.send_signal(signal.SIGINT)
            out, rest = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (page.status, unknown.status, mistyped.status, process.returncode) == (200, 404, 400, 0)
    assert "default-src 'self'" in (page.getheader("Content-Security-Policy") or "")
    assert (out, "Traceback" in rest, rest.count("\n") <= 1) == ("", False, True)


def answer(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response
