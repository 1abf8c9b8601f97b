"""An article's page (docs/site.md §5): contest article, ordinary article, mobile twin, with comments and replies."""

from __future__ import annotations

from urllib.parse import quote

from archiver.standin.render import SITE_NAME, Moment, article_url, chrome, excerpt, local, series_url, sidebar
from archiver.standin.templates import escape, fill
from archiver.standin.wire import ITHOME
from archiver.standin.world import Article, Remark, Series, Site

_CATALOG = 5  # the catalog shows the last parts only (docs/site.md §5.2)


def article_page(world: Site, article: Article, moment: Moment) -> str:
    """The desktop page of an article."""
    series = world.series[article.series_id] if article.series_id is not None else None
    content = fill(
        "article.html",
        id=article.id,
        icon=fill("article_icon.html", edition=series.edition, path=series.contest_path, contest=series.contest)
        if series
        else "",
        badge=fill("article_badge.html", badge=_blank(article.badge)) if series else "",
        likes=article.likes,
        header=_contest_header(series, article, moment) if series else _ordinary_header(article, moment),
        body=article.html,
        comment_count=_blank(article.comment_count or None),
        series=_series_box(world, series, article) if series else "",
        comments=_comments(article),
        reply_status="" if article.comments else '<h4 class="text-center">尚未有邦友留言</h4>',
        sidebar=sidebar(world, moment),
    )
    return chrome(
        content, moment,
        title=f"{article.title} - {SITE_NAME}", url=article_url(article.id), description=excerpt(article.html, 100),
        head=fill("article_head.html"), tail=fill("article_tail.html"),
    )  # fmt: skip


def mobile_page(article: Article, moment: Moment) -> str:
    """The mobile twin: the same article in a plainer frame. Its real HTML has not been seen (docs/site.md §17)."""
    content = (
        f'<div class="qa-panel">\n{_ordinary_header(article, moment)}\n<div class="qa-markdown"><div class="markdown">'
        f'<div class="markdown__style">\n{article.html}\n</div></div></div>\n</div>\n{_comments(article)}'
    )
    return fill(
        "mobile.html",
        title=escape(f"{article.title} - {SITE_NAME}"), description=excerpt(article.html, 100),
        url=article_url(article.id), content=content, token=moment.token, ray=moment.ray, stamp=moment.stamp,
    )  # fmt: skip


def _blank(number: int | None) -> str:
    return "" if number is None else str(number)


def _tags(article: Article) -> str:
    return "".join(fill("tag.html", quoted=quote(tag, safe=""), tag=escape(tag)) for tag in article.tags)


def _contest_header(series: Series, article: Article, moment: Moment) -> str:
    return fill(
        "article_header.html",
        path=series.contest_path, slug=series.group_slug, group=escape(series.group),
        series_url=series_url(series.author.id, series.id), series_title=escape(series.title),
        position=article.position, title=escape(article.title), tags=_tags(article),
        user=article.author.id, center=article.author.center_id, name=escape(article.author.nickname),
        views=moment.views(article), time=local(article.published), team=_team(series),
    )  # fmt: skip


def _team(series: Series) -> str:
    if series.team is None:
        return ""
    url = f"https://{ITHOME}/{series.contest_path}/signup/team/{series.team.id}"
    badge = '<span class="team-badge">團隊</span>'
    return f'<div><a href="{url}" class="ir-article-info__team">{badge}{escape(series.team.name)}</a></div>'


def _ordinary_header(article: Article, moment: Moment) -> str:
    return fill(
        "ordinary_header.html",
        title=escape(article.title), tags=_tags(article), user=article.author.id,
        name=escape(article.author.nickname), time=local(article.published), views=moment.views(article),
    )  # fmt: skip


def _series_box(world: Site, series: Series, article: Article) -> str:
    before, after = world.neighbours(article)
    parts = world.parts(series.id)
    return fill(
        "article_series.html",
        previous=_neighbour(before, "left", "上一篇"), next=_neighbour(after, "right", "下一篇"),
        series_url=series_url(series.author.id, series.id), series_title=escape(series.title), count=len(parts),
        feed_url=f"https://{ITHOME}/rss/series/{series.id}", subscribers=series.subscribers,
        catalog="".join(
            fill("article_catalog_item.html", position=part.position, id=part.id, title=escape(part.title))
            for part in parts[-_CATALOG:]
        ),
    )  # fmt: skip


def _neighbour(part: Article | None, side: str, label: str) -> str:
    if part is None:
        return ""
    return fill("article_neighbour.html", id=part.id, side=side, label=label, title=escape(part.title))


def _comments(article: Article) -> str:
    """All comments. No real page with any has been seen: written from the class names of docs/site.md §7."""
    if not article.comments:
        return ""
    sort = "".join(
        f'<a href="{article_url(article.id)}?sort={kind}" class="qa-status__link" data-type="{kind}">{text}</a>'
        for kind, text in (("old", "由舊到新"), ("new", "由新到舊"))
    )
    heading = f'        <div class="qa-status clearfix"><h3>{len(article.comments)} 則留言</h3>{sort}</div>\n'
    return heading + "".join(_comment(comment) for comment in article.comments)


def _comment(comment: Remark) -> str:
    return fill(
        "comment.html", **_who(comment), likes=comment.likes, center=comment.author.center_id,
        reply_count=len(comment.replies) or "", replies=_replies(comment),
    )  # fmt: skip


def _replies(comment: Remark) -> str:
    """Replies; when there are several, the older ones are collapsed, yet present in the HTML."""
    if not comment.replies:
        return ""
    *before, last = (fill("reply.html", **_who(reply)) for reply in comment.replies)
    more = '<a class="loadmore-comments" href="#">看更多先前的回應</a>\n<div class="comment__previous">\n'
    older = f"{more}{''.join(before)}</div>\n" if before else ""
    return f'                <div class="comment" id="comment-{comment.id}">\n{older}{last}                </div>\n'


def _who(comment: Remark) -> dict[str, object]:
    return {
        "id": comment.id,
        "user": comment.author.id,
        "name": escape(comment.author.nickname),
        "level": comment.author.level,
        "time": local(comment.published),
        "body": comment.html.rstrip("\n"),
    }
