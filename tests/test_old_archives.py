"""Archives that earlier builds made open, are proven and hold what they held.

`archive-017.db.gz` was made by the build of migration 017 from the stand-in: three parts, a source, one finished run.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from archives import place

from archiver import cli
from archiver.archive import schema, scripts
from archiver.archive.database import Database
from archiver.archive.migrations import migrations

FIXTURES = Path(__file__).parent / "fixtures"
OLD = sorted(path.name for path in FIXTURES.glob("archive-*.db.gz"))


def _bodies(path: Path) -> list[tuple[int, str, str]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id, title, body_text FROM articles ORDER BY id").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("name", OLD)
def test_an_archive_of_an_earlier_build_is_proven_when_it_is_first_opened(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(gzip.decompress((FIXTURES / name).read_bytes()))

    assert cli.run(["verify", "--db", str(path)]) == 0, capsys.readouterr()
    assert cli.run(["verify", "--db", str(path)]) == 0, capsys.readouterr()


@pytest.mark.parametrize("name", OLD)
def test_an_archive_of_an_earlier_build_opens_and_is_proven(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(gzip.decompress((FIXTURES / name).read_bytes()))
    held = _bodies(path)
    assert len(held) == 3

    assert cli.run(["status", "--db", str(path), "--strict"]) in {0, 5}, "as it is, or told how to bring it to today"
    assert cli.run(["search", "--db", str(path), "的"]) in {0, 5}
    assert cli.run(["parse", "--db", str(path)]) == 0
    assert cli.run(["verify", "--db", str(path)]) == 0, capsys.readouterr()
    assert cli.run(["status", "--db", str(path), "--strict"]) == 0, capsys.readouterr()
    assert _bodies(path) == held
    assert [one.name for one in tmp_path.iterdir() if ".bak" in one.name] == []


def test_there_is_an_archive_of_an_earlier_build() -> None:
    assert OLD


@pytest.mark.parametrize("name", OLD)
def test_new_archives_and_earlier_ones_have_every_index_that_a_script_makes(name: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", place(tmp_path / "new.db")
    old.write_bytes(gzip.decompress((FIXTURES / name).read_bytes()))
    assert cli.run(["parse", "--db", str(old)]) == 0

    for path in (old, new):
        with closing(sqlite3.connect(path)) as connection:
            found = dict(connection.execute("SELECT name, type FROM sqlite_master").fetchall())
        made = [
            name
            for name, sql in scripts.made("INDEX", *scripts.TABLES)
            if found.get(sql.split(" ON ")[1].split()[0]) == "table"
        ]
        assert [name for name in made if name not in found] == [], f"{path.name}: a migration makes it"


def test_every_column_is_described_where_it_is_made() -> None:
    made, described = Database(sqlite3.connect(":memory:"), Path(":memory:")), schema.descriptions()
    migrations.apply(made)
    ours = scripts.names_of("TABLE", scripts.TABLES)
    tables = [one for one in made.tables if one.name in ours and not one.virtual_table_using]

    assert len(tables) > 20
    assert [
        f"{one.name}.{column}" for one in tables for column in one.columns_dict if column not in described[one.name]
    ] == []


def test_the_digest_of_our_tables_is_that_of_those_which_the_migrations_make() -> None:
    made = Database(sqlite3.connect(":memory:"), Path(":memory:"))
    migrations.apply(made)

    assert schema.shape_of(made) == schema.TABLES_SHA256, "a migration changes tables: renew TABLES_SHA256"
    made.execute("ALTER TABLE authors ADD COLUMN note TEXT")
    assert schema.shape_of(made) != schema.TABLES_SHA256
