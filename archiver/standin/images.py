"""Small real images, made from nothing but zlib and struct; the same name gives the same bytes."""

from __future__ import annotations

import struct
import zlib

_SIDE = 48


def png(name: str) -> bytes:
    """A 48 x 48 PNG of two colours that depend on the name (PNG, W3C, §5)."""
    seed = zlib.crc32(name.encode())
    one, two = seed.to_bytes(4, "big")[:3], (seed ^ 0xFFFFFFFF).to_bytes(4, "big")[:3]
    rows = (b"\0" + b"".join(one if (x // 8 + y // 8) % 2 else two for x in range(_SIDE)) for y in range(_SIDE))
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
    return b"\x89PNG\r\n\x1a\n" + header + data + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(name: str) -> bytes:
    """A 8 x 8 grey JPEG whose shade depends on the name: one block, DC only (ITU T.81, baseline)."""
    shade = zlib.crc32(name.encode()) % 128  # the difference to mid grey, in steps of the quantiser
    quantiser = _segment(0xDB, b"\0" + bytes([8]) * 64)
    frame = _segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\x00")
    # DC: categories 7 and 0 have the codes 0 and 10; AC: end of block has the code 0
    dc = _segment(0xC4, b"\x00" + bytes([1, 1, *[0] * 14]) + b"\x07\x00")
    ac = _segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\x00")
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    bits = "0" + format(shade | 64, "07b") + "0"  # category 7 holds 64 to 127
    padded = bits.ljust(-(-len(bits) // 8) * 8, "1")
    data = int(padded, 2).to_bytes(len(padded) // 8, "big").replace(b"\xff", b"\xff\x00")
    return b"\xff\xd8" + quantiser + frame + dc + ac + scan + data + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def gif() -> bytes:
    """The smallest transparent GIF, for emoticons (GIF89a)."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return head + b"\x21\xf9\x04\x01\0\0\0\0" + frame + b"\x02\x02\x44\x01\x00\x3b"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="24"><path fill="#ef4949" d="M0 0h80v24H0z"/></svg>\n'


def picture(path: str) -> tuple[bytes, str]:
    """The bytes and media type of an image, by the ending of its path."""
    ending = path.rsplit(".", 1)[-1].lower()
    if ending in ("jpg", "jpeg"):
        return jpeg(path), "image/jpeg"
    if ending == "gif":
        return gif(), "image/gif"
    if ending == "svg":
        return SVG, "image/svg+xml"
    return png(path), "image/png"
