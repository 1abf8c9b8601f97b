"""Connections: addresses checked where they are connected to, and certificates always."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable

from archiver.model import Outcome
from archiver.text import safe
from archiver.web.call import Call, Fault
from archiver.web.guard import refused_address

Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the system resolves it. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(call: Call, resolve: Resolve) -> socket.socket:
    """A connection to the first address that answers, passed by the guard or mapped to by the user. Raises Fault."""
    addresses = _addresses(call, resolve)
    for number, address in enumerate(addresses, start=1):
        try:
            share = call.left_to_connect() / (len(addresses) - number + 1)
            sock = socket.create_connection((address, call.port), share)
        except OSError as error:
            if number == len(addresses):
                raise _no_connection(error) from error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise Fault(Outcome.DNS_ERROR, f"{call.host} has no address")


def secured(sock: socket.socket, call: Call, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """TLS over a connection, with a certificate for the host's own name. Raises Fault, and closes it then."""
    try:
        sock.settimeout(call.left_to_connect())
        return context.wrap_socket(sock, server_hostname=name)
    except TimeoutError as error:
        sock.close()
        raise Fault(Outcome.TIMEOUT, "no TLS handshake within network.connect_timeout_s") from error
    except (ssl.SSLError, ValueError) as error:
        sock.close()
        raise Fault(Outcome.TLS_ERROR, f"no trusted TLS connection: {tls_words(error)}") from error
    except OSError as error:
        sock.close()
        raise Fault(Outcome.CONNECT_ERROR, f"the TLS handshake broke off ({_words(error)})") from error
    except BaseException:
        sock.close()
        raise


def tls_words(error: Exception) -> str:
    """What was wrong with TLS, in one harmless line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return safe(error.verify_message, 200)
    return safe(getattr(error, "reason", None) or error, 200)


def _words(error: OSError) -> str:
    return safe(error.strerror or type(error).__name__, 120)


def _addresses(call: Call, resolve: Resolve) -> list[str]:
    """The addresses of the call's host, refused when one of them is not to be contacted (DNS rebinding)."""
    addresses = _within(call.left_to_connect(), resolve, call.host, call.port)
    reasons = [] if call.mapped else [reason for reason in map(refused_address, addresses) if reason]
    if reasons:
        raise Fault(Outcome.OFF_SITE, f"not contacted: {call.host} leads to {reasons[0]}")
    return addresses


def _no_connection(error: OSError) -> Fault:
    if isinstance(error, TimeoutError):
        return Fault(Outcome.TIMEOUT, "no connection within network.connect_timeout_s")
    return Fault(Outcome.CONNECT_ERROR, f"no connection ({_words(error)})")


def _within(seconds: float, resolve: Resolve, host: str, port: int) -> list[str]:
    """What the resolver says, if it says so in time: the system's own cannot be interrupted, only left behind."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise Fault(Outcome.DNS_ERROR, f"{host}: no answer about its address in time") from error
    if isinstance(answer, Exception):
        said = answer.strerror if isinstance(answer, OSError) and answer.strerror else answer
        raise Fault(Outcome.DNS_ERROR, f"{host} has no address ({safe(said, 120)})") from answer
    return answer
