"""Download a file over TLS with a checksum; an interrupted download resumes."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import time
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import certifi

SCHEME = "https"

TIMEOUT_SECONDS = 60.0

WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Waits between attempts. After the last attempt, the partial file is kept for the next call."""

RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206


def md5(path: Path) -> str:
    """Return a file's MD5 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def download(url: str, path: Path, checksum: str) -> None:
    """Download ``url`` to ``path``, unless the file is already there.

    Parameters
    ----------
    url
        Must be ``https``, also after redirects.
    path
        Is complete or absent; a partial download has the same name with ``.part`` appended.
    checksum
        The expected MD5 of the file.

    Raises
    ------
    OSError
        If the download fails; the next call resumes it.
    ValueError
        If the MD5 differs (the file is removed), or an address is not ``https``.
    """
    if path.is_file() and md5(path) == checksum:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    for wait in (*WAITS_SECONDS, None):
        try:
            _fetch(url, partial)
            break
        except HTTPException as error:
            if wait is None:
                raise OSError(f"the server's answer can't be read: {error!r}") from None
            time.sleep(wait)
        except OSError as error:
            if wait is None or _is_distrust(error):
                raise
            time.sleep(wait)
    found = md5(partial)
    if found != checksum:
        partial.unlink()
        raise ValueError(f"MD5 {found}, expected {checksum}")
    partial.replace(path)


def _fetch(url: str, partial: Path) -> None:
    """Append the missing bytes to ``partial``."""
    have = partial.stat().st_size if partial.exists() else 0
    _check_scheme(url)
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        answer = urlopen(request, timeout=TIMEOUT_SECONDS, context=_trusted())  # noqa: S310
    except HTTPError as error:
        if error.code == RANGE_NOT_SATISFIABLE and have:
            return  # The file is already complete.
        raise
    with answer:
        _check_scheme(answer.url)
        goes_on = answer.status == PARTIAL_CONTENT
        with partial.open("ab" if goes_on else "wb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)
        whole = int(answer.headers.get("Content-Length", 0)) + (have if goes_on else 0)
    if partial.stat().st_size < whole:
        raise OSError(f"the connection ended at {partial.stat().st_size:,} of {whole:,} bytes")


def _trusted() -> ssl.SSLContext:
    """Return whose certificates are trusted: the system's authorities, and Mozilla's.

    Python from python.org has none on macOS until *Install Certificates.command* was run.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _is_distrust(error: OSError) -> bool:
    """Return whether a certificate isn't trusted, which another attempt doesn't change."""
    return isinstance(error, URLError) and isinstance(error.reason, ssl.SSLCertVerificationError)


def _check_scheme(address: str) -> None:
    if not address.startswith(f"{SCHEME}://"):
        raise ValueError(f"{address} is not {SCHEME}")
