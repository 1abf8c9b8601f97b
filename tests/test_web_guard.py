"""Which URLs and addresses may be contacted. Both directions: a guard that refuses everything guards nothing."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import CONTROL

from archiver.web.guard import refused_address, refused_url

NAMED = frozenset({"http://blog.example:8080", "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443"})
MAPPED = frozenset({"http://127.0.0.1:8765", "https://ithelp.ithome.com.tw"})

PUBLIC_URLS = [
    "https://ithelp.ithome.com.tw/articles/10290001",
    "https://ithelp.ithome.com.tw:443/articles/10290001",
    "http://ithelp.ithome.com.tw/",
    "http://ithelp.ithome.com.tw:80/",
    "https://ITHELP.iThome.com.tw/",
    "HTTPS://ithelp.ithome.com.tw/",
    "http://www.ithelp.ithome.com.tw./a",
    "https://blog.example/?q=a@b",
    "https://blog.example/a:b@c",
    "https://blog.example/%0d%0a",
    "https://blog.example/快取",
    "http://blog.example:443/",
    "http://blog.example:8080/",
    "http://BLOG.example:8080/",
    "https://xn--fiq228c.example/",
    "https://1.example/",
    "https://127.0.0.1.example/",
    "https://0xabc.example/",
    "https://a_b.example/",
    "http://93.184.215.14/",
    "http://8.8.8.8/",
    "http://172.32.0.1/",
    "http://192.167.255.255/",
    "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/",
    "http://127.0.0.1:8765/articles/1",  # the user wrote it down
]

REFUSED_URLS = [
    "",
    "/articles/1",
    "//blog.example/",
    "blog.example",
    "ftp://blog.example/",
    "file:///etc/passwd",
    "file://blog.example/etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "gopher://blog.example/",
    "about:blank",
    "ws://blog.example/",
    "view-source:https://blog.example/",
    "jar:https://blog.example!/",
    "http:blog.example",
    "http:///path",
    "http://",
    "http://?q",
    "http://:80/",
    "http://user@blog.example/",
    "http://user:password@blog.example/",
    "http://@blog.example/",
    "http://ithelp.ithome.com.tw@evil.example/",
    "http://evil.example\\@ithelp.ithome.com.tw/",
    "http:\\\\blog.example\\",
    "http://blog.example/a\\b",
    "http://blog.example/a b",
    "http://blog.example/\t",
    "http://blog.example/\r\nHost: evil.example",
    "http://blog.example/\x00",
    "http://blog.example/\x1b[2J",
    "http://blog.example/\x85",
    " http://blog.example/",
    "http://blog.example/ ",
    "http://blog .example/",
    "http://blog%2eexample/",
    "http://127%2e0.0.1/",
    "http://blog.example:8081/",
    "http://blog.example:22/",
    "http://blog.example:0/",
    "http://blog.example:99999/",
    "http://blog.example:-1/",
    "http://blog.example:８０/",
    "https://blog.example:8080/",  # the other scheme than the named one
    "http://evil.example:8080/",
    "http://evil.example:80@127.0.0.1:8765/",
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.0.0.1:8766/",
    "https://127.0.0.1:8765/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f.1/",
    "http://0X7F.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://00000177.0.0.1/",
    "http://0/",
    "http://0x/",
    "http://0.0.0.0/",
    "http://1.1/",
    "http://134744072/",  # 8.8.8.8, but nobody writes it so in good faith
    "http://010.8.8.8/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://99999999999999/",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00::1]/",
    "http://[::1",
    "http://[zz]/",
    "http://[]/",
    "http://[v1.a]/",
    "http://::1/",
    "http://" + "a" * 9_000 + ".example/",
]

PUBLIC_ADDRESSES = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:0808:0808::1",
]

REFUSED_ADDRESSES = {
    "loopback": ["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1"],
    "unspecified, this network": ["0.0.0.0", "0.1.2.3", "::"],
    "private": ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
    "carrier-grade NAT (RFC 6598)": ["100.64.0.0", "100.100.100.200", "100.127.255.255"],
    "link-local": ["169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::", "febf::1"],
    "unique local (RFC 4193)": ["fc00::", "fd00:ec2::254", "fdff:ffff::1"],
    "site-local, deprecated": ["fec0::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "broadcast and reserved": ["255.255.255.255", "240.0.0.1", "254.1.1.1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "protocol assignments, anycast relay": ["192.0.0.1", "192.0.0.170", "192.88.99.1"],
    "discard": ["100::1"],
    "segment routing (RFC 9602)": ["5f00::1"],
    "IPv4 inside IPv6": [
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1", "::127.0.0.1",
        "::8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:7f00:1::",
        "2002:a9fe:a9fe::1", "2002:c0a8:0101::1", "2001:0:7f00:1::1",
    ],
    "with a zone": ["fe80::1%eth0", "8.8.8.8%eth0", "2606:4700:4700::1111%1"],
    "no address": ["", "localhost", "8.8.8", "1.2.3.4.5", "0x7f.0.0.1", "017700000001", "::g", "\x1b[2J", "8.8.8.8 "],
}  # fmt: skip


@pytest.mark.parametrize("url", PUBLIC_URLS)
def test_a_url_on_the_public_internet_may_be_contacted(url: str) -> None:
    assert refused_url(url, NAMED, MAPPED) is None


@pytest.mark.parametrize("url", REFUSED_URLS, ids=lambda url: ascii(url)[:60])
def test_any_other_url_is_refused_with_a_reason(url: str) -> None:
    reason = refused_url(url, NAMED, MAPPED)

    assert reason
    assert not CONTROL.search(reason)
    assert len(reason) < 200


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_an_address_on_the_public_internet_may_be_connected_to(address: str) -> None:
    assert refused_address(address) is None


@pytest.mark.parametrize("address", [address for addresses in REFUSED_ADDRESSES.values() for address in addresses])
def test_any_other_address_is_refused_with_a_reason(address: str) -> None:
    reason = refused_address(address)

    assert reason
    assert not CONTROL.search(reason)


@pytest.mark.parametrize("url", [url for url in PUBLIC_URLS if "8080" in url or "8443" in url or "8765" in url])
def test_nothing_may_have_another_port_unless_the_user_named_it(url: str) -> None:
    assert refused_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/", "http://10.0.0.1:9000/", "http://[::1]:9000/"])
def test_a_private_address_must_be_mapped_and_not_only_named(url: str) -> None:
    origin = frozenset({url.rstrip("/")})

    assert refused_url(url, named_origins=origin)
    assert refused_url(url, mapped_origins=origin) is None


@given(st.integers(0, 2**32 - 1), st.sampled_from(["::ffff:0:0", "64:ff9b::", "2002::"]))
def test_an_ipv4_address_inside_ipv6_is_judged_as_itself(number: int, prefix: str) -> None:
    shift = 80 if prefix == "2002::" else 0
    inside = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
    alone = ipaddress.IPv4Address(number)

    assert (refused_address(str(inside)) is None) == (refused_address(str(alone)) is None)


@given(st.ip_addresses(v=4))
def test_only_global_unicast_passes(address: ipaddress.IPv4Address) -> None:
    astray = not address.is_global or address.is_multicast or address.is_reserved

    assert refused_address(str(address)) or not astray


@given(st.text(max_size=60))
def test_the_guard_never_raises_and_speaks_clearly(text: str) -> None:
    urls = (text, f"http://{text}/", f"http://blog.example:{text}/", f"http://[{text}]/", f"//{text}")
    reasons = [*map(refused_url, urls), refused_address(text)]

    assert all(reason is None or (reason and not CONTROL.search(reason)) for reason in reasons)
