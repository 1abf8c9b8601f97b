"""What robots.txt files allow us, written from RFC 9309 and not from any reader of such files.

Each case: the file, and for each path whether `ithome-archiver` may ask for it. The examples of the RFC are marked.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Case(NamedTuple):
    """A file, and what it allows."""

    title: str
    body: bytes
    allows: dict[str, bool]


def lines(*rows: str, end: str = "\n") -> bytes:
    return "".join(row + end for row in rows).encode()


def all_(*rows: str) -> bytes:
    """A file with rules for everybody."""
    return lines("User-agent: *", *rows)


US = "User-agent: ithome-archiver"
YES, NO = True, False

CASES: list[Case] = [
    # ─── no rules ───
    Case("empty file", b"", {"/": YES, "/a": YES}),
    Case("only white space", b" \n\t\r\n\n", {"/": YES}),
    Case("only a comment", b"# Disallow: /\n", {"/": YES}),
    Case("rules before any group (§2.2.1)", lines("Disallow: /"), {"/": YES, "/a": YES}),
    Case("rules before a group", lines("Disallow: /a", "User-agent: *", "Disallow: /b"), {"/a": YES, "/b": NO}),
    Case("a group without rules", lines("User-agent: *"), {"/": YES}),
    Case("an empty Disallow", all_("Disallow:"), {"/": YES, "/a": YES}),
    Case("an empty Disallow with spaces and a comment", all_("Disallow:   # nothing"), {"/": YES}),
    Case("an empty Allow", all_("Allow:", "Disallow: /a"), {"/a": NO, "/b": YES}),
    Case("an empty Disallow beside another", all_("Disallow:", "Disallow: /a"), {"/a": NO, "/b": YES}),
    Case("only a sitemap", lines("Sitemap: https://ithelp.ithome.com.tw/sitemap.xml"), {"/": YES}),
    Case("only for somebody else", lines("User-agent: other", "Disallow: /"), {"/": YES}),
    # ─── paths (§2.2.2) ───
    Case("everything", all_("Disallow: /"), {"/": NO, "/a": NO, "/?a": NO, "/robots.txt": YES}),
    Case("everything allowed", all_("Allow: /"), {"/": YES, "/a": YES}),
    Case(
        "a beginning",
        all_("Disallow: /fish"),
        {"/fish": NO, "/fish.html": NO, "/fishheads/x": NO, "/fish?id=1": NO, "/Fish.asp": YES, "/catfish": YES},
    ),
    Case("a folder", all_("Disallow: /fish/"), {"/fish": YES, "/fish/": NO, "/fish/a": NO, "/fish.html": YES}),
    Case("paths have case", all_("Disallow: /Admin"), {"/Admin": NO, "/admin": YES, "/ADMIN": YES}),
    Case("a query belongs to it", all_("Disallow: /a?b=1"), {"/a?b=1": NO, "/a?b=12": NO, "/a?b=2": YES, "/a": YES}),
    Case("a bare question mark", all_("Disallow: /a?"), {"/a?": NO, "/a?b": NO, "/a": YES}),
    Case("a path without slash begins no path", all_("Disallow: a"), {"/a": YES, "/": YES}),
    Case("a whole URL begins no path", all_("Disallow: https://ithelp.ithome.com.tw/a"), {"/a": YES}),
    Case("robots.txt may always be asked", all_("Disallow: /robots.txt"), {"/robots.txt": YES, "/robots.txta": NO}),
    Case("a double slash is no single one", all_("Disallow: //a"), {"/a": YES, "//a": NO}),
    Case("a fragment is no part of it", all_("Disallow: /a$"), {"/a#b": NO}),
    Case("semicolons, equals signs and commas", all_("Disallow: /a;b=c,d"), {"/a;b=c,d/e": NO, "/a;b=c": YES}),
    Case("a plus is no space", all_("Disallow: /a+b"), {"/a+b": NO, "/a%20b": YES}),
    # ─── the longest match (§2.2.2) ───
    Case(
        "the example of §5.2",
        lines(
            "User-agent: foobot",
            "Disallow: /",
            "User-agent: *",
            "Allow: /example/page/",
            "Disallow: /example/page/disallowed.gif",
        ),
        {"/example/page/": YES, "/example/page/disallowed.gif": NO, "/example/page/x": YES, "/": YES},
    ),
    Case("longer Allow", all_("Disallow: /a", "Allow: /a/b"), {"/a": NO, "/a/b": YES, "/a/bc": YES, "/a/c": NO}),
    Case("longer Allow, written first", all_("Allow: /a/b", "Disallow: /a"), {"/a": NO, "/a/b": YES}),
    Case("longer Disallow", all_("Allow: /a", "Disallow: /a/b"), {"/a": YES, "/a/b": NO, "/b": YES}),
    Case("longer Disallow, written first", all_("Disallow: /a/b", "Allow: /a"), {"/a": YES, "/a/b": NO}),
    Case("three deep", all_("Disallow: /", "Allow: /a", "Disallow: /a/b"), {"/": NO, "/a": YES, "/a/b": NO, "/c": NO}),
    Case("Allow when equally long", all_("Disallow: /a", "Allow: /a"), {"/a": YES}),
    Case("Allow when equally long, written first", all_("Allow: /a", "Disallow: /a"), {"/a": YES}),
    Case("the same path allowed and all else not", all_("Disallow: /", "Allow: /"), {"/": YES, "/a": YES}),
    Case("Google: /p against /", all_("Allow: /p", "Disallow: /"), {"/page": YES, "/": NO}),
    Case("Google: /folder twice", all_("Allow: /folder", "Disallow: /folder"), {"/folder/page": YES}),
    Case("Google: /page against a wildcard", all_("Allow: /page", "Disallow: /*.htm"), {"/page.htm": NO}),
    Case("Google: equally specific", all_("Allow: /page", "Disallow: /*.ph"), {"/page.php5": YES}),
    Case("Google: root only", all_("Allow: /$", "Disallow: /"), {"/": YES, "/page.htm": NO}),
    Case("a wildcard counts as an octet", all_("Allow: /a*b", "Disallow: /axb"), {"/axb": YES, "/axbc": YES}),
    Case("the anchor counts as an octet", all_("Disallow: /a", "Allow: /a$"), {"/a": YES, "/ab": NO}),
    Case("index.html is not its folder", all_("Disallow: /", "Allow: /index.html"), {"/index.html": YES, "/": NO}),
    Case("nor in a folder", all_("Disallow: /a/", "Allow: /a/index.html"), {"/a/index.html": YES, "/a/": NO}),
    # ─── wildcards (§2.2.3) ───
    Case("any run of octets", all_("Disallow: /a*b"), {"/ab": NO, "/a/x/b": NO, "/axbc": NO, "/a": YES, "/b": YES}),
    Case("a trailing star means nothing", all_("Disallow: /fish*"), {"/fish": NO, "/fishy": NO, "/cat": YES}),
    Case("a leading star", all_("Disallow: *.php"), {"/a.php": NO, "/a.php?x": NO, "/a/b.php5": NO, "/php": YES}),
    Case("only a star", all_("Disallow: *"), {"/": NO, "/a": NO, "/robots.txt": YES}),
    Case("a slash and a star", all_("Disallow: /*"), {"/": NO, "/a": NO}),
    Case("only an allowed star", all_("Allow: *", "Disallow: /a"), {"/b": YES, "/a": NO}),
    Case("stars in a row are one", all_("Disallow: /a**b"), {"/ab": NO, "/axb": NO, "/a": YES}),
    Case("many stars", all_("Disallow: /*a*b*c"), {"/abc": NO, "/xaybzc": NO, "/acb": YES, "/cba": YES}),
    Case("parts may not overlap", all_("Disallow: /aba*aba$"), {"/aba": YES, "/ababa": YES, "/abaaba": NO}),
    Case("the end of it", all_("Disallow: /a$"), {"/a": NO, "/a?": YES, "/a/": YES, "/ab": YES, "/": YES}),
    Case("star and end", all_("Disallow: /*.php$"), {"/a.php": NO, "/a.php?b": YES, "/a.php/": YES, "/a.phpx": YES}),
    Case("a later match at the end", all_("Disallow: /*.php$"), {"/a.php/b.php": NO, "/.php": NO}),
    Case("star before the end means nothing", all_("Disallow: /a*$"), {"/a": NO, "/ab": NO, "/b": YES}),
    Case("a dollar inside is itself", all_("Disallow: /a$b"), {"/a$b": NO, "/a": YES, "/a$": YES}),
    Case("query wildcards", all_("Disallow: /*?"), {"/a?": NO, "/?a": NO, "/a": YES}),
    Case("a named query", all_("Disallow: /*?*page="), {"/a?page=2": NO, "/a?x=1&page=2": NO, "/page=": YES}),
    Case("dots are dots", all_("Disallow: /a.b"), {"/a.b": NO, "/axb": YES}),
    Case("two dollars: a character and the end", all_("Disallow: /a$$"), {"/a$": NO, "/a$b": YES, "/a": YES}),
    Case("the end is no leave for a dollar", all_("Disallow: /", "Allow: /a$"), {"/a": YES, "/a$b": NO}),
    Case("other signs of patterns are themselves", all_("Disallow: /[a-z]+(b|c)^"), {"/a": YES, "/abc": YES}),
    Case("an encoded star is a star in the path only", all_("Disallow: /a%2Ab"), {"/a*b": NO, "/axb": YES}),
    Case("an encoded dollar is no end (§2.2.3)", all_("Disallow: /a%24"), {"/a$": NO, "/a$b": NO, "/a": YES}),
    Case("a literal dollar is not the end", all_("Disallow: /a", "Allow: /a$"), {"/a$secret": NO}),
    # ─── percent-encoding (§2.2.2, its table) ───
    Case("§2.2.2: /foo/bar?baz=quz", all_("Disallow: /foo/bar?baz=quz"), {"/foo/bar?baz=quz": NO}),
    Case(
        "§2.2.2: a URL in a query",
        all_("Disallow: /foo/bar?baz=https://foo.bar"),
        {"/foo/bar?baz=https%3A%2F%2Ffoo.bar": NO, "/foo/bar?baz=https://foo.bar": NO, "/foo/bar?baz=https:": YES},
    ),
    Case(
        "a slash in a query has two spellings and one meaning",
        all_("Disallow: /a?b=c%2Fd"),
        {"/a?b=c%2Fd": NO, "/a?b=c/d": NO, "/a?b=c": YES},
    ),
    Case("§2.2.2: outside ASCII", all_("Disallow: /foo/bar/\u30c4"), {"/foo/bar/%E3%83%84": NO, "/foo/bar/ツ": NO}),
    Case(
        "§2.2.2: the same, encoded", all_("Disallow: /foo/bar/%E3%83%84"), {"/foo/bar/%E3%83%84": NO, "/foo/bar/ツ": NO}
    ),
    Case("§2.2.2: needlessly encoded", all_("Disallow: /foo/bar/%62%61%7A"), {"/foo/bar/baz": NO, "/foo/bar/ba": YES}),
    Case("encoded in the URL", all_("Disallow: /secret"), {"/%73ecret": NO, "/%53ecret": YES}),
    Case("hex digits have no case", all_("Disallow: /%e5%bf%ab"), {"/%E5%BF%AB": NO, "/快": NO, "/%e5%bf%ab": NO}),
    Case("tilde is unreserved", all_("Disallow: /%7Eann"), {"/~ann": NO, "/%7eann": NO}),
    Case("an encoded slash is no slash", all_("Disallow: /a%2Fb"), {"/a%2Fb": NO, "/a%2fb": NO, "/a/b": YES}),
    Case("a slash is no encoded slash", all_("Disallow: /a/b"), {"/a/b": NO, "/a%2Fb": YES}),
    Case("an encoded question mark is none", all_("Disallow: /a?b"), {"/a?b": NO, "/a%3Fb": YES}),
    Case("encoded question mark in the file", all_("Disallow: /a%3Fb"), {"/a%3Fb": NO, "/a?b": YES}),
    Case("a space in the file", all_("Disallow: /a b"), {"/a%20b": NO, "/a": YES}),
    Case("a percent sign that encodes nothing", all_("Disallow: /100%"), {"/100%": NO, "/100": YES}),
    Case("bytes that are no UTF-8", b"User-agent: *\nDisallow: /\xe5x\nDisallow: /b\n", {"/b": NO, "/a": YES}),
    Case("a needless encoding makes no rule longer", all_("Disallow: /%61%62", "Allow: /abc"), {"/abc": YES}),
    Case("a sign that may be encoded counts as one", all_("Allow: /*?a=1", "Disallow: /page?a"), {"/page?a=1": NO}),
    Case("a reserved sign encoded is the same", all_("Disallow: /a:b"), {"/a%3Ab": NO}),
    Case("an encoding of an encoding stays one", all_("Disallow: /a%2541"), {"/aA": YES, "/a%41": YES, "/a%2541": NO}),
    # ─── user-agent (§2.2.1) ───
    Case("our name", lines(US, "Disallow: /a"), {"/a": NO, "/b": YES}),
    Case("our name in another case", lines("USER-AGENT: IThome-Archiver", "Disallow: /a"), {"/a": NO}),
    Case("our name, a comment behind it", lines(US + " # us", "Disallow: /a"), {"/a": NO}),
    Case("our name with a version", lines(US + "/1.0", "Disallow: /a"), {"/a": NO}),
    Case(
        "our name before everybody", lines(US, "Disallow: /a", "User-agent: *", "Disallow: /b"), {"/a": NO, "/b": YES}
    ),
    Case("everybody before our name", lines("User-agent: *", "Disallow: /", US, "Allow: /"), {"/a": YES}),
    Case("our group without rules", lines("User-agent: *", "Disallow: /", US, "Disallow:"), {"/a": YES}),
    Case("a longer name is not ours", lines(US + "-news", "Disallow: /"), {"/a": YES}),
    Case("a shorter name is not ours", lines("User-agent: ithome", "Disallow: /"), {"/a": YES}),
    Case("the end of our name is not ours", lines("User-agent: archiver", "Disallow: /"), {"/a": YES}),
    Case("one letter is not our name", lines("User-agent: i", "Disallow: /"), {"/a": YES}),
    Case("a star behind a name is no name", lines("User-agent: ithome*", "Disallow: /"), {"/a": YES}),
    Case(
        "everybody, when only others are named",
        lines("User-agent: x", "Allow: /", "User-agent: *", "Disallow: /"),
        {"/a": NO},
    ),
    Case("an empty name is nobody", lines("User-agent:", "Disallow: /"), {"/a": YES}),
    Case("a name that is no token is nobody", lines("User-agent: 你好", "Disallow: /"), {"/a": YES}),
    Case("two names, one group", lines("User-agent: x", US, "Disallow: /a"), {"/a": NO}),
    Case("two names, the other way", lines(US, "User-agent: x", "Disallow: /a"), {"/a": NO}),
    Case("us and everybody in one group", lines(US, "User-agent: *", "Disallow: /a"), {"/a": NO, "/b": YES}),
    Case(
        "groups of the same name are one",
        lines(US, "Disallow: /a", "User-agent: x", "Disallow: /b", US, "Disallow: /c"),
        {"/a": NO, "/b": YES, "/c": NO},
    ),
    Case(
        "groups for everybody are one",
        lines("User-agent: *", "Disallow: /a", "User-agent: x", "Disallow: /b", "User-agent: *", "Disallow: /c"),
        {"/a": NO, "/b": YES, "/c": NO},
    ),
    Case(
        "merged groups compare their rules",
        lines(US, "Disallow: /a", US, "Allow: /a/b"),
        {"/a": NO, "/a/b": YES},
    ),
    Case("a rule ends the list of names", lines(US, "Disallow: /a", "User-agent: x", "Disallow: /b"), {"/b": YES}),
    Case(
        "an empty rule ends the list of names too",
        lines(US, "Disallow:", "User-agent: x", "Disallow: /b"),
        {"/b": YES},
    ),
    Case("an empty line ends no group", lines(US, "", "Disallow: /a", "", "Disallow: /b"), {"/a": NO, "/b": NO}),
    Case("an empty line between names", lines(US, "", "User-agent: x", "", "Disallow: /a"), {"/a": NO}),
    Case("a comment ends no group", lines(US, "# hello", "Disallow: /a", "# x", "Disallow: /b"), {"/a": NO, "/b": NO}),
    # ─── other records must not interfere (§2.2.4) ───
    Case("a sitemap between names", lines(US, "Sitemap: /s.xml", "User-agent: x", "Disallow: /a"), {"/a": NO}),
    Case("a sitemap between rules", lines(US, "Disallow: /a", "Sitemap: /s.xml", "Disallow: /b"), {"/a": NO, "/b": NO}),
    Case(
        "a sitemap between a rule and a name",
        lines("User-agent: x", "Disallow: /", "Sitemap: /s", US, "Allow: /"),
        {"/": YES},
    ),
    Case("an unknown line between names", lines(US, "Clean-param: s", "User-agent: x", "Disallow: /a"), {"/a": NO}),
    Case("a crawl-delay between names", lines(US, "Crawl-delay: 1", "User-agent: x", "Disallow: /a"), {"/a": NO}),
    Case(
        "unknown fields",
        all_("Noindex: /a", "Disallow-not: /b", "Host: x", "Foo", "Disallow: /c"),
        {"/a": YES, "/c": NO},
    ),
    Case("HTML among the rules", all_("<b>Disallow: /a</b>", "Disallow: /b"), {"/b": NO, "/a": YES}),
    # ─── lines (§2.2) ───
    Case("LF", lines("User-agent: *", "Disallow: /a", end="\n"), {"/a": NO}),
    Case("CR LF", lines("User-agent: *", "Disallow: /a", "Disallow: /b", end="\r\n"), {"/a": NO, "/b": NO, "/c": YES}),
    Case("CR", lines("User-agent: *", "Disallow: /a", "Disallow: /b", end="\r"), {"/a": NO, "/b": NO, "/c": YES}),
    Case("all three", b"User-agent: *\rDisallow: /a\r\nDisallow: /b\nDisallow: /c", {"/a": NO, "/b": NO, "/c": NO}),
    Case("no line end at the end", b"User-agent: *\nDisallow: /a", {"/a": NO, "/b": YES}),
    Case("other separators end no line", b"User-agent: *\nDisallow: /a\x0cDisallow: /b\n", {"/b": YES}),
    Case("NEL ends no line", "User-agent: *\nDisallow: /a\x85Disallow: /b\n".encode(), {"/b": YES}),
    Case("LINE SEPARATOR ends no line", "User-agent: *\nDisallow: /a\u2028Disallow: /b\n".encode(), {"/b": YES}),
    Case("byte order mark", b"\xef\xbb\xbf" + all_("Disallow: /a"), {"/a": NO, "/b": YES}),
    Case("byte order mark, our name", b"\xef\xbb\xbf" + lines(US, "Disallow: /a"), {"/a": NO}),
    Case("NUL in a line", b"User-agent: *\nDisallow: /a\x00b\nDisallow: /c\n", {"/c": NO, "/b": YES}),
    Case("white space around everything", lines("  User-agent :  *  ", "\tDisallow\t:\t/a\t"), {"/a": NO, "/b": YES}),
    Case("no white space at all", lines("User-agent:*", "Disallow:/a"), {"/a": NO, "/b": YES}),
    Case("fields have no case", lines("uSeR-aGeNt: *", "DISALLOW: /", "aLLoW: /a"), {"/a": YES, "/b": NO}),
    Case("a comment behind a rule", all_("Disallow: /a # and /b", "Disallow: /c#d"), {"/a": NO, "/c": NO, "/b": YES}),
    Case("a comment behind a star", lines("User-agent: * # all", "Disallow: /a"), {"/a": NO}),
    Case("a commented rule", all_("#Disallow: /a", " # Disallow: /b"), {"/a": YES, "/b": YES}),
    Case("a colon in a path", all_("Disallow: /a:b"), {"/a:b": NO, "/a": YES}),
    Case("a path of 3,000 octets", all_("Disallow: /" + "a" * 3_000), {"/" + "a" * 3_000: NO, "/" + "a" * 2_999: YES}),
    Case("a rule without a colon", all_("Disallow /a", "Disallow\t/b"), {"/a": NO, "/b": NO, "/c": YES}),
    Case("a rule that is misspelt", all_("Dissallow: /a", "Disalow: /b"), {"/a": NO, "/b": NO, "/c": YES}),
    Case("a name that is misspelt", lines("Useragent: *", "Disallow: /a"), {"/a": NO, "/b": YES}),
    # ─── sizes (§2.5) ───
    Case(
        "the last rule within 500 KiB counts",
        all_(*["Disallow: /x"] * 30_000, "Disallow: /last"),
        {"/last": NO, "/x": NO, "/y": YES},
    ),
    Case(
        "a comment of 400 KiB is no obstacle",
        lines("#" + "a" * 400_000, "User-agent: *", "Disallow: /a"),
        {"/a": NO, "/b": YES},
    ),
    Case(
        "what is cut off at 500 KiB does not become a wider rule",
        (all_("Disallow: /") + b"#" * 512_000)[: 512_000 - len("\nAllow: /")] + b"\nAllow: /public\n",
        {"/secret": NO},
    ),
    # ─── files as people write them ───
    Case(
        "WordPress",
        all_("Disallow: /wp-admin/", "Allow: /wp-admin/admin-ajax.php", "", "Sitemap: https://x.example/s.xml"),
        {"/wp-admin/": NO, "/wp-admin/admin-ajax.php": YES, "/wp-admin/x": NO, "/2026/11/post": YES},
    ),
    Case(
        "a forum",
        all_("Disallow: /users/", "Disallow: /search", "Disallow: /*?sort=", "Allow: /users/*/ironman/"),
        {
            "/articles/10290001": YES,
            "/users/20140001": NO,
            "/users/20140001/ironman/6432": YES,
            "/users/20140001/ironman/6432?page=2": YES,
            "/questions?sort=new": NO,
            "/search?q=a": NO,
            "/rss/series/6432": YES,
        },
    ),
    Case(
        "crawlers shut out by name",
        lines("User-agent: GPTBot", "User-agent: CCBot", "Disallow: /", "", "User-agent: *", "Allow: /"),
        {"/": YES, "/articles/1": YES},
    ),
    Case(
        "only some crawlers let in",
        lines("User-agent: Googlebot", "Disallow:", "", "User-agent: *", "Disallow: /"),
        {"/": NO, "/articles/1": NO, "/robots.txt": YES},
    ),
]

# Crawl-delay is no part of RFC 9309; what we make of it, in seconds.
DELAYS: list[tuple[str, bytes, float | None]] = [
    ("none", all_("Disallow: /a"), None),
    ("whole seconds", all_("Crawl-delay: 10"), 10.0),
    ("a fraction", all_("Crawl-delay: 0.5"), 0.5),
    ("in another case, before a comment", all_("CRAWL-DELAY: 10 # please"), 10.0),
    ("ours, not everybody's", lines("User-agent: *", "Crawl-delay: 60", "Disallow:", US, "Crawl-delay: 5"), 5.0),
    ("somebody else's", lines("User-agent: x", "Crawl-delay: 60"), None),
    ("in a group without it", lines("User-agent: *", "Crawl-delay: 60", "Disallow:", US, "Disallow: /a"), None),
    (
        "between names (§2.2.4)",
        lines("User-agent: *", "Crawl-delay: 60", US, "Disallow:"),
        60.0,
    ),
    ("two: the longer", all_("Crawl-delay: 5", "Crawl-delay: 20"), 20.0),
    ("absurd, but a number", all_("Crawl-delay: 86400"), 86_400.0),
    ("negative", all_("Crawl-delay: -5"), None),
    ("no number", all_("Crawl-delay: soon"), None),
    ("nan", all_("Crawl-delay: nan"), None),
    ("infinite", all_("Crawl-delay: inf"), math.inf),
    ("more than any number", all_("Crawl-delay: 1e9999"), math.inf),
    ("of 400 digits", all_("Crawl-delay: " + "9" * 400), math.inf),
    ("of 400 zeroes", all_("Crawl-delay: " + "0" * 400 + "7"), 7.0),
    ("with a power", all_("Crawl-delay: 1.5e1"), 15.0),
    ("with a unit", all_("Crawl-delay: 10 seconds"), 10.0),
    ("with a unit at once", all_("Crawl-delay: 10s"), 10.0),
    ("a unit alone", all_("Crawl-delay: s"), None),
    ("empty", all_("Crawl-delay:"), None),
    ("before any group", lines("Crawl-delay: 5"), None),
]
