"""The table of docs/design.md 'The rooms': who may import whom and what."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

from parsed import nodes, tree

from archiver import cli

ROOT = Path(__file__).parents[1] / "archiver"
MODULES = sorted(ROOT.rglob("*.py"))

ONLY_IN = {
    "httpx": {"web"},
    "h11": {"web"},
    "tenacity": {"web"},
    "selectolax": {"pages"},
    "nh3": {"pages", "browse"},
    "html_to_markdown": {"pages"},
    "imagesize": {"pages"},
    "magika": {"pages"},
    "sqlite3": {"archive", "browse", "exports"},
    "sqlite_utils": {"archive", "browse"},
    "click": {"cli"},
    "rich": {"report"},
    "datasette": {"browse"},
    "jinja2": {"browse", "exports"},
    "libzim": {"exports"},
    "pyarrow": {"exports"},
    "warcio": {"exports"},
    "pygments": {"browse"},
}

# Every room, from the ground up: a room imports only what stands before it here, and of that only what is named.
MAY_IMPORT: dict[str, set[str]] = {
    "text": set(),
    "errors": set(),
    "urls": set(),
    "machine": set(),
    "standin": set(),
    "unpack": {"errors"},
    "model": set(),
    "config": {"errors", "machine", "text"},
    "ithome": {"model", "text", "urls"},
    "diff": {"model", "text"},
    "verdict": {"config", "ithome", "model", "urls"},
    "pages": {"ithome", "model", "text", "urls"},
    "web": {"config", "ithome", "machine", "model", "text", "urls", "unpack"},
    "archive": {
        "config", "errors", "ithome", "machine", "model", "text", "unpack", "urls", "verdict",
    },
    "formats": {"errors", "machine", "model", "pages", "text", "urls", "unpack"},
    "holders": {"errors", "formats", "ithome", "model", "pages", "text", "urls", "unpack"},
    "browse": {"archive", "errors", "machine", "model", "pages", "text"},
    "exports": {
        "archive", "browse", "errors", "ithome", "machine", "model", "pages", "text", "urls",
    },
    "commands": {
        "archive", "config", "diff", "errors", "exports", "formats", "holders", "ithome", "machine", "model", "pages",
        "text", "urls", "verdict", "web",
    },
    "report": {
        "archive", "commands", "diff", "holders", "model", "text", "urls",
    },
    "cli": {
        "archive", "browse", "commands", "config", "errors", "exports", "machine", "pages", "report",
        "standin", "text",
    },
    "__main__": {"cli", "machine"},
    "__init__": {"archive", "commands", "config", "errors", "exports", "machine", "model"},  # each when it is named
}  # fmt: skip


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    found = set()
    for node in nodes(path):
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
        ours = {name.split(".")[1] for name in imports(path) if name.startswith("archiver.")}
        if not_allowed := ours - {room(path)} - MAY_IMPORT[room(path)]:
            astray.append(f"{path.relative_to(ROOT)} imports {sorted(not_allowed)}")

    assert astray == []


def test_every_room_has_its_rule_and_no_rule_allows_what_nobody_needs() -> None:
    used: dict[str, set[str]] = {room(path): set() for path in MODULES}
    for path in MODULES:
        used[room(path)] |= {name.split(".")[1] for name in imports(path) if name.startswith("archiver.")} - {
            room(path)
        }

    assert used == MAY_IMPORT


def test_the_house_stays_one_that_a_newcomer_can_hold_in_mind() -> None:
    floors: dict[str, int] = {}
    for name, below in MAY_IMPORT.items():  # a KeyError is a room that imports one that stands above it
        floors[name] = 1 + max((floors[one] for one in below), default=0)

    assert len(MAY_IMPORT) <= 24
    assert max(floors.values()) <= 10
    assert sum(map(len, MAY_IMPORT.values())) <= 105  # arrows


# What a room or command does is tested under its name; or under this one, where that is what is looked at.
TESTED_UNDER = {
    "__init__": "python", "__main__": "cli", "commands": "fetch", "errors": "mistakes", "machine": "interruption",
    "model": "closed_lists", "ithome": "urls", "export": "exports", "forget": "sources",
    "parse": "archive", "serve": "browse", "status": "report_status", "why": "report_why",
}  # fmt: skip


def test_every_room_and_command_has_its_tests_under_its_name() -> None:
    written = [path.stem for path in Path(__file__).parent.glob("test_*.py")]
    names = {*MAY_IMPORT, *cli.archiver.commands}

    assert TESTED_UNDER.keys() <= names, "what is no more needs no place"
    files = {name: f"test_{TESTED_UNDER.get(name, name)}" for name in sorted(names)}
    assert [file for file in files.values() if not any(f"{stem}_".startswith(f"{file}_") for stem in written)] == []


def test_a_library_is_used_only_in_its_room() -> None:
    astray = []
    for path in MODULES:
        used = {name.split(".")[0] for name in imports(path)}
        if elsewhere := sorted(name for name in used & set(ONLY_IN) if room(path) not in ONLY_IN[name]):
            astray.append(f"{path.relative_to(ROOT)} imports {elsewhere}")

    assert astray == []


def test_a_module_stays_short() -> None:
    lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in MODULES}

    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_selectors_stand_only_in_pages() -> None:
    users = {room(path) for path in MODULES if ".css_first(" in path.read_text("utf-8")}

    assert users <= {"pages"}


def module_of(path: Path) -> str:
    return ".".join(("archiver", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


NAMES = {module_of(path): path for path in MODULES}


def imports_at_its_top(path: Path) -> set[str]:
    """The modules of ours that are imported when this one is, `if TYPE_CHECKING` included."""
    found: set[str] = set()
    left: list[ast.stmt] = [*tree(path).body]
    while left:
        node = left.pop()
        if isinstance(node, ast.If | ast.Try):
            left += node.body + node.orelse
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {name if (name := f"{node.module}.{alias.name}") in NAMES else node.module for alias in node.names}
    return (found & NAMES.keys()) - {module_of(path)}


def test_no_modules_import_each_other_in_a_circle() -> None:
    waiting = {name: imports_at_its_top(path) for name, path in NAMES.items()}
    del waiting["archiver"]  # it imports each when it is named, and others their version from it
    while ready := [name for name, wanted in waiting.items() if not wanted & waiting.keys()]:
        for name in ready:
            del waiting[name]

    assert waiting == {}


def names_of(path: Path) -> list[str]:
    """The classes of a module, wherever they stand, and what it calls types beside them."""
    classes = [node.name for node in nodes(path) if isinstance(node, ast.ClassDef)]
    targets = [node.targets[0] for node in tree(path).body if isinstance(node, ast.Assign)]
    types = [node.id for node in targets if isinstance(node, ast.Name) and not node.id.isupper()]
    return classes + [name for name in types if name.lstrip("_")[:1].isupper()]


def test_no_name_of_a_class_or_type_stands_for_two_things() -> None:
    counted = Counter(name for path in MODULES for name in names_of(path))

    assert [name for name, times in counted.items() if times > 1] == []
