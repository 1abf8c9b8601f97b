"""The rules of DESIGN §2: who may import whom and what."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "archiver"
MODULES = sorted(ROOT.rglob("*.py"))

ONLY_IN = {
    "httpx": {"web"},
    "h11": {"web"},
    "tenacity": {"web"},
    "selectolax": {"pages", "export"},
    "nh3": {"pages", "browse"},
    "html_to_markdown": {"pages"},
    "imagesize": {"pages"},
    "magika": {"pages"},
    "sqlite3": {"archive", "browse"},
    "sqlite_utils": {"archive", "browse"},
    "click": {"cli"},
    "rich": {"terminal"},
    "warcio": {"export"},
    "datasette": {"browse"},
    "jinja2": {"browse"},
    "pygments": {"browse"},
}
MAY_IMPORT = {
    "model": set(),
    "text": set(),
    "errors": set(),
    "disk": set(),
    "streams": set(),
    "clock": set(),
    "interruption": set(),
    "rules": set(),
    "copies": {"model", "text"},
    "readings": {"model"},
    "urls": {"model", "text"},
    "diff": set(),
    "notify": {"text"},
    "verdict": {"model", "readings", "rules", "text", "urls"},
    "pages": {"model", "readings", "text", "urls", "pages"},
    "web": {"model", "copies", "text", "urls", "config", "clock", "errors", "web"},
    "archive": {
        "model",
        "readings",
        "copies",
        "rules",
        "text",
        "urls",
        "config",
        "disk",
        "errors",
        "verdict",
        "archive",
        "interruption",
    },
    "rescue": {"model", "readings", "copies", "text", "urls", "disk", "errors", "pages", "rescue"},
    "standin": {"model", "text", "urls", "standin"},
}


# The modules of a room that put rooms together: they may import any.
ORCHESTRATING = {
    "rescue/asking.py", "rescue/searching.py", "rescue/rescuing.py", "rescue/sending.py", "rescue/pushing.py",
}  # fmt: skip


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "archiver" else {node.module}
            )
    return found


def test_a_room_imports_only_what_its_rule_allows() -> None:
    astray = []
    for path in MODULES:
        allowed = None if path.relative_to(ROOT).as_posix() in ORCHESTRATING else MAY_IMPORT.get(room(path))
        ours = {name.split(".")[1] for name in imports(path) if name.startswith("archiver.")} - {"__version__"}
        if allowed is not None and not ours <= allowed:
            astray.append(f"{path.relative_to(ROOT)} imports {sorted(ours - allowed)}")

    assert astray == []


def test_a_library_is_used_only_in_its_room() -> None:
    astray = []
    for path in MODULES:
        used = {name.split(".")[0] for name in imports(path)}
        if elsewhere := sorted(name for name in used & set(ONLY_IN) if room(path) not in ONLY_IN[name]):
            astray.append(f"{path.relative_to(ROOT)} imports {elsewhere}")

    assert astray == []


def test_a_module_stays_short() -> None:
    lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in MODULES}

    assert {name: count for name, count in lines.items() if count > 450} == {}


def test_selectors_stand_only_in_pages() -> None:
    users = {room(path) for path in MODULES if ".css_first(" in path.read_text("utf-8")}

    assert users <= {"pages", "export"}
