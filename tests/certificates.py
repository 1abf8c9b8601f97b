"""Certificates that nobody vouches for, and servers that show them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def made_for(folder: Path, *names: str) -> Path:
    """A certificate for some names, with its key, in one file. Skips the test where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    path = folder / "both.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "3650", "-subj", f"/CN={names[0]}"]
    command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def served_with(certificate: Path, note: Callable[[str | None], None] = lambda _: None) -> ssl.SSLContext:
    """The context of a server that shows a certificate; `note` is told the name of each handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: note(name)
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    """The context of a client that takes this certificate."""
    return ssl.create_default_context(cafile=str(certificate))
