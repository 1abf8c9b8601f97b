"""Code blocks with bytes that archives like to lose.

`NAME` and `COUNT` vary from article to article; `␠` stands for a space at the end of a line, which editors remove.
"""

SNIPPETS: tuple[tuple[str | None, str], ...] = (
    (
        "rust",
        """use std::collections::HashMap;

/// 讀取設定；找不到檔案時回傳預設值
pub fn load_NAME<T, E>(path: &str) -> Result<HashMap<String, T>, E>
where
    T: Clone + Default,
    E: From<std::io::Error>,
{
    let mut map: HashMap<String, T> = HashMap::with_capacity(COUNT);
    if !path.is_empty() && path != "-" {
        map.insert("名稱".to_string(), T::default()); // 中文註解
    }


    Ok(map)␠␠␠
}
""",
    ),
    (
        "rust",
        """#[derive(Debug, Clone, PartialEq)]
enum NAMEState<'a> {
    Idle,
    Running { step: usize, label: &'a str },
    Failed(Box<dyn std::error::Error>),
}

fn main() {
    let s = r#"原始字串 "quoted" 與 \\ 反斜線"#;
    println!("{s} {} {:?}", 1 << COUNT % 8, Some('\\''));
    assert!(1 < 2 && 3 > 2 || false);
}
""",
    ),
    (
        "python",
        '''def train_NAME(rows: list[dict[str, float]], *, epochs: int = COUNT) -> float:
    """訓練一個小模型。

    >>> train_NAME([{"x": 1.0}])
    0.0
    """
    loss = 0.0
    for epoch in range(epochs):
\t# 這一行用 tab 縮排，別學
        loss += sum(row["x"] ** 2 for row in rows if row and "x" in row)
        print(f"{epoch:>3} {loss:.4f} <- loss")␠␠␠
    return loss if loss < 1e9 else float("inf")
''',
    ),
    (
        "toml",
        """[package]
name = "NAME"
version = "0.COUNT.0"
edition = "2021"

[dependencies]
serde = { version = "1", features = ["derive"] }   # 尾端有空白␠␠␠
tokio = { version = "1", features = ["full"] }

[profile.release]
lto = true
""",
    ),
    (
        "bash",
        r"""#!/usr/bin/env bash
set -euo pipefail
export MODEL_DIR="$HOME/models/NAME" && mkdir -p "$MODEL_DIR"
for f in *.csv; do
	[ -s "$f" ] || { echo "跳過 $f" >&2; continue; }
	awk -F',' 'NR > 1 && $3 >= COUNT { print $1 "\t" $2 }' "$f" | sort -u > "${f%.csv}.tsv"
done
curl -fsS "http://localhost:8000/predict?id=COUNT&verbose=1" | jq '.result[] | select(.score > 0.5)'
cat <<'EOF'
`反引號` 與 $(不會展開)
EOF
""",
    ),
    (
        "yaml",
        """name: NAME
on:
  push:
    branches: [ "main" ]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          cargo build --release && cargo test -- --nocapture
          echo "${{ github.sha }}" > build.txt

      - name: 上傳產物 📦
        if: ${{ success() }}
        timeout-minutes: COUNT
""",
    ),
    (
        "json",
        """{
  "model": "NAME",
  "labels": ["貓", "狗", "\\u6d77\\u7d50", null],
  "threshold": 0.COUNT,
  "path": "C:\\\\data\\\\NAME\\\\train.csv",
  "nested": {"a": {"b": {"c": [1, 2, {"d": true}]}}},
  "html": "<b>不是標籤</b> &amp; 也不是實體"
}
""",
    ),
    (
        "text",
        """專案結構
├── crates/
│   ├── NAME/          # 核心
│   └── NAME-cli/      # 命令列
├── data\t\t(不進版控)
└── README.md

PS C:\\Users\\me\\NAME> .\\run.ps1 -Verbose
train → evaluate → package → deploy   (COUNT 步)
""",
    ),
    (
        None,
        """error[E0502]: cannot borrow `items` as mutable because it is also borrowed as immutable
  --> src/NAME.rs:COUNT:5
   |
 4 |     let first = &items[0];
   |                  ----- immutable borrow occurs here
 5 |     items.push(6);
   |     ^^^^^^^^^^^^^ mutable borrow occurs here
""",
    ),
    (
        "mermaid",
        """flowchart LR
    A[資料] -->|清洗| B(特徵 NAME)
    B --> C{夠好嗎?}
    C -- 是 --> D[[部署]]
    C -- 否 --> A
""",
    ),
    (
        "markdown",
        """# 文件範本

```rust
fn nested() -> &'static str { "fence in a fence" }
```

````text
四個反引號包住三個 ``` 的情況
````

| 欄 | 值 |
|----|----|
| a  | `x | y` |
""",
    ),
    (
        "html",
        """<!-- 這是註解 -->
<div class="markdown__style" onclick="alert('不會執行')">
  <script>if (a < b && b > COUNT) { document.title = "NAME"; }</script>
  &lt;已經跳脫過一次&gt;
</div>
""",
    ),
    (
        "sql",
        "SELECT * FROM NAME WHERE note = 'it''s' AND tag IN ("  # noqa: S608  a text to show, never a query
        + ", ".join(f"'標籤{number}'" for number in range(120))
        + ") -- 非常長的一行\nLIMIT COUNT;\n",
    ),
    (
        "diff",
        """--- a/NAME.py
+++ b/NAME.py
@@ -1,3 +1,3 @@
 def f(x):
-    return x+1␠
+    return x + COUNT
\\ No newline at end of file
""",
    ),
    ("dockerfile", "FROM rust:1.72 AS build\nWORKDIR /src\nCOPY . .\n\nRUN cargo build --release \\\n\t&& strip target/release/NAME\nEXPOSE COUNT\n"),  # noqa: E501  a long line is meant
    ("cpp", "template <typename T, typename U>\nauto NAME(T&& a, U&& b) -> decltype(a + b) { return a + b; }\nint main() { return COUNT >> 2 & 1; }\n"),  # noqa: E501
)  # fmt: skip
