"""Where images end, each format by its own words: the bytes of a picture are all there, or it is cut.

Nothing is decoded. Each walk is bounded, since the bytes are anybody's: what has more pieces than any is not whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MOST_PIECES = 1_000_000
# What follows an 0xFF in JPEG and is neither a stuffed byte, a fill byte nor a restart: these stand amid the data.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_JPEG_END, _JPEG_SCAN, _JPEG_ALONE = 0xD9, 0xDA, frozenset({0x01, 0xD8})
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})  # lengths that the header of a bitmap can have
_BMP_PLAIN = frozenset({0, 3, 6})  # kinds of compression that are none: each row has its full length
_AVIF_BOXES = frozenset({b"ftyp", b"meta", b"moov", b"mdat", b"moof", b"free", b"skip", b"uuid"})  # at the top


def _little(body: bytes, place: int, length: int = 4) -> int:
    return int.from_bytes(body[place : place + length], "little")


def _big(body: bytes, place: int, length: int = 4) -> int:
    return int.from_bytes(body[place : place + length], "big")


def _png(body: bytes) -> bool:
    """Chunks up to IEND, which has a checksum too (PNG, W3C, §5.3)."""
    place = 8
    for _ in range(_MOST_PIECES):
        end = place + 12 + _big(body, place)
        if end > len(body):
            return False
        if body[place + 4 : place + 8] == b"IEND":
            return True
        place = end
    return False


def _jpeg(body: bytes) -> bool:
    """Segments and scans up to EOI (ITU T.81, §B.1.1); a thumbnail within a segment has its own, which is not it."""
    place, scanned = 2, False
    for _ in range(_MOST_PIECES):
        marker = _JPEG_MARKER.search(body, place)
        if marker is None:
            return False
        code, place = marker[1][0], marker.end()
        if code == _JPEG_END:
            return scanned
        scanned |= code == _JPEG_SCAN
        if code not in _JPEG_ALONE:
            place += _big(body, place, 2)
    return False


def _gif(body: bytes) -> bool:
    """Blocks up to the trailer (GIF89a, Appendix A)."""
    place = 13 + _gif_colours(body[10:11])
    for _ in range(_MOST_PIECES):
        block = body[place : place + 1]
        if block == b";":
            return True
        if block == b"!":  # an extension: a label, then data
            place += 2
        elif block == b",":  # an image: its frame, its colours, the size of its codes, then data
            place += 11 + _gif_colours(body[place + 9 : place + 10])
        else:
            return False
        place = _after_gif_data(body, place)
    return False


def _gif_colours(packed: bytes) -> int:
    """The length of the table of colours that a packed field announces."""
    return 3 << (packed[0] & 7) + 1 if packed and packed[0] & 0x80 else 0


def _after_gif_data(body: bytes, place: int) -> int:
    """The place after a row of blocks, each with its length before it; beyond the end where it does not end."""
    for _ in range(_MOST_PIECES):
        if place >= len(body):
            break
        length = body[place]
        place += 1 + length
        if length == 0:
            return place
    return len(body)


def _webp(body: bytes) -> bool:
    """As long as the RIFF header says (RFC 9649 §2.4)."""
    length = _little(body, 4)
    return 12 <= length <= len(body) - 8


def _avif(body: bytes) -> bool:
    """Boxes that fit, with a description and data among them (ISO 14496-12 §4.2); after those, anything."""
    place, seen = 0, set[bytes]()
    for _ in range(_MOST_PIECES):
        name, length = body[place + 4 : place + 8], _big(body, place)
        described = not seen.isdisjoint({b"meta", b"moov"})
        if described and b"mdat" in seen and name not in _AVIF_BOXES:
            return True
        if length == 1:
            length = _big(body, place + 8, 8)
        if length == 0:  # up to the end of the file, wherever that is
            return described and name == b"mdat"
        if length < 8 or place + length > len(body):
            return False
        seen.add(name)
        if name == b"meta" and b"idat" in body[place : place + length]:  # which can hold the data, too
            seen.add(b"mdat")
        place += length
    return False


def is_bmp(body: bytes) -> bool:
    """Whether what begins with BM, as many a text does, goes on as a bitmap, as far as it goes."""
    return len(body) < 18 or _little(body, 14) in _BMP_HEADERS


def _bmp(body: bytes) -> bool:
    """As many rows as its header says, or as many bytes where they are packed (BITMAPINFOHEADER)."""
    start = _little(body, 10)
    if _little(body, 14) == 12:
        width, height, depth, packing, length = _little(body, 18, 2), _little(body, 20, 2), _little(body, 24, 2), 0, 0
    else:
        width, depth, packing, length = _little(body, 18), _little(body, 28, 2), _little(body, 30), _little(body, 34)
        height = abs(int.from_bytes(body[22:26], "little", signed=True))
    if packing in _BMP_PLAIN:
        length = (width * depth + 31) // 32 * 4 * height
    return len(body) >= 26 and start + length <= len(body)


def _icon(body: bytes) -> bool:
    """Every picture that the directory names."""
    places = [6 + 16 * number for number in range(_little(body, 4, 2))]
    return bool(places) and all(
        place + 16 <= len(body) and _little(body, place + 12) + _little(body, place + 8) <= len(body)
        for place in places
    )


def _svg(body: bytes) -> bool:
    """Closed, with no element after it."""
    text = body.lower()
    end = text.rfind(b"</svg")
    if end < 0:  # an empty element is closed by itself
        return text[text.rfind(b"<") :].startswith(b"<svg") and text.rstrip().endswith(b"/>")
    _, closed, after = text[end:].partition(b">")
    return bool(closed) and re.search(rb"<[a-z/]", after) is None


WHOLE: dict[str, Callable[[bytes], bool]] = {
    "image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp, "image/avif": _avif,
    "image/bmp": _bmp, "image/x-icon": _icon, "image/svg+xml": _svg,
}  # fmt: skip
"""Media type → whether an image of that type is whole."""
