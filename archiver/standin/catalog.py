"""Ids, names and words of the demonstration's world; bodies come from `prose`. All of it is invented, and says so.

Its numbers lie beyond those of the site: an article has nine digits where the site's have eight, a series six where the
site's have four, a member begins with 9 where the site's begin with 20. The blog's host is reserved (RFC 2606 §2), so
that nothing here can be taken for somebody's work, or be asked of somebody's server.
"""

from __future__ import annotations

from datetime import datetime

from archiver.standin import phrases
from archiver.standin.render import article_url, series_url
from archiver.standin.render_lists import external, heading, note
from archiver.standin.wire import BLOG, ITHOME
from archiver.standin.world import TAIPEI, Article, Blog, Cast, Group, Index, Link, Person, Series, Team

SERIES_ID, OLD_SERIES_ID, STRANGER_SERIES_ID, UNFINISHED_ID, EMPTY_ID, TEAM_SERIES_ID = range(900_001, 900_007)
ORDINARY_ID = 900_000_001

AUTHOR = Person(
    90_000_001, "虛構的守塔人", "nobody", 9_000_001, "iT邦新手 3 級", 868, "archiver 的示範作者，世上沒有這個人"
)
STRANGER = Person(90_000_002, "虛構的鄰居", "nobody-else", 9_000_002, "iT邦研究生 1 級", 2140)
RUNNER = Person(90_000_003, "虛構的跑者", "runner", 9_000_003, "iT邦新手 5 級", 35)
VANISHED = Person(90_000_004, "虛構的昨日之人", "yesterday", 9_000_004, "iT邦新手 5 級", 12)
WRITER = Person(90_000_005, "虛構的老工程師", "oldnotes", 9_000_005, "iT邦大師 1 級", 15230)
TEAMMATE = Person(90_000_006, "虛構的隊友", "teammate", 9_000_006, "iT邦新手 4 級", 580, "Nobody at all")
READERS = tuple(
    Person(90_000_101 + number, f"虛構讀者{name}", f"reader{number}", 9_000_101 + number)
    for number, name in enumerate("甲乙丙丁戊己庚辛壬癸")
)

NOTICE = (
    "<p>（虛構示範：作者、系列與每一句話都是 archiver 為了示範而編造的，不是任何人的作品。"
    "A demonstration: all of this is invented.）</p>\n"
)


def _ids(series_id: int, parts: int) -> tuple[int, ...]:
    return tuple(series_id * 1_000 + position for position in range(1, parts + 1))


PART_IDS = _ids(SERIES_ID, 30)

_SERIES = (
    Series(
        SERIES_ID, AUTHOR, "【虛構示範】用 Rust 替一座不存在的燈塔寫值班系統",
        "archiver 的示範：作者、燈塔和每一個字都是編造的，不是任何人的作品。<br />三十個晚上，從點燈寫到交班。",
        2023, "AI & Data", "ai-and-data", PART_IDS, subscribers=27,
    ),
    Series(
        OLD_SERIES_ID, AUTHOR, "【虛構示範】三十天讀懂一張潮汐表", "編造的系列，不是任何人的作品。", 2021, "AI & Data",
        "ai-and-data", _ids(OLD_SERIES_ID, 30), subscribers=9,
    ),
    Series(
        STRANGER_SERIES_ID, STRANGER, "【虛構示範】從零打造一艘紙船", "編造的系列，不是任何人的作品。", 2021,
        "Software Development", "software-dev", _ids(STRANGER_SERIES_ID, 30), subscribers=112,
    ),
    Series(
        UNFINISHED_ID, RUNNER, "【虛構示範】如果我三十天都沒放棄的話", "寫到哪算到哪；編造的。", 2023, "自我挑戰組",
        "self-challenge", _ids(UNFINISHED_ID, 12), finished=False, contest_days=12, subscribers=1,
    ),
    Series(
        EMPTY_ID, VANISHED, "【虛構示範】本來有十五篇", "作者已經把文章收起來了；編造的。", 2023, "Security",
        "security", (), finished=False, contest_days=15,
    ),
    Series(
        TEAM_SERIES_ID, TEAMMATE, '【虛構示範】守塔人的 <LLM> 筆記：合約、成本 & "驗收"',
        "八篇，與隊友一起。<br>\n編造的。", 2026, "AI Engineering", "ai-engineering",
        _ids(TEAM_SERIES_ID, 8), finished=False, contest_days=8, subscribers=6, team=Team(900_001, "虛構的下班聯盟"),
    ),
)  # fmt: skip

TITLES = (
    "[Day 01] 開燈！一座不存在的燈塔為什麼需要程式 🗼",
    "[Day 02] 從紙本到終端機 📜→⌨️｜值班簿的一生",
    "[Day 03] 從紙本到終端機 📜→⌨️｜工具箱與第一次編譯",
    "[Day 04] 霧季之前 🌫️，先把環境裝好",
    "[Day 05] 一張潮汐表 🌊，讀成結構",
    "[Day 06] 風速計的序列埠 🌬️ 雜訊與校驗碼",
    "[Day 07] 測試 x 暴風雨 x 備援 (上)",
    "[Day 08] 測試 x 暴風雨 x 備援 (下)",
    "[Day 09] 燈油帳單 🛢️ 記憶體與電力一起省",
    "[Day 10] 守塔日誌 📖 (1/6)｜誰在值班",
    "[Day 11] 守塔日誌 📖 (2/6)｜交班的格式",
    "[Day 12] 守塔日誌 📖 (3/6)｜「看見船」要怎麼存",
    "[Day 13] 守塔日誌 📖 (4/6)｜鐘 & 號角，誰先誰後？",
    "[Day 14] 守塔日誌 📖 (5/6)｜壓縮：把一年放進口袋",
    "[Day 15] 守塔日誌 📖 (6/6)｜讀回來，一個字都不少",
    "[Day 16] 霧號的 API 與 <Stream>",
    "[Day 17] 在 Rust 裡算燈質 💡 閃光的節奏",
    "[Day 18] 替控制台上漆",
    "[Day 19] 驗收：讓一艘紙船通過",
    "颱風假 🌀 和編譯器關在塔裡的一天",
    "[Day 21] 從一座塔到一串塔 🗼🗼",
    "[Day 22] 訊號怎麼傳 📡 (上) | 無線電",
    "[Day 23] 訊號怎麼傳 📡 (中) | 重送與順序",
    "[Day 24] 訊號怎麼傳 📡 (下) | 用 Rust 寫航海筆記",
    "[Day 25] 預報怎麼算 🧮 (上) | 昨天的潮",
    "[Day 26] 預報怎麼算 🧮 (下) | 係數放哪裡？",
    "[Day 27] 燈怎麼不熄 🔋 (上) | 輪班",
    "[Day 28] 燈怎麼不熄 🔋 (下) | 裝進容器搬上岸",
    "[Day 29] 塔頂專欄 🎞️ | 自動化之後，守塔人去哪裡？",
    "[Day 30] 熄燈——三十天的總整理與感謝名單 🎉",
)


def _nouns(position: int) -> str:
    return f"Day{position}：{'、'.join(phrases.NOUNS[position : position + 2])}——先求有再求好"


_TITLES = {
    SERIES_ID: TITLES,
    OLD_SERIES_ID: tuple(f"Day {day:02} 第 {day} 潮" for day in range(1, 31)),
    STRANGER_SERIES_ID: (*(f"Day {day}: 第 {day} 摺" for day in range(1, 30)), "Day 30: 下水典禮"),
    UNFINISHED_ID: tuple(map(_nouns, range(1, 13))),
    TEAM_SERIES_ID: tuple(map(_nouns, range(1, 9))),
}

INDEX = f"https://{BLOG}/en/posts/thirty-nights/"
INDEX_ZH = f"https://{BLOG}/posts/thirty-nights/"
SERIES = series_url(AUTHOR.id, SERIES_ID)
_STRANGER_SERIES = series_url(STRANGER.id, STRANGER_SERIES_ID)
_INVENTED = note("Demonstration", "Invented for the demonstration of archiver: nobody wrote this.")
_GROUPS = (("1. Dusk", 2, 9), ("2. The watch log", 10, 19), ("3. Typhoon", 20, 20), ("4. A row of towers", 21, 29))


def _groups(titles: tuple[str, ...]) -> tuple[Group, ...]:
    """The parts of each group; `titles` from part 2 on."""
    return tuple(
        Group(name, tuple(Link(titles[day - 2], article_url(PART_IDS[day - 1])) for day in range(first, last + 1)))
        for name, first, last in _GROUPS
    )


_ENGLISH = (
    f"{_INVENTED}\n<blockquote>\n<p>Thirty nights, a lamp, and a lighthouse that does not exist.</p>\n</blockquote>\n"
    f'<hr>\n{heading(2, "Tonight’s ship")}<p><img src="/_astro/ship.Bx1.webp" alt="A paper boat" width="600"'
    f' height="400" loading="lazy" decoding="async"></p>\n{heading(2, "In the morning")}<p>I read '
    f"{external('https://books.example/tides/', 'a book of tides')} and kept the lamp lit. Another invented series:"
    f" {external(_STRANGER_SERIES, 'a paper boat in thirty days')}.</p>\n"
)
_CHINESE = (
    f"{note('虛構示範', '為了示範 archiver 而編造，不是任何人的作品。')}\n"
    "<blockquote>\n<p>三十個晚上、一盞燈，和一座不存在的燈塔。</p>\n</blockquote>\n<hr>\n"
    f'{heading(2, "今晚的船")}<p><img src="/_astro/ship.Bx1.webp" alt="紙船" loading="lazy"></p>\n'
    f"{heading(2, '天亮以後')}<p>參考了{external('https://books.example/tides/', '一本潮汐的書')}。另一個編造的系列："
    f"{external(_STRANGER_SERIES, '三十天摺一艘紙船')}。</p>\n"
)
_INDEXES = (
    Index(
        INDEX, "en", "Thirty nights at a lighthouse that does not exist", INDEX_ZH, _ENGLISH, "Article index",
        _groups(tuple(f"[Day {day:02}] Night {day} at the lighthouse 🗼" for day in range(2, 30))),
    ),
    Index(
        INDEX_ZH, "zh-TW", "一座不存在的燈塔，三十個晚上", INDEX, _CHINESE, "文章索引",
        _groups((*TITLES[1:19], f"[Day 20] {TITLES[19]}", *TITLES[20:])),
    ),
)  # fmt: skip

CAST = Cast(
    Blog(BLOG, "Nobody’s lighthouse", ((f"https://{ITHOME}/users/{AUTHOR.id}/ironman", "iThome"),)),
    _SERIES, _TITLES,
    Article(
        ORDINARY_ID, WRITER, "[虛構示範] 搬燈塔那一夜，我們學會的十件事", "",
        datetime(2022, 11, 5, 14, 3, 21, tzinfo=TAIPEI), tags=("維運", "燈塔"), views=1893, likes=12,
    ),
    READERS, _INDEXES, NOTICE, dead_until=2,
)  # fmt: skip
"""Who writes what in the demonstration."""
