"""Which addresses may be contacted: the gate that every request passes, and every hop of a redirect.

Asked twice: of the URL before anything is resolved, and of the address that the socket is about to connect to, so that
a name which resolves to a private address does not pass (DNS rebinding). Pure.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from archiver import urls
from archiver.text import line

_LONGEST = 8_000
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_HOST = re.compile(r"[a-z0-9_-][a-z0-9_.-]*", re.IGNORECASE)
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
_PORTS = frozenset({None, 80, 443})
# Prefixes that carry an IPv4 address inside: NAT64 (RFC 6052), its local form (RFC 8215) and 6to4 (RFC 3056).
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
                    "fec0::/10", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16")
)  # fmt: skip


def refused_url(
    url: str, named_origins: frozenset[str] = frozenset(), mapped_origins: frozenset[str] = frozenset()
) -> str | None:
    """Why a URL may not be contacted; None when its form is fine.

    `named_origins` are origins that the user wrote down: they may have another port. `mapped_origins` are those of
    `connect_to`: where they lead is the user's own word, so that they may be named by any address too.
    """
    if len(url) > _LONGEST:
        return f"a URL of {len(url)} characters"
    if _FORBIDDEN.search(url):
        return "white space, a backslash or a control character in the URL"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "a URL that cannot be read"
    if parts.scheme not in {"http", "https"}:
        return f"the scheme {parts.scheme or '(none)'}, not http or https"
    if "@" in parts.netloc:
        return "a user name in the URL"
    if not parts.hostname:
        return "no host in the URL"
    origin = urls.origin(url)
    if port not in _PORTS and origin not in named_origins | mapped_origins:
        return f"port {port}, which the config does not name"
    if origin in mapped_origins:
        return None
    return refused_address(parts.hostname) if "[" in parts.netloc else _refused_host(parts.hostname)


def _refused_host(host: str) -> str | None:
    if not _HOST.fullmatch(host):
        return f"the host {line(host, 60)}, which is no host name"
    if _NUMERIC_HOST.fullmatch(host):
        return _refused_number(host)
    return None


def _refused_number(host: str) -> str | None:
    """An IPv4 address in its one canonical spelling is looked at; any other spelling is refused, whatever it means."""
    try:
        return refused_address(str(ipaddress.IPv4Address(host)))
    except ValueError:
        return f"the numeric host {line(host, 60)}{_meaning(host)}"


def _meaning(host: str) -> str:
    try:
        return f", which is {socket.inet_ntoa(socket.inet_aton(host.rstrip('.')))}"
    except OSError:
        return ""


def refused_address(address: str) -> str | None:
    """Why an IP address may not be connected to; None for a public one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"the address {line(address, 60)}"
    if "%" in address or not _is_public(found):
        return f"the address {found}, which is not on the public internet"
    return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in network for network in _NAT64):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if int(address) >> 32 == 0:  # IPv4-compatible, long deprecated (RFC 4291 §2.5.5.1)
            return False
    if any(address.version == network.version and address in network for network in _NEVER):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
        or address.is_private or address.is_unspecified
    )  # fmt: skip
