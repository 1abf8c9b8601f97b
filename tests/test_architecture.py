"""The rules of DESIGN §2: who may import whom and what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_its_rule_allows(path: Path) -> None:
    allowed = None if path.relative_to(ROOT).as_posix() in ORCHESTRATING else MAY_IMPORT.get(room(path))
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("archiver.")} - {"__version__"}

    assert allowed is None or ours <= allowed, f"{path.name} imports {sorted(ours - (allowed or set()))}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_is_used_only_in_its_room(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)}
    astray = {name for name in used & set(ONLY_IN) if room(path) not in ONLY_IN[name]}

    assert not astray, f"{path.name} imports {sorted(astray)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_short(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") <= 450


def test_selectors_stand_only_in_pages() -> None:
    users = {room(path) for path in MODULES if ".css_first(" in path.read_text("utf-8")}

    assert users <= {"pages", "export"}
