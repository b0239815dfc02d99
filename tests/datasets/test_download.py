"""Raw files from the network: transfers that break, and what each error says.

All transfers go to a server on the loopback address whose faults each test chooses.
"""

import hashlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from hadamrnn.datasets.common import download, transfer
from hadamrnn.errors import HadamrnnError

ARRAY = np.random.default_rng(0).integers(0, 256, size=50_000, dtype=np.uint8)
NAME = "part/raw.npy"


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


BODY = npy(ARRAY)


def read_npy(path):
    return {"x": np.load(path, allow_pickle=False)}


class Handler(BaseHTTPRequestHandler):
    """Serves server.files; the n-th answer follows server.faults[n] (see ``FaultyServer``)."""

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append((self.path, asked))
        fault = server.faults.pop(0) if server.faults else server.default_fault
        body = server.files.get(self.path)
        if isinstance(fault, tuple):  # ("status", 503)
            return self.send_error(fault[1])
        if body is None:
            return self.send_error(404)
        if fault == "silent":
            return self.connection.close()
        start = int(asked[6:-1]) if asked and server.ranges else 0
        if start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            shown = start + 1 if fault == "shifted" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        # an integer fault: the connection breaks at this position of the file
        self.wfile.write(body[start : fault if isinstance(fault, int) else None])

    def log_message(self, *args):
        pass


class FaultyServer(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.asked = {"/raw.npy": BODY}, [], []
        self.default_fault, self.ranges = None, True
        self.address = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server():
    with FaultyServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty cache, no mirror, and short pauses."""
    monkeypatch.setenv(download.CACHE, str(tmp_path / "cache"))
    monkeypatch.delenv(download.MIRROR, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(transfer, "PAUSE_SECONDS", 0.01)
    return tmp_path


def raw_file(*urls, **changes):
    known = {"content_sha256": download.content_sha256({"x": ARRAY})}
    return download.RawFile(NAME, (NAME, "raw.npy"), urls, read_npy, **(known | changes))


def closed_port():
    with FaultyServer() as server:
        return server.server_port


def fails(raw, *parts):
    """``fetch`` raises one sentence that has all the parts."""
    with pytest.raises(HadamrnnError) as caught:
        download.fetch(raw)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message
    return message


# --- transfers


def test_downloads_once_and_reports_progress(server):
    raw, seen = raw_file(f"{server.address}/raw.npy"), []
    first = download.fetch(raw, lambda done, total: seen.append((done, total)))
    again = download.fetch(raw)
    assert (first["x"] == ARRAY).all() and (again["x"] == ARRAY).all()
    assert seen[-1] == (len(BODY), len(BODY))
    assert len(server.asked) == 1


def test_broken_transfer_is_resumed(server):
    server.faults = [1000, 3000]
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", "bytes=3000-"]


def test_next_run_resumes_where_this_one_gave_up(server):
    raw = raw_file(f"{server.address}/raw.npy")
    server.default_fault = 2000
    fails(raw, "stopped after 2000")
    server.default_fault = None
    assert (download.fetch(raw)["x"] == ARRAY).all()
    assert server.asked[-1][1] == "bytes=2000-"


def test_server_without_ranges_sends_it_all_again(server):
    server.ranges, server.faults = False, [1000]
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()


def test_answer_for_other_bytes_is_not_appended(server):
    server.faults = [1000, "shifted"]
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()


def test_partial_file_longer_than_the_file_is_dropped(server, places):
    url = f"{server.address}/raw.npy"
    part = places / f"x.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
    part.write_bytes(BODY + b"more")
    transfer.transfer(url, places / "x")
    assert (places / "x").read_bytes() == BODY and not part.exists()


def test_passing_failures_are_retried(server):
    server.faults = [("status", 503), "silent"]
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()


def test_always_truncated(server):
    server.default_fault = 700
    raw = raw_file(f"{server.address}/raw.npy")
    size = len(BODY)
    fails(raw, NAME, server.address, f"stopped after 700 of {size} bytes", "3 attempts", "MIRROR")
    assert len(server.asked) == 3


def test_absent_file_is_sought_at_the_next_address(server):
    raw = raw_file(f"{server.address}/none.npy", f"{server.address}/raw.npy")
    assert (download.fetch(raw)["x"] == ARRAY).all()
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [404, 401])
def test_final_status(server, status):
    server.default_fault = ("status", status)
    fails(raw_file(f"{server.address}/raw.npy"), f"HTTP status {status}", "/raw.npy", NAME)
    assert len(server.asked) == 1


def test_wrong_content_is_refused_and_not_kept(server, places):
    other = ARRAY[::-1].copy()
    server.files["/raw.npy"] = npy(other)
    raw = raw_file(url := f"{server.address}/raw.npy")
    fails(raw, url, raw.content_sha256, download.content_sha256({"x": other}))
    assert not (places / "cache" / NAME).exists()


def test_refused_connection_without_a_mirror_fails_at_once(monkeypatch):
    monkeypatch.setattr(transfer.time, "sleep", lambda seconds: pytest.fail("waited"))
    url = f"http://127.0.0.1:{closed_port()}/raw.npy"
    start = time.monotonic()
    fails(raw_file(url), NAME, "connection refused", url, f"{download.MIRROR} (now not set)")
    assert time.monotonic() - start < 2


def test_unknown_host_fails_at_once():
    start = time.monotonic()
    fails(raw_file("http://host.invalid/raw.npy"), "cannot be resolved", "http://host.invalid")
    assert time.monotonic() - start < 5


def test_malformed_address():
    fails(raw_file("http://"), "No host")


# --- proxies


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_is_told_from_a_dead_server(monkeypatch, scheme):
    port = closed_port()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:secret@127.0.0.1:{port}")
    url = f"{scheme}://files.example/raw.npy"
    words = f"connection refused through the proxy http://127.0.0.1:{port} from {url}"
    assert "secret" not in fails(raw_file(url), words)


def test_a_proxy_that_cannot_be_resolved(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    words = "a host name that cannot be resolved through the proxy http://proxy.invalid:3128"
    fails(raw_file("https://files.example/raw.npy"), words)


def test_a_proxy_that_refuses(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    server.default_fault = ("status", 407)
    words = f"HTTP status 407 through the proxy {server.address}"
    fails(raw_file("http://files.example/raw.npy"), words)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.default_fault = None
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()


# --- mirrors and cache


def mirror(places, monkeypatch, body, name=NAME):
    path = places / "mirror" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    monkeypatch.setenv(download.MIRROR, str(places / "mirror"))
    return path


def test_mirror_address(server, monkeypatch):
    monkeypatch.setenv(download.MIRROR, server.address + "/")
    dead = f"http://127.0.0.1:{closed_port()}/raw.npy"
    assert (download.fetch(raw_file(dead))["x"] == ARRAY).all()
    assert [path for path, _ in server.asked] == ["/part/raw.npy", "/raw.npy"]


def test_dead_mirror_address_is_asked_once(server, monkeypatch):
    monkeypatch.setenv(download.MIRROR, f"http://127.0.0.1:{closed_port()}")
    message = fails(raw_file(f"{server.address}/none.npy"), "connection refused", "status 404")
    assert message.count("connection refused") == 1


def test_mirror_is_preferred_to_cache_and_upstream(server, places, monkeypatch):
    raw = raw_file(f"{server.address}/raw.npy")
    download.fetch(raw)
    mirror(places, monkeypatch, BODY[:100])
    fails(raw, "truncated")


def test_mirror_without_the_file_leads_upstream(server, places, monkeypatch):
    mirror(places, monkeypatch, BODY, "another.npy")
    assert (download.fetch(raw_file(f"{server.address}/raw.npy"))["x"] == ARRAY).all()


def test_damaged_cache_is_replaced(server, places):
    raw = raw_file(f"{server.address}/raw.npy")
    download.fetch(raw)
    (places / "cache" / NAME).write_bytes(BODY[:50])
    assert (download.fetch(raw)["x"] == ARRAY).all()
    assert len(server.asked) == 2
