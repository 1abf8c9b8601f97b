"""The words around the texts, in Chinese and English: what marks a part, and where its text came from. Pure.

All of it is plain text, and what stands in it from outside is one line made harmless; each format escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from archiver.archive.kept import KeptCapture
from archiver.exports.book import Book, Chapter, Entry
from archiver.pages.base import TAIPEI
from archiver.text import safe

WORDS: dict[str, tuple[str, str]] = {
    "home": ("首頁", "Home"),
    "contents": ("目錄", "Contents"),
    "unlisted": ("索引頁未列", "Not listed by the index"),
    "labelled": ("{name}：{value}", "{name}: {value}"),
    "between": ("、", ", "),
    "archive": ("存檔", "Archive"),
    "books": ("存檔的書", "Books of an archive"),
    "comments": ("留言", "Comments"),
    "comment_deleted": ("此留言已於 {day} 前刪除", "This comment was deleted by {day}"),
    "part": ("第 {number} 篇", "Part {number}"),
    "local": ("{at}（台灣時間）", "{at} (Taiwan time)"),
    "published": ("發表於 {at}", "published {at}"),
    "tags": ("標籤", "Tags"),
    "previous": ("上一篇", "Previous part"),
    "next": ("下一篇", "Next part"),
    "about": ("關於這份存檔", "About this copy"),
    "where_from": ("出處", "Where this text came from"),
    "source_address": ("原址", "Original address"),
    "captured_at": ("取得時間", "Captured"),
    "copied_at": ("備份時間", "Copied by them"),
    "held_by": ("來源", "Had from"),
    "copy_address": ("備份網址", "Address of the copy"),
    "copy_file": ("備份檔案", "File of the copy"),
    "sha256": ("SHA-256", "SHA-256"),
    "is_gone": ("原文已不在網站上（{day} 起）。", "The site no longer has this part (since {day})."),
    "is_rescued": ("本文取自他處的備份：{holder}。", "This text was had from somebody else's copy: {holder}."),
    "is_imported": ("本文取自匯入的檔案。", "This text was had from an imported file."),
    "is_of_feed": (
        "本文只見於 RSS，可能不完整。", "This text was only had from the RSS feed, and may not be whole."
    ),
    "is_missing": (
        "本篇沒有存檔；只知道它的標題與原址。", "This part is not held; only its title and address are known."
    ),
    "is_unreadable": (
        "本篇存檔的原始頁面已無法讀取；所示為先前從中取得的純文字。",
        "A stored page of this part can no longer be read: what is shown is the plain text that was had from it.",
    ),
    "is_collapsed": (
        "網站上的內文後來幾乎清空；先前完整的內文附於其後。",
        "Its text on the site shrank to nearly nothing; the last full text follows it.",
    ),
    "last_full": ("先前完整的內文（{day}）", "The last full text ({day})"),
    "image_missing": ("圖片未存檔", "image not held"),
    "is_demonstration": (
        "示範資料：作者、文章、留言與網址皆為虛構。",
        "A demonstration: author, articles, comments and addresses were all invented.",
    ),
    "series": ("系列", "Series"),
    "search": ("搜尋", "Search"),
    "search_needs_script": ("搜尋需要 JavaScript；其餘頁面不需要。", "Search needs JavaScript; no other page does."),
    "hits": ("{{count}} 篇", "{{count}} parts"),
    "changes": ("異動紀錄", "Changes"),
    "nothing_seen": ("沒有記錄。", "Nothing was seen."),
    "not_tagged": ("沒有標籤。", "There are no tags."),
    "dead_links": ("失效的連結", "Dead links"),
    "known_copy": ("備份", "a copy"),
    "asked_until": ("最後檢查於 {at}", "last asked {at}"),
    "to_text": ("跳至內文", "To the text"),
    "where_you_are": ("目前位置", "Where you are"),
    "turns": ("上一篇與下一篇", "Previous and next part"),
    "held": ("已存檔", "held"),
    "missing_word": ("未存檔", "missing"),
    "gone_word": ("已從網站消失", "gone"),
    "rescued_word": ("取自他處的備份", "rescued"),
    "private_copy": (
        "私人存檔，文字屬於原作者。", "A private copy; the words are their authors'."
    ),
    "in_body_image": ("圖片", "image"),
    "in_body_formula": ("公式圖片", "formula, image"),
    "in_body_not_held": ("未存檔", "not held"),
    "in_body_never_shown": ("已存檔，但不是可安全顯示的格式", "held, in no form that is shown"),
    "in_body_told": ("（{{kind}}{{state}}）", "({{kind}} {{state}})"),
    "in_body_guessed": ("推測", "guessed"),
    "in_body_hidden": (
        "這段程式碼含有看不見的文字方向記號（{{signs}}）。", "Invisible direction marks stand in this code ({{signs}})."
    ),
    "in_body_held": ("收在這份存檔裡", "held in this archive"),
    "colophon": (
        "這本書由 archiver 從存檔製成；存檔最後檢查於 {at}。日期皆為台灣時間。",
        "This was made by archiver from an archive that last asked for anything at {at}. Days are those of Taiwan.",
    ),
    "counted": (
        "共 {parts} 篇，已存檔 {held} 篇，原網站已移除 {gone} 篇",
        "{parts} parts, {held} held, {gone} gone from the site",
    ),
    "counted_suspect": ("，疑似消失 {suspect} 篇", ", {suspect} perhaps gone"),
    "rights": (
        "文章與留言的著作權屬於各自的作者；公開之前請先徵得同意。",
        "Articles and comments are under the copyright of those who wrote them: ask before you publish them.",
    ),
    "accessibility": (
        "全文為文字，依篇章導覽；圖片的替代文字即作者所寫，可能從缺。",
        "All of it is text, to be walked by parts; images have the alternative text that their author gave, if any.",
    ),
    "live": ("原網站", "the site itself"),
    "wayback": ("Wayback Machine", "the Wayback Machine"),
    "common_crawl": ("Common Crawl", "Common Crawl"),
    "import": ("匯入的檔案", "an imported file"),
    "feed": ("RSS", "the RSS feed"),
    "memento": ("其他網頁典藏庫", "another web archive"),
}  # fmt: skip
"""Each word of ours: in Traditional Chinese, and in English."""


_HAPPENED = {
    "new": "尚未取得", "alive": "在網站上", "moved": "移至別處", "suspect": "疑似消失", "gone": "從網站消失",
    "blocked": "網站拒絕存取", "excluded": "網站不許存取", "edited": "修改", "edited (cosmetic)": "修改（只有排版）",
    "collapsed": "內文幾乎清空", "comment deleted": "留言刪除", "beyond_thirty": "第三十篇之後",
    "renumbered": "篇次更動", "changed_series": "改屬其他系列", "duplicate_day": "同一天有兩篇",
    "reposted": "換編號重新發佈", "left_index": "索引頁不再列出", "left_series": "系列頁不再列出",
    "back_in_index": "索引頁再度列出", "back_in_series": "系列頁再度列出",
}  # fmt: skip


def happened(lang: str, what: str) -> str:
    """What happened to a part (`details.ChangeRow.what`) in this language; as the archive says it, where it is new."""
    return what.replace("_", " ") if lang == "en" else _HAPPENED.get(what, what)


def detail(lang: str, what: str | None) -> str:
    """What a change was in detail (`details.ChangeRow.detail`), for people; what is in Chinese begins with `（`."""
    what = what or ""
    if lang != "en" and what.startswith("was ") and what[4:] in _HAPPENED:
        return f"（原為：{_HAPPENED[what[4:]]}）"
    if lang != "en" and (edit := _EDIT.fullmatch(what)):
        changed = "、".join(_FIELDS[one] for one in _FIELDS if one in edit[1])
        return f"（{changed}{'；' if changed else ''}原文最後見於 {day(edit[2])}）"
    return _STAMP.sub(lambda at: local(lang, at[0]), what)


_FIELDS = {"title": "標題", "body": "內文", "tags": "標籤"}
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_EDIT = re.compile(rf"((?:(?:title|body|tags)(?:, )?)*) since ({_STAMP.pattern})", re.ASCII)


def say(lang: str, key: str, **values: object) -> str:
    """A word of ours in this language, one of `formats.LANGUAGES`."""
    return WORDS[key][lang == "en"].format(**values)


def day(at: datetime | str) -> str:
    """The day of a moment in Taiwan, whose contest wants a post a day: for people."""
    return in_taiwan(at).date().isoformat()


def local(lang: str, at: datetime | str) -> str:
    """A moment for people, to the minute: Taiwan's time, and that it is."""
    return say(lang, "local", at=f"{in_taiwan(at):%Y-%m-%d %H:%M}")


def in_taiwan(at: datetime | str) -> datetime:
    """A moment with Taiwan's offset; as it is in the last hours that there are, which have none there."""
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    try:
        return found.astimezone(TAIPEI)
    except OverflowError:
        return found


def moment(at: datetime) -> str:
    """A moment for programs, to the second: ISO 8601, UTC."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def marks(chapter: Chapter, lang: str) -> list[str]:
    """What a reader must know before the text of a part: that it is gone, missing, somebody else's copy, not whole."""
    found = of_entry(chapter.entry, lang)
    capture = chapter.capture
    if chapter.is_unreadable:
        found.append(say(lang, "is_unreadable"))
    if capture is not None and capture.source == "feed":
        found.append(say(lang, "is_of_feed"))
    elif capture is not None and capture.source == "import":
        found.append(say(lang, "is_imported"))
    elif capture is not None and capture.source != "live":
        found.append(say(lang, "is_rescued", holder=say(lang, capture.source)))
    if chapter.last_full is not None:
        found.append(say(lang, "is_collapsed"))
    return found


def of_entry(entry: Entry, lang: str) -> list[str]:
    """What is to be said of a part before anything of it is read, as a list of parts would."""
    found = [say(lang, "is_gone", day=day(entry.part.state_since))] if entry.is_gone else []
    return [*found, say(lang, "is_missing")] if entry.part.missing else found


def provenance(chapter: Chapter, lang: str, written: Callable[[datetime], str] | None = None) -> list[tuple[str, str]]:
    """Where a part's text came from, each with its name: address, time, holder, SHA-256 of the bytes received.

    `written`: how times are; else for people.
    """
    told = [(say(lang, "source_address"), safe(chapter.entry.part.url))]
    at = written or partial(local, lang)
    return told + (_of_capture(chapter.capture, lang, at) if chapter.capture is not None else [])


def _of_capture(capture: KeptCapture, lang: str, at: Callable[[datetime], str]) -> list[tuple[str, str]]:
    told = [(say(lang, "captured_at"), at(capture.captured_at)), (say(lang, "held_by"), say(lang, capture.source))]
    if capture.source_url is not None:
        name = "copy_address" if capture.source_url.startswith(("http://", "https://")) else "copy_file"
        told.append((say(lang, name), safe(capture.source_url)))
    if capture.source_at is not None:
        told.append((say(lang, "copied_at"), at(capture.source_at)))
    return [*told, (say(lang, "sha256"), capture.sha256)]


def counted(book: Book, lang: str) -> str:
    """How many parts a book has, how many of them are held, how many the site no longer has, or perhaps not."""
    held = sum(not entry.part.missing for entry in book.entries)
    gone = sum(entry.is_gone for entry in book.entries)
    suspect = sum(entry.part.state == "suspect" for entry in book.entries)
    told = say(lang, "counted", parts=len(book.entries), held=held, gone=gone)
    return told + (say(lang, "counted_suspect", suspect=suspect) if suspect else "")


def last_full(chapter: Chapter, lang: str) -> str:
    """The heading of the last full text: of which day it is. Empty where none is shown."""
    if chapter.last_full is None:
        return ""
    capture = chapter.full_capture
    return say(lang, "last_full", day=day(capture.source_at or capture.captured_at) if capture is not None else "?")


def author(name: str | None) -> str:
    """Who wrote a comment or an article: one line made harmless, or a sign that nobody knows."""
    return safe(name or "", 120) or "?"
