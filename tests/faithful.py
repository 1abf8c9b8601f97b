"""The stand-in's world under the numbers, names and hosts of the real series (docs/site.md §15), for faithful pages.

Numbers are facts; titles, prose and comments are invented here, too. No command of `archiver` shows any of it: what
users can run plays `archiver.standin.demo_site`.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from archiver.standin import phrases
from archiver.standin.render_lists import external, heading, note
from archiver.standin.site import site_of
from archiver.standin.world import TAIPEI, Article, Blog, Cast, Group, Index, Link, Person, Series, Site, Team

SERIES_ID, OLD_SERIES_ID, STRANGER_SERIES_ID = 5943, 4111, 4015  # the second is invented
PART_IDS = (
    10319216, 10319293, 10321315, 10322608, 10323209, 10324013, 10324999, 10325651, 10326453, 10327495,
    10328736, 10329279, 10329850, 10330642, 10331431, 10332054, 10332674, 10332816, 10334027, 10334331,
    10335213, 10335893, 10336339, 10336919, 10337842, 10337882, 10338524, 10338993, 10339414, 10339999,
)  # fmt: skip
"""Series 5943, by position. The last id is invented: the real one is not known."""

_OLD_IDS = tuple(10265101 + 613 * number for number in range(30))
_STRANGER_DAY_30 = 10274317
_UNFINISHED_ID, _EMPTY_ID, _TEAM_SERIES_ID = 5990, 6044, 9301

_AUTHOR = Person(20141304, "chihying", "chihying", 158021, "iT邦新手 3 級", 868, "資料與系統之間的橋樑工人")
_STRANGER = Person(20121130, "海風碼頭", "seawind", 121877, "iT邦研究生 1 級", 2140)
_RUNNER = Person(20155512, "半途的貓", "halfcat", 174020, "iT邦新手 5 級", 35)
_VANISHED = Person(20161717, "昨日之人", "yesterday", 181717, "iT邦新手 5 級", 12)
_WRITER = Person(20107788, "老工程師手記", "oldnotes", 99120, "iT邦大師 1 級", 15230)
_TEAMMATE = Person(20172626, "雲端豆花", "cloudtofu", 201934, "iT邦新手 4 級", 580, "Cloud Nut")
_TEAM = Team(512, "準時下班聯盟")
_NICKNAMES = (
    "鐵板豆腐", "半糖去冰", "Kumo", "編譯中請稍候", "阿梨", "rustacean_tw", "夜貓工程師", "NullPointer", "山羊先生",
    "小滿",
)  # fmt: skip
_READERS = tuple(
    Person(20130000 + 17 * number, name, f"user{number}", 140000 + number) for number, name in enumerate(_NICKNAMES)
)

_SERIES_DESCRIPTION = (
    "用三十天把一隻螃蟹放進 MLOps 的生產線：從工具鏈、測試、容器，一路寫到推論服務與監控。<br />"
    "不求最快，只求每一步都能重跑。"
)
_OLD_TOPICS = (
    "認識資料", "欄位與型別", "缺值", "離群值", "合併", "分組", "時間序列", "文字清理", "視覺化入門", "折線與長條",
    "分布", "相關", "抽樣", "假設檢定", "迴歸", "分類", "評估", "交叉驗證", "特徵選擇", "管線",
    "叢集", "降維", "推薦", "文字向量", "影像", "部署", "監控", "倫理", "讀書清單", "完賽感言",
)  # fmt: skip
_TITLES = (
    "[Day 01] 開賽啦！為什麼要讓螃蟹進資料團隊 🦀",
    "[Day 02] 從直譯到編譯 🐍→🦀｜一張地圖看懂兩個生態系",
    "[Day 03] 從直譯到編譯 🐍→🦀｜工具鏈、虛擬環境與套件管理",
    "[Day 04] 帶著走的開發環境 🎒，專案範本與 Dev Container",
    "[Day 05] 一鍵完成 🧨，用 Makefile 把指令收進抽屜",
    "[Day 06] 自動巡邏 🌪️ 讓 CI 每次 push 都幫你看門",
    "[Day 07] 測試 x 型別 x 資料合約 (上)",
    "[Day 08] 測試 x 型別 x 資料合約 (下)",
    "[Day 09] 從直譯到編譯 🐍→🦀｜效能、記憶體與電費帳單 ⚔️",
    "[Day 10] 鐵殼小羊 🐑 聊天機器人 (1/10)｜專案開箱",
    "[Day 11] 鐵殼小羊 🐑 聊天機器人 (2/10)｜備料與採購",
    "[Day 12] 鐵殼小羊 🐑 聊天機器人 (3/10)｜前端框架速成",
    "[Day 13] 鐵殼小羊 🐑 聊天機器人 (4/10)｜「對話」要怎麼存",
    "[Day 14] 鐵殼小羊 🐑 聊天機器人 (5/10)｜Signal & Action，誰先誰後？",
    "[Day 15] 鐵殼小羊 🐑 聊天機器人 (6/10)｜量化：把模型塞進口袋",
    "[Day 16] 鐵殼小羊 🐑 聊天機器人 (7/10)｜後端 API 與 <Stream>",
    "[Day 17] 鐵殼小羊 🐑 聊天機器人 (8/10)｜在 Rust 裡載入權重",
    "[Day 18] 鐵殼小羊 🐑 聊天機器人 (9/10)｜替介面上妝",
    "[Day 19] 鐵殼小羊 🐑 聊天機器人 (10/10)｜驗收與下一步",
    "中場休息 🏖️ 和編譯器吵架的一百種方法",
    "[Day 21] 系統設計的第一張白板 🏭 x Rust 🦀",
    "[Day 22] 資料怎麼來 🔢 (上) | 系統設計 🏭",
    "[Day 23] 資料怎麼來 🔢 (中) | 系統設計 🏭",
    "[Day 24] 資料怎麼來 🔢 (下) | 用 Rust 寫 Notebook 🦀",
    "[Day 25] 模型怎麼練 🧠 (上) | 系統設計 🏭",
    "[Day 26] 模型怎麼練 🧠 (下) | 訓練完的權重放哪裡？ 🦀",
    "[Day 27] 服務怎麼跑 🚀 (上) | 系統設計 🏭",
    "[Day 28] 服務怎麼跑 🚀 (下) | 用 Docker 打包小羊 🐑🦀",
    "[Day 29] 期末專欄 🎞️ | 資料分析會變成螃蟹的天下嗎？",
    "[Day 30] 完賽——三十天的總整理、索引與感謝名單 🎉",
)
_ENGLISH_TITLES = (
    "[Day 02] From interpreted to compiled 🐍→🦀 | One map of two ecosystems",
    "[Day 03] From interpreted to compiled 🐍→🦀 | Toolchains, environments and packages",
    "[Day 04] A workshop to carry along 🎒, project template and dev container",
    "[Day 05] One command 🧨, putting everything into a Makefile",
    "[Day 06] The night watch 🌪️ CI that looks at every push",
    "[Day 07] Tests x types x data contracts (part 1)",
    "[Day 08] Tests x types x data contracts (part 2)",
    "[Day 09] From interpreted to compiled 🐍→🦀 | Speed, memory and the power bill ⚔️",
    "[Day 10] The iron lamb 🐑 chatbot (1/10) | Unboxing",
    "[Day 11] The iron lamb 🐑 chatbot (2/10) | Shopping list",
    "[Day 12] The iron lamb 🐑 chatbot (3/10) | A front end in a day",
    "[Day 13] The iron lamb 🐑 chatbot (4/10) | How to store a conversation",
    "[Day 14] The iron lamb 🐑 chatbot (5/10) | Signal & action, who goes first?",
    "[Day 15] The iron lamb 🐑 chatbot (6/10) | Quantising: a model for the pocket",
    "[Day 16] The iron lamb 🐑 chatbot (7/10) | The back end and <Stream>",
    "[Day 17] The iron lamb 🐑 chatbot (8/10) | Loading weights in Rust",
    "[Day 18] The iron lamb 🐑 chatbot (9/10) | Make-up for the interface",
    "[Day 19] The iron lamb 🐑 chatbot (10/10) | Acceptance and what is next",
    "[Day 20] Half time 🏖️ A hundred ways to argue with the compiler",
    "[Day 21] The first whiteboard of system design 🏭 x Rust 🦀",
    "[Day 22] Where data comes from 🔢 (1) | System design 🏭",
    "[Day 23] Where data comes from 🔢 (2) | System design 🏭",
    "[Day 24] Where data comes from 🔢 (3) | Notebooks in Rust 🦀",
    "[Day 25] How models are trained 🧠 (1) | System design 🏭",
    "[Day 26] How models are trained 🧠 (2) | Where do the weights go? 🦀",
    "[Day 27] How services run 🚀 (1) | System design 🏭",
    "[Day 28] How services run 🚀 (2) | Packing the lamb with Docker 🐑🦀",
    "[Day 29] Final column 🎞️ | Will data analysis belong to the crabs?",
)


def _nouns(position: int) -> str:
    return f"Day{position}：{'、'.join(phrases.NOUNS[position : position + 2])}——先求有再求好"


_SERIES = (
    Series(
        SERIES_ID, _AUTHOR, "螃蟹開進資料工廠，你看過沒有？", _SERIES_DESCRIPTION, 2023, "AI & Data", "ai-and-data",
        PART_IDS, subscribers=27,
    ),
    Series(
        OLD_SERIES_ID, _AUTHOR, "三十天學會和資料好好相處", "資料分析的第一個月。", 2021, "AI & Data", "ai-and-data",
        _OLD_IDS, subscribers=9,
    ),
    Series(
        STRANGER_SERIES_ID, _STRANGER, "從零打造自己的資料庫引擎", "每天一個零件，三十天後會存資料。", 2021,
        "Software Development", "software-dev",
        (*(10258401 + 529 * number for number in range(29)), _STRANGER_DAY_30), subscribers=112,
    ),
    Series(
        _UNFINISHED_ID, _RUNNER, "如果我三十天都沒放棄的話", "寫到哪算到哪。", 2023, "自我挑戰組", "self-challenge",
        tuple(10320011 + 907 * number for number in range(12)), finished=False, contest_days=12, subscribers=1,
    ),
    Series(
        _EMPTY_ID, _VANISHED, "本來有十五篇", "作者已經把文章收起來了。", 2023, "Security", "security", (),
        finished=False, contest_days=15,
    ),
    Series(
        _TEAM_SERIES_ID, _TEAMMATE, '後端工程師的 <LLM> 生存筆記：合約、成本 & "驗收"',
        "八篇，與隊友一起。<br>\n不定期更新。", 2026, "AI Engineering", "ai-engineering",
        tuple(10400512 + 211 * number for number in range(8)), finished=False, contest_days=8, subscribers=6,
        team=_TEAM,
    ),
)  # fmt: skip
_TITLES_OF = {
    SERIES_ID: _TITLES,
    OLD_SERIES_ID: tuple(f"Day {day:02} {topic}" for day, topic in enumerate(_OLD_TOPICS, start=1)),
    STRANGER_SERIES_ID: (*(f"Day {day}: 第 {day} 個零件" for day in range(1, 30)), "Day 30: 終點站，引擎發動"),
    _UNFINISHED_ID: tuple(map(_nouns, range(1, 13))),
    _TEAM_SERIES_ID: tuple(map(_nouns, range(1, 9))),
}

# ─── the author's blog ──────────────────────────────────────────────────────────────────────────

_BLOG = "https://xavierforge.dev"
_ITHOME = "https://ithelp.ithome.com.tw"
_STRANGER_SERIES = f"{_ITHOME}/users/{_STRANGER.id}/ironman/{STRANGER_SERIES_ID}"
_ENGLISH_NOTE = note(
    "Note", "This post is AI-translated from the Chinese original; where the two differ, the original is right."
)


def _indexes() -> tuple[Index, ...]:
    """The 2023 index in two languages, with 28 of 30 links, and the 2021 index that also cites a stranger."""
    chinese = (*_TITLES[1:19], "[Day 20] 中場休息 🏖️ 和編譯器吵架的一百種方法", *_TITLES[20:29])
    before = (
        f"{_ENGLISH_NOTE}\n<blockquote>\n<p>My first contest.</p>\n</blockquote>\n"
        f"{heading(2, 'What I read meanwhile')}<p>Do not miss "
        f"{external(_STRANGER_SERIES, 'a database engine in thirty days')}; "
        f"my favourite is {external(_article(_STRANGER_DAY_30), 'Day 30: the engine starts')}.</p>\n"
    )
    return (
        Index(
            f"{_BLOG}/en/posts/ironman-2023/", "en", "Thirty days with a crab", f"{_BLOG}/posts/ironman-2023/",
            _english_before(), "Article index",
            _groups(
                _ENGLISH_TITLES, PART_IDS, ("1. From Python to Rust", 2, 9), ("2. Project!", 10, 19),
                ("3. Keep on Rusting", 20, 20), ("4. Rust + MLOps", 21, 29),
            ),
        ),
        Index(
            f"{_BLOG}/posts/ironman-2023/", "zh-TW", "和螃蟹相處的三十天", f"{_BLOG}/en/posts/ironman-2023/",
            _chinese_before(), "文章索引",
            _groups(
                chinese, PART_IDS, ("1. From Python to Rust", 2, 9), ("2. Project!", 10, 19),
                ("3. Keep on Rusting", 20, 20), ("4. Rust + MLOps", 21, 29),
            ),
        ),
        Index(
            f"{_BLOG}/en/posts/ironman-2021/", "en", "Thirty days with data", f"{_BLOG}/posts/ironman-2021/", before,
            "Article index",
            _groups(
                tuple(f"Day {day:02} of the data diary" for day in range(1, 30)), _OLD_IDS, ("1. Tables", 1, 10),
                ("2. Models", 11, 20), ("3. The rest", 21, 29),
            ),
        ),
    )  # fmt: skip


def _groups(titles: tuple[str, ...], ids: tuple[int, ...], *groups: tuple[str, int, int]) -> tuple[Group, ...]:
    """The parts of each group, by the days of its first and its last; `titles` end with day 29."""
    return tuple(
        Group(name, tuple(Link(titles[day - 30], _article(ids[day - 1])) for day in range(first, last + 1)))
        for name, first, last in groups
    )


def _article(number: int) -> str:
    return f"{_ITHOME}/articles/{number}"


def _english_before() -> str:
    return (
        f"{_ENGLISH_NOTE}\n<blockquote>\n<p>A contest of thirty evenings, a crab, and a data platform.</p>\n"
        "</blockquote>\n<p>This series later became a book! See "
        f"{external('https://www.books.com.tw/products/0010000000', 'books.com.tw')} and "
        f"{external('https://www.tenlong.com.tw/products/9780000000000', 'Tenlong')}.</p>\n<hr>\n"
        f'{heading(2, "Today’s Ferris")}<p><img src="/_astro/ferris.Bx1.webp" alt="A crab" width="600" height="400"'
        ' loading="lazy" decoding="async"></p>\n'
        f"{heading(2, 'Closing thoughts')}<p>I read "
        f"{external('https://huyenchip.com/ml-interviews-book/', 'a free book')}, watched "
        f"{external('https://www.youtube.com/watch?v=abcdefghijk', 'a talk')} and wrote every night. "
        f"Another crab to follow: {external(_STRANGER_SERIES, 'a database engine in thirty days')}.</p>\n"
    )


def _chinese_before() -> str:
    return (
        "<blockquote>\n<p>三十個晚上、一隻螃蟹，和一座資料工廠。</p>\n</blockquote>\n<p>這個系列後來變成一本書了！"
        f"{external('https://www.books.com.tw/products/0010000000', '博客來')}、"
        f"{external('https://www.tenlong.com.tw/products/9780000000000', '天瓏')}</p>\n<hr>\n"
        f'{heading(2, "今日份 Ferris")}<p><img src="/_astro/ferris.Bx1.webp" alt="螃蟹" loading="lazy"></p>\n'
        f"{heading(2, '完賽心得')}<p>參考了"
        f"{external('https://www.oreilly.com/library/view/x/9781098107956/', '這本書')}，"
        f"每天晚上寫一點，居然就寫完了。也推薦{external(_STRANGER_SERIES, '三十天打造資料庫引擎')}。</p>\n"
    )


@cache
def faithful_site(seed: int = SERIES_ID) -> Site:
    """Series 5943 and its indexes, the 2021 trap, and a series of every other state."""
    links = (("https://github.com/xavierforge", "GitHub"), (f"{_ITHOME}/users/{_AUTHOR.id}/ironman", "iThome"))
    ordinary = Article(
        10300077, _WRITER, "[心得] 搬機房那一夜，我們學會的十件事", "", datetime(2022, 11, 5, 14, 3, 21, tzinfo=TAIPEI),
        tags=("維運", "機房"), views=1893, likes=12,
    )  # fmt: skip
    blog = Blog(_BLOG.removeprefix("https://"), "Xavier Forge", links)
    return site_of(Cast(blog, _SERIES, _TITLES_OF, ordinary, _READERS, _indexes()), seed)
