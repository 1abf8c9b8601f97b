"""Ids, names and texts of the demonstration world; bodies come from `prose`.

Ids of the two real series are facts (docs/site.md §15); everything else is invented.
"""

from archiver.standin.world import Person, Team

PART_IDS = (
    10319216, 10319293, 10321315, 10322608, 10323209, 10324013, 10324999, 10325651, 10326453, 10327495,
    10328736, 10329279, 10329850, 10330642, 10331431, 10332054, 10332674, 10332816, 10334027, 10334331,
    10335213, 10335893, 10336339, 10336919, 10337842, 10337882, 10338524, 10338993, 10339414, 10339999,
)  # fmt: skip
"""Series 5943, by position. The last id is invented: the real one is not known."""

SERIES_ID = 5943
OLD_SERIES_ID = 4111  # the 2021 series of the same author; number invented
STRANGER_SERIES_ID = 4015
STRANGER_DAY_30 = 10274317
UNFINISHED_ID, EMPTY_ID, TEAM_SERIES_ID = 5990, 6044, 9301
ORDINARY_ID = 10300077

SIZES = (4, 9, 14, 7, 12, 10, 18, 11, 22, 6, 9, 13, 16, 12, 24, 15, 10, 8, 7, 3, 12, 14, 11, 17, 9, 20, 10, 30, 8, 5)
"""Sections of each part of series 5943: from about 9 to 60 kB."""

BLANK_BADGE = 12  # the position whose badge the site shows without a number
LATE_BADGES = (18, 26)  # positions published on the day of the part before: the badge stays behind
POPULAR = (7, 15)  # positions with the most comments

AUTHOR = Person(20141304, "chihying", "chihying", 158021, "iT邦新手 3 級", 868, "資料與系統之間的橋樑工人")
STRANGER = Person(20121130, "海風碼頭", "seawind", 121877, "iT邦研究生 1 級", 2140)
RUNNER = Person(20155512, "半途的貓", "halfcat", 174020, "iT邦新手 5 級", 35)
VANISHED = Person(20161717, "昨日之人", "yesterday", 181717, "iT邦新手 5 級", 12)
WRITER = Person(20107788, "老工程師手記", "oldnotes", 99120, "iT邦大師 1 級", 15230)
TEAMMATE = Person(20172626, "雲端豆花", "cloudtofu", 201934, "iT邦新手 4 級", 580, "Cloud Nut")
TEAM = Team(512, "準時下班聯盟")

TAGS = ("rust", "mlops", "c++", "資料 工程", "ai&data")

SERIES_TITLE = "螃蟹開進資料工廠，你看過沒有？"
SERIES_DESCRIPTION = (
    "用三十天把一隻螃蟹放進 MLOps 的生產線：從工具鏈、測試、容器，一路寫到推論服務與監控。<br />"
    "不求最快，只求每一步都能重跑。"
)
OLD_TITLE = "三十天學會和資料好好相處"
OLD_TOPICS = (
    "認識資料", "欄位與型別", "缺值", "離群值", "合併", "分組", "時間序列", "文字清理", "視覺化入門", "折線與長條",
    "分布", "相關", "抽樣", "假設檢定", "迴歸", "分類", "評估", "交叉驗證", "特徵選擇", "管線",
    "叢集", "降維", "推薦", "文字向量", "影像", "部署", "監控", "倫理", "讀書清單", "完賽感言",
)  # fmt: skip
STRANGER_TITLE = "從零打造自己的資料庫引擎"
RUNNER_TITLE = "如果我三十天都沒放棄的話"
TEAM_TITLE = '後端工程師的 <LLM> 生存筆記：合約、成本 & "驗收"'

ENGLISH_NOTE = (
    '<div class="admonition admonition-note"><p class="admonition-title">Note</p>'
    "<p>This post is AI-translated from the Chinese original; where the two differ, the original is right.</p></div>"
)
