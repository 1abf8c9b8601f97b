"""The words of the invented articles. `{a}` to `{d}` are nouns, `{n}` a number, `{c}` inline code."""

NOUNS = (
    "借用檢查器", "所有權", "生命週期", "型別系統", "迭代器", "錯誤處理", "非同步執行期", "序列化格式", "特徵工程",
    "模型版本", "推論服務", "資料管線", "容器映像", "量化權重", "批次任務", "快取", "佇列", "單元測試", "基準測試",
    "監控面板", "特徵儲存庫", "訓練腳本", "實驗紀錄", "回歸測試", "資料漂移", "相依管理", "建置快取", "部署流程",
    "環境變數", "日誌", "追蹤編號", "設定檔", "向量資料庫", "提示詞範本", "健康檢查", "滾動更新", "藍綠部署",
    "記憶體配置", "執行緒池", "背壓", "逾時", "重試策略", "介面定義", "資料合約", "欄位驗證", "版本標籤",
)  # fmt: skip

INLINE_CODE = (
    "Result<T, E>", "cargo test", "Option<&str>", "a && b", "**kwargs", "x | y", "<br>", "__init__", "&mut self",
    "Vec<u8>", "C:\\data\\train.csv", "s3://bucket/models/*", "{{ item }}", "i += 1", "$HOME/.cargo", "$$x^2$$",
    "fn main()", "Box<dyn Error>", "#[derive(Debug)]", "[a](b)", "`tick`", "~/models", "\\n", "1_000_000", "'static",
)  # fmt: skip

SENTENCES = (
    "很多人第一次碰到{a}，會以為它只和{b}有關；真正動手之後才發現，{c}才是決定成敗的那一塊。",
    "先把話說在前頭：{a}不是銀彈，它能解決的是「{b}太晚才發現問題」這件事——而且只解決一半。",
    "如果你的{a}每週都要人工重跑，那麼問題多半不在{b}，而在{c}、{d}與交接文件之間的縫隙。",
    "昨天我們把{a}拆成三層，今天要處理的是最麻煩的第 {n} 種狀況：{b}和{c}同時失敗。",
    "我在自己的筆電上量了 {n} 次，{a}的耗時大約落在 {n} 毫秒上下，和{b}比起來幾乎可以忽略。",
    "把 {c} 寫進{a}之後，編譯器就會替我們守住{b}，不必再靠 code review 的眼力。",
    "這裡有個小陷阱：{a}預設會吃掉錯誤，於是{b}看起來永遠是綠燈，直到{d}整個停擺。",
    "換句話說，{a}描述的是「應該長什麼樣子」，{b}描述的是「現在長什麼樣子」；兩者之差就是今天的工作量。",
    "為了避免誤會，本文說的{a}一律指正式環境那一份，測試用的{b}會另外標示（見下表）。",
    "有讀者問：那{a}到底該不該進版本控制？我的答案是該，但{b}不該，因為它每次重建都會變。",
    "經驗法則是：只要{a}需要三個人以上維護，就值得替它寫{b}；少於三個人，先寫 README。",
    "Rust 在這裡幫了大忙，{c} 這個型別把「可能沒有值」寫在臉上，{a}想裝作沒看到都不行。",
    "當{a}的數量超過 {n}，原本線性的做法就會拖垮{b}，這時候才輪到{d}上場。",
    "別急著最佳化！先用{a}把現況量出來，再回頭看{b}是不是真的慢。",
    "踩雷紀錄：升級到 0.{n} 版之後，{a}的預設值悄悄改了，{b}沒有報錯，只是結果全部偏了一點點。",
    "總而言之，{a}負責「對不對」，{b}負責「快不快」，{d}負責「出事的時候找得到人」。",
    "接著把{a}掛上 CI，讓每一次 push 都跑過{b}；時間大約多 {n} 秒，換來的是睡得著的夜晚 😴。",
    "從{a}搬到{b}的過程，最花時間的不是程式碼，而是那些沒有人記得的假設…以及兩份互相矛盾的文件。",
    "想像一下：凌晨三點，{a}的告警響了，你打開{b}，發現裡面只有一行「未知的錯誤」。",
    "這個做法的缺點也很明顯：{a}必須先啟動，否則{b}會在 {c} 這一行直接 panic。",
    "我們把{a}、{b}、{d}放在同一個 workspace 裡，好處是版本一起走，壞處是編譯時間也一起長大。",
    "補充一點，「{a}」這個詞在不同團隊的意思差很多——有人指流程，有人指工具，也有人只是指某個人。",
    "實測結果讓人意外：關掉{a}以後，整體吞吐量反而上升了 {n}%，原因是{b}不再搶同一把鎖。",
    "如果只記得一件事，請記得 {c}：它讓{a}失敗得早、失敗得大聲，而且失敗得可以重現。",
    "至於{a}，官方文件寫得很含蓄，實際上它會在背景每 {n} 秒醒來一次，順手把{b}清掉。",
)

OPENINGS = (
    "大家好，今天是連續發文的第 {n} 天，手邊的咖啡已經見底，{a}卻還沒跑完。",
    "上一篇結束在{a}的門口，這一篇我們直接走進去，看看{b}長什麼樣子。",
    "在正式開始之前，先回顧一下到目前為止的進度：{a}已經能動，{b}還差一點。",
    '先貼昨晚的錯誤訊息：expected "{a}", found "{b}" && 另外 {n} 行 <省略>。',
    "寫這篇之前我猶豫了很久，因為{a}實在太容易引戰了——但{b}沒有它就講不下去。",
)

HEADINGS = (
    "為什麼需要{a}？", "動手做：替{a}加上{b}", "{a}與{b}的分工", "先看結果，再看{a}", "踩雷區：{a}", "回頭檢查{a}",
    "小結：{a}教會我的事", "把{a}搬進容器", "{a} × {b}", "FAQ｜關於{a}", "延伸閱讀：{a}", "`{a}` 不是 `{b}`",
)  # fmt: skip

LIST_ITEMS = (
    "{a}要能重跑，而且結果相同", "{b}只讀不寫", "每一筆{a}都要有時間與來源", "先關掉{a}，再開{b}",
    "{a}的上限是 {n}，超過就排隊", "不要把{a}寫死在程式裡", "{a}失敗時，{b}必須知道", "留下{a}的校驗碼",
)  # fmt: skip

QUOTES = (
    "工具會換，{a}的紀律不會。",
    "測不到的{a}，就當它不存在。",
    "今天省下的{a}，明天會從{b}加倍要回來。",
)

TABLE_HEADS = ("項目", "用途", "預設值", "備註", "Python 🐍", "Rust 🦀", "耗時（ms）", "狀態")

COMMENTS = (
    "感謝分享！請問{a}的部分如果改用{b}，會不會比較省資源？",
    "照著做到一半卡在{a}，後來發現是{b}的版本不對，升級之後就過了。",
    "推這篇，尤其是講{a}的那一段——我們公司也踩過一模一樣的坑。",
    "小小勘誤：第二段的{a}應該是{b}吧？其他都很清楚，謝謝。",
    "已訂閱，期待明天的{a}篇 🎉",
)

REPLIES = (
    "謝謝留言！{a}確實可以換成{b}，不過要注意{d}。",
    "已更正，感謝提醒 🙏",
    "這部分會在後面談{a}時再補充。",
    "我這邊是用{a}量的，數字僅供參考。",
)

NICKNAMES = (
    "鐵板豆腐", "半糖去冰", "Kumo", "編譯中請稍候", "阿梨", "rustacean_tw", "夜貓工程師", "NullPointer", "山羊先生",
    "小滿",
)  # fmt: skip

TITLES = (
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

ENGLISH_TITLES = (
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
