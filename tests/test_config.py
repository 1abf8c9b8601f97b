"""Settings: every error at once, each with its place and what was expected."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import config
from archiver.config.rules import Rules, Schedule
from archiver.config.values import Images, PushSettings, Rescue
from archiver.errors import ConfigError


def errors_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.read(text, "mine.toml")
    return caught.value.errors


def test_the_packaged_file_says_what_the_defaults_are() -> None:
    packaged = config.load_packaged()

    assert (packaged.network, packaged.schedule, packaged.rules) == (
        config.Network(), Schedule(), Rules(),
    )  # fmt: skip
    assert [source.url for source in packaged.sources] == ["https://xavierforge.dev/en/posts/ironman-2023/"]


def test_the_packaged_file_names_every_key() -> None:
    text = (Path(__file__).parents[1] / "config/archiver.toml").read_text("utf-8")
    keys = [key for table in config.TABLES.values() for key in table]

    assert [key for key in keys if f"\n{key} =" not in text and f".{key}]\n" not in text] == []


@pytest.mark.parametrize(
    ("table", "values"),
    [("network", config.Network), ("judgement", Rules), ("schedule", Schedule), ("images", Images), ("rescue", Rescue),
     ("push", PushSettings)],
)  # fmt: skip
def test_every_setting_can_be_set_and_every_key_sets_one(table: str, values: type[Any]) -> None:
    assert config.TABLES[table].keys() == {one.name for one in fields(values)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network]\ndelay = 3", "network.delay: unknown key; did you mean delay_s?"),
        ("[network]\ndelay_s = '2'", "network.delay_s: expected a number of seconds from 0 to 3600, found '2'"),
        ("[network]\ndelay_s = -1", "network.delay_s: expected a number"),
        ("[network]\ndelay_s = nan", "network.delay_s: expected a number"),
        ("[network]\ntries = 2.5", "network.tries: expected a whole number"),
        ("[network]\ntries = true", "network.tries: expected a whole number"),
        ("[network]\ncontact = 'a\\nb'", "network.contact: expected a URL or mail address"),
        (
            "[network.connect_to]\n'https://a/b' = 'http://127.0.0.1:1'",
            "network.connect_to: expected a table of origins",
        ),
        ("network = 3", "network: expected a table [network], found 3"),
        (
            "[[sources]]\nseries = 'https://x.example/'",
            "sources[1].url: expected an http or https URL in quotes, found nothing",
        ),
        ("[[sources]]\nurl = 'ftp://x.example/'", "sources[1].url: expected an http or https URL"),
        ("[[sources]]\nurl = 'https://x.example/'\nalternates = 'x'", "sources[1].alternates: expected a list"),
        ("sources = 'x'", "sources: expected tables [[sources]]"),
        ("[sorces]", "sorces: unknown key; did you mean sources?"),
        ("not toml", "not TOML"),
        ("[network]\ndelay_s = " + "9" * 5_000, "not TOML"),
        ("[network]\ndelay_s = 0x" + "f" * 5_000, "network.delay_s: expected"),
        ("[push]\ndaily = 0x" + "f" * 5_000, "push.daily: expected"),
        ("[push]\nwait_s = nan", "push.wait_s: expected"),
        ('[rescue]\ndelays_s = {"web.archive.org" = 1e999}', "rescue.delays_s"),
        ("a = " + "[" * 100_000, "not TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_expected(text: str, words: str) -> None:
    found = errors_of(text)

    assert any(error.startswith("mine.toml: ") and words in error for error in found), found


def test_all_mistakes_are_told_at_once() -> None:
    assert len(errors_of("[network]\ndelay_s = 'x'\ntries = 0\nfoo = 1\n[judgement]\nabsences = 'a'\n[bar]\n")) == 5


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf[network]\ndelay_s = 9\n")

    assert config.load(path).network.delay_s == 9.0


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"a\.toml: (cannot be read|byte 0 is not UTF-8)"):
        config.load(path)


def test_the_file_in_the_folder_comes_before_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    mine = tmp_path / "home/.config/archiver/archiver.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("[network]\ndelay_s = 5\n")

    assert config.load().network.delay_s == 5.0

    (tmp_path / "config").mkdir()
    (tmp_path / "config/archiver.toml").write_text("[network]\ndelay_s = 7\n")

    assert config.load().network.delay_s == 7.0


def test_without_a_home_the_packaged_default_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")

    assert config.load().origin == "packaged default"


@given(st.text())
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        config.read(text, "x.toml")
    except ConfigError as error:
        assert all(message.isprintable() for message in error.errors)  # noqa: PT017
