"""What an archive weighs, and what it costs to search, prove and show it."""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

from bench import archives, site
from bench.measure import archiver, in_turns, inside, per_page, run
from bench.peers import NOBODY
from bench.serving import archive_server, site_server
from bench.setting import Setting
from bench.table import Row

# ─── size ─────────────────────────────────────────────────────────────────────────────────────────


def size(setting: Setting) -> list[Row]:
    """What the file of the large archive weighs, against its pages and its texts."""
    path = setting.held()
    with closing(sqlite3.connect(archives.texts_of(path))) as texts:
        count, packed, text = texts.execute(
            "SELECT count(*), sum(packed), sum(length(CAST(title AS BLOB)) + length(CAST(body_text AS BLOB)))"
            " FROM articles"
        ).fetchone()
    with closing(sqlite3.connect(path)) as held:
        parts = dict(held.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
    index = sum(weight for name, weight in parts.items() if "search" in name)
    whole = path.stat().st_size
    largest = sorted(parts.items(), key=lambda one: -one[1])[:5]
    note = "of it " + ", ".join(f"{name} {weight / packed:.2f}" for name, weight in largest) + " of the gzipped pages"
    said = f"file of {count:,} articles of {text / count / 1000:.1f} KB of text"
    return [
        Row(
            f"{said}, against the gzipped pages ({packed / count / 1000:.1f} KB each)", "KB an article",
            whole / count / 1000, (("gzipped pages", packed / count / 1000),), "gzipped pages", 4, 2.5, note=note,
        ),
        Row(
            f"{said}, against the text", "KB an article",
            whole / count / 1000, (("text", text / count / 1000),), "text",
            note="the bar was set on lighter pages: 4 of theirs are 5.9 of the text",
        ),
        Row(
            "search index", "KB an article", index / count / 1000, (("text", text / count / 1000),), "text", 2.0, 1.0
        ),
    ]  # fmt: skip


def revisiting(setting: Setting) -> list[Row]:
    """What asking unchanged pages again adds to the file."""
    with site_server(1, setting.folder, fresh=True) as server:
        config, db = setting.config(server, range(1, 2)), setting.new()
        fetch = archiver("fetch", "-q", "--config", config, "--db", db)
        run(fetch, env=setting.env)
        before, asked = _settled_size(db), _requests(db)
        for _ in range(6):
            run([*fetch, "--force"], env=setting.env)
        after, again = _settled_size(db), _requests(db)
        request = urllib.request.Request(f"{server.url}/articles/{site.part_ids(1)[0]}")
        request.add_header("User-Agent", "Mozilla/5.0")
        with urllib.request.urlopen(request, timeout=60) as answer:
            record = _revisit_record(answer.url, answer.headers.items())
    return [
        Row(
            "asking an unchanged page again", "bytes in the file", (after - before) / (again - asked),
            (("WARC revisit record", float(record)),), None, 200, 100,
        )
    ]  # fmt: skip


def _settled_size(db: Path) -> int:
    """The bytes that are used, without what is free."""
    with closing(sqlite3.connect(db)) as held:
        pages, free, each = (
            held.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * each)


def _requests(db: Path) -> int:
    with closing(sqlite3.connect(db)) as held:
        return int(held.execute("SELECT count(*) FROM fetches").fetchone()[0])


def _revisit_record(url: str, headers: list[tuple[str, str]]) -> int:
    """The bytes of a revisit record as WARC/1.1 has it (identical-payload-digest), not packed."""
    http = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    named = [
        "WARC/1.1", "WARC-Type: revisit", f"WARC-Target-URI: {url}", "WARC-Date: 2026-11-24T12:00:00Z",
        "WARC-Record-ID: <urn:uuid:3a1c2d64-7a0e-4a53-9b5b-0f2f6b3c1d11>",
        "WARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
        f"WARC-Refers-To-Target-URI: {url}", "WARC-Refers-To-Date: 2026-11-23T12:00:00Z",
        "Content-Type: application/http; msgtype=response",
    ]  # fmt: skip
    kept = "\r\n".join(line for line in http.split("\r\n") if not line.lower().startswith("set-cookie"))
    head = "\r\n".join([*named, f"Content-Length: {len(kept)}"])
    return len(f"{head}\r\n\r\n{kept}\r\n\r\n".encode())


# ─── searching ────────────────────────────────────────────────────────────────────────────────────


def indexing(setting: Setting) -> list[Row]:
    """Putting an article into the search index."""
    path = archives.kept(setting.cache, min(setting.scale.held, 10), site.WORDS)
    costs = in_turns(
        {"ours": lambda: per_page(run(inside("refill", archives.change_of(path, setting.folder)), env=setting.env))},
        setting.scale.rounds,
    )
    return [Row("put an article into the search index", "ms of CPU", costs["ours"].cpu_s * 1000, bar=4, stretch=2)]


def searching(setting: Setting) -> list[Row]:
    """Words of one to eight characters against a LIKE scan of the same texts."""
    path = setting.held()
    words = _terms(archives.texts_of(path), setting.scale.terms)
    jobs = {"ours": lambda: run(inside("search", path, *words), env=setting.env)}
    if setting.peers is not NOBODY:
        jobs["scan"] = lambda: run(setting.peers.program("scan.py", archives.texts_of(path), *words))
    costs = {name: cost.json() for name, cost in in_turns(jobs, setting.scale.rounds).items()}
    ours, scan = costs["ours"], costs.get("scan")
    missed = [word for word in words if scan and ours[word][1] < scan[word][1]]
    if missed:
        print(f"  {len(missed)} words with fewer hits than the scan, such as {missed[0]!r}", file=sys.stderr)
    with closing(sqlite3.connect(archives.texts_of(path))) as texts:
        count = texts.execute("SELECT count(*) FROM articles").fetchone()[0]
    rows = []
    for name, chosen in (
        ("words of one to eight characters", words),
        ("those that a tenth of the articles hold", [word for word in words if ours[word][1] * 10 >= count]),
        ("those that fewer hold", [word for word in words if ours[word][1] * 10 < count]),
    ):
        if chosen:
            here = statistics.median(ours[word][0] for word in chosen) * 1000
            theirs = statistics.median(scan[word][0] for word in chosen) * 1000 if scan else None
            said = f"search of {count:,} articles, {name} ({len(chosen)})"
            rows.append(
                Row(said, "ms of CPU, median", here, (("LIKE scan", theirs),), "LIKE scan", 20, 100, at_least=True)
            )
    return rows


def _terms(texts: Path, of_each: int) -> list[str]:
    """Pieces of the texts without white space, of one to eight characters; of each length some that are frequent."""
    rng = random.Random(12)
    with closing(sqlite3.connect(texts)) as held:
        said = [row[0] for row in held.execute("SELECT body_text FROM articles ORDER BY id LIMIT 300")]
    found: list[str] = []
    for length in range(1, 9):
        wanted = len(found) + of_each
        while len(found) < wanted:
            text = rng.choice(said)
            start = rng.randrange(len(text) - length)
            word = text[start : start + length]
            if not any(sign in word for sign in '\n\t "%_，。、') and word not in found:
                found.append(word)
    return [*found, "rust", "資料"]


# ─── proving, showing ─────────────────────────────────────────────────────────────────────────────


def proving(setting: Setting) -> list[Row]:
    """`verify` and `parse` of the large archive, once each: they take minutes."""
    path = setting.held()
    folder = setting.folder / "some pages"
    run(inside("write", folder, "30"), env=setting.env)
    each = per_page(run(inside("read", folder, "2"), env=setting.env)).cpu_s
    verify = run(archiver("verify", "--db", archives.change_of(path, setting.folder)), env=setting.env)
    parse = run(archiver("parse", "--db", archives.change_of(path, setting.folder)), env=setting.env)
    articles = setting.scale.held * site.PARTS
    once = (("reading them once", each * articles),)
    share = articles / 9_000
    return [
        Row(f"`verify` of {articles:,} articles", "s of CPU", verify.cpu_s, once, None, round(60 * share, 2)),
        Row(f"`verify` of {articles:,} articles", "MB at the peak", verify.peak_mb, (), None, 150),
        Row(f"`parse` of {articles:,} articles", "s of CPU", parse.cpu_s, once),
        Row(f"`parse` of {articles:,} articles", "MB at the peak", parse.peak_mb),
    ]


def showing(setting: Setting) -> list[Row]:
    """The table page of articles in Datasette."""
    db = archives.change_of(setting.held(), setting.folder)
    with archive_server(db, setting.env) as pages:
        name = pages.name()
        pages.cost(f"/{name}/articles")
        costs = [pages.cost(f"/{name}/articles") for _ in range(setting.scale.rounds)]
    articles = setting.scale.held * site.PARTS
    return [
        Row(
            f"Datasette's table page of articles, {articles:,} held", "s of CPU",
            statistics.median(cost.cpu_s for cost in costs), bar=0.2,
        )
    ]  # fmt: skip
