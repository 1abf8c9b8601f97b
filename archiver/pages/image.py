"""What the bytes of an image say of themselves: their type by signature, their size, and whether they are all there."""

from __future__ import annotations

import io
import re

from archiver.model.readings import ImagePage
from archiver.pages import content, image_ends

PARSER = "image/1"
_SVG = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE[^>]*>\s*)?<svg\b", re.DOTALL | re.IGNORECASE)
_HEAD = 262_144  # bytes that are looked at for the size: a JPEG tells it after its thumbnails
_LARGEST = 1_000_000  # pixels a side; more is a lie


def media_type(body: bytes) -> str | None:
    """The media type of an image by its first bytes; None when it is none that we know."""
    if (raster := content.raster(body)) is not None:
        return raster
    if body.startswith(b"\x00\x00\x01\x00"):
        return "image/x-icon"
    if body.startswith(b"BM") and image_ends.is_bmp(body):
        return "image/bmp"
    return "image/svg+xml" if _SVG.match(body[:2_000]) else None


def read(body: bytes) -> ImagePage | None:
    """The image in a body; None for anything else. Never raises."""
    kind = media_type(body)
    if kind is None:
        return None
    width, height = _size(body, kind)
    return ImagePage(kind, width, height)


def is_whole(body: bytes) -> bool:
    """Whether an image goes on to where its format says that it ends; what follows after that does no harm."""
    kind = media_type(body)
    return kind is None or image_ends.WHOLE[kind](body)


def _size(body: bytes, kind: str) -> tuple[int | None, int | None]:
    """Width and height of a raster image. SVG is text that can say anything, and has no pixels."""
    if kind in {"image/svg+xml", "image/x-icon", "image/avif"}:
        return None, None
    import imagesize  # type: ignore[import-untyped]  # brings urllib.request, which a run without pictures spares

    try:
        found = imagesize.get(io.BytesIO(body[:_HEAD]))
    except Exception:  # noqa: BLE001 - bytes of anybody's, read by somebody else's code
        return None, None
    sides = [round(side) for side in found]
    return (sides[0], sides[1]) if all(0 < side <= _LARGEST for side in sides) else (None, None)
