import hashlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import URLError

import pytest

from resnet.images.sources import download

CONTENT = bytes(range(256)) * 1_000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT in ranges; ``cut`` ends each answer after so many bytes."""

    cut = None
    ranges = True
    asked: list[str | None] = []  # noqa: RUF012

    def do_GET(self):
        asked = self.headers.get("Range")
        self.asked.append(asked)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.end_headers()
            return
        start = int(asked[6:-1]) if asked and self.ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = start + self.cut if self.cut else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *_args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "SCHEME", "http")
    monkeypatch.setattr(download, "WAITS_SECONDS", (0.0,) * 4)
    handler = type("Handler", (Server,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        handler.address = f"http://127.0.0.1:{running.server_port}/file"
        yield handler
        running.shutdown()
        thread.join()


def test_what_is_there_is_not_asked_for_again(server, tmp_path):
    path = tmp_path / "folder" / "file"
    for _ in range(2):
        download.download(server.address, path, MD5)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None]
    assert list(path.parent.iterdir()) == [path]


def test_a_broken_connection_goes_on_where_it_ended(server, tmp_path):
    server.cut = 60_000
    download.download(server.address, tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [None, *(f"bytes={n * 60_000}-" for n in range(1, 5))]


def test_what_came_so_far_is_kept_for_the_next_call(server, tmp_path):
    server.cut = 30_000
    with pytest.raises(OSError, match="ended at 150,000 of 256,000 bytes"):
        download.download(server.address, tmp_path / "file", MD5)
    assert not (tmp_path / "file").exists()
    server.cut = None
    download.download(server.address, tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=150000-"


def test_a_server_without_ranges_starts_over(server, tmp_path):
    (tmp_path / "file.part").write_bytes(b"another beginning")
    server.ranges = False
    download.download(server.address, tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_whole_part_is_only_checked(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    download.download(server.address, tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"]


def test_another_file_is_refused_and_removed(server, tmp_path):
    with pytest.raises(ValueError, match=f"MD5 {MD5}, expected 0000"):
        download.download(server.address, tmp_path / "file", "0" * 32)
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_tls_is_spoken(tmp_path):
    with pytest.raises(ValueError, match="is not https"):
        download.download("http://127.0.0.1:9/file", tmp_path / "file", MD5)


def test_a_server_that_is_not_trusted_is_asked_once(monkeypatch, tmp_path):
    asked = []

    def refuses(*_args, **options):
        asked.append(options["context"].cert_store_stats()["x509_ca"])
        raise URLError(ssl.SSLCertVerificationError("certificate verify failed"))

    monkeypatch.setattr(download, "urlopen", refuses)
    # As with a Python that has no authorities of its own.
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
    with pytest.raises(URLError, match="certificate verify failed"):
        download.download("https://127.0.0.1:9/file", tmp_path / "file", MD5)
    assert len(asked) == 1
    assert asked[0] > 100


def test_a_redirect_to_another_scheme_is_refused(server, tmp_path, monkeypatch):
    """What urllib itself would follow."""
    asked = []
    monkeypatch.setattr(
        download, "_check_scheme", lambda address: asked.append(address) or check(address)
    )
    check = lambda address: refuse(address) if address.endswith("/file") else None  # noqa: E731

    def refuse(address):
        raise ValueError(f"{address} is not what was allowed")

    address = server.address.replace("/file", "/elsewhere")
    with pytest.raises(ValueError, match="not what was allowed"):
        download.download(address, tmp_path / "file", MD5)
    assert asked == [address, server.address]
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_no_http_is_an_error(monkeypatch, server, tmp_path):
    monkeypatch.setattr(server, "send_response", lambda self, code: self.wfile.write(b"nonsense"))
    with pytest.raises(OSError, match="can't be read"):
        download.download(server.address, tmp_path / "file", MD5)
