"""`studbook build`, as a shell sees it."""

from __future__ import annotations

import http.client
import threading

import pytest

from studbook.cli import main
from studbook.cli.site import listen


class TestBuild:
    def test_a_relative_output_lies_where_the_shell_stands(self, demo_catalog, tmp_path, monkeypatch):
        """Wherever the program and its configuration are installed."""
        monkeypatch.chdir(tmp_path)

        with pytest.raises(SystemExit) as stopped:
            main(["build", "--catalog", str(demo_catalog), "--output", "out"])

        assert stopped.value.code == 0
        assert (tmp_path / "out" / "latest" / "index.html").exists()


@pytest.fixture
def served(tmp_path):
    """A folder as `serve` shows it, and its port."""
    site = tmp_path / "site"
    (site / "1" / "empty").mkdir(parents=True)
    (site / ".studbook").mkdir()
    (tmp_path / "outside.txt").write_text("outside")
    (site / "index.html").write_text("front")
    (site / "1/index.html").write_text("one")
    (site / "404.html").write_text("none")
    (site / ".studbook/known").write_text("x")
    (site / "link").symlink_to(tmp_path)
    (site / "latest").symlink_to(site / "1")
    server = listen(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def get(port: int, path: str, host: str | None = None) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


class TestServe:
    def test_pages_come_with_the_policy(self, served):
        """No sniffing, no framing, and no script but the site's own."""
        status, headers, body = get(served, "/1/")

        assert (status, body) == (200, "one")
        assert headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]

    @pytest.mark.parametrize("host", ["evil.example.com", "evil.example.com:80", "127.0.0.1", ""])
    def test_it_answers_its_own_host_alone(self, served, host):
        """A name that somebody else points at this machine gets nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", served, timeout=10)
        connection.putrequest("GET", "/1/", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()

        assert connection.getresponse().status == 421
        assert get(served, "/1/", f"localhost:{served}")[0] == 200

    @pytest.mark.parametrize(
        "path",
        ["/1/empty/", "/link/outside.txt", "/.studbook/known", "/1/../.studbook/known", "/%2estudbook/k", "/%00"],
    )
    def test_nothing_beside_its_pages(self, served, path):
        """No folder is listed, no link leads out, what builds remember is nobody's; the site's own page says so."""
        status, _, body = get(served, path)

        assert (status, body) == (404, "none")

    def test_links_inside_are_followed(self, served):
        """As `latest/` may be one."""
        assert get(served, "/latest/")[2] == "one"
