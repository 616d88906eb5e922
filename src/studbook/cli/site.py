"""`studbook build` and `studbook serve`: the catalog as a site."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studbook.cli.options import audience_option, catalog_option, edition, snapshot_option
from studbook.cli.terminal import echo, say
from studbook.errors import LATER_FAILED

if TYPE_CHECKING:
    from studbook.store import Catalog

output_option = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("site"),
    show_default=True,
    help="The folder of the site.",
)


@click.command(
    epilog="""\b
Examples:
  studbook build                         the latest snapshot; the sites of earlier ones stay
  studbook build --all                   every snapshot, or those that site.keep keeps
  studbook build --snapshot 2026-11-21   one night again
  studbook build --audience external --output outside     the same for outsiders, under pseudonyms
"""
)
@click.option("--all", "everything", is_flag=True, help="Build every snapshot that is kept, not the latest alone.")
@output_option
@audience_option
@snapshot_option
@catalog_option
def build(catalog: Catalog, snapshot: str, output: Path, audience: str = "internal", everything: bool = False) -> int:
    """Build the site of a snapshot. It goes beside those of the others, and 'latest' points at the newest.

    What cannot be made of one asset costs that page or file alone: the site says so in its place, and the exit code is
    5.
    """
    from studbook.render import build_site
    from studbook.render.versions import kept

    if audience == "external":
        catalog = edition(catalog)
    settings = catalog.settings()
    envelopes = kept(list(catalog.envelopes()), settings.site.keep)
    if envelopes and not everything:
        envelopes = [catalog.resolve(snapshot)]
    built = build_site(
        catalog,
        settings,
        output,
        envelopes=envelopes,
        report=say,
    )
    for site in built:
        echo(f"built snapshot {site.number}: {site.sentence}")
    return LATER_FAILED if any(site.failed for site in built) else 0


@click.command(
    epilog="""\b
Examples:
  studbook serve                 http://127.0.0.1:8000, built first if need be
  studbook serve --port 9000     another port; if it is taken, any free one
"""
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port to listen on.")
@output_option
@catalog_option
@click.pass_context
def serve(ctx: click.Context, catalog: Catalog, output: Path, port: int) -> None:
    """Serve a built site on this machine alone, until interrupted."""
    if not (output / "index.html").is_file():
        ctx.invoke(build, catalog=catalog, snapshot="latest", output=output)
    server = listen(output, port)
    if (had := server.server_address[1]) != port and port:
        say(f"port {port} is taken, or not for this user: {had} in its place")
    echo(f"http://127.0.0.1:{had}/")
    try:
        server.serve_forever()
    finally:
        server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    """A built site as a careful host shows it: its own pages to its own visitors, and nothing beside them."""

    def __init__(self, *arguments: Any, headers_of_site: Mapping[str, str], **options: Any) -> None:
        self._headers_of_site = headers_of_site
        super().__init__(*arguments, **options)

    def send_head(self) -> Any:
        """The file of a request, or None where it was answered."""
        port = self.connection.getsockname()[1]
        # A name that somebody points at this machine must not make their page one of ours (DNS rebinding).
        if self.headers.get("Host") not in {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        try:
            root, path = Path(self.directory).resolve(), Path(self.translate_path(self.path))
            inside = path.resolve().relative_to(root)
            hidden = any(part.startswith(".") for part in (*inside.parts, *path.relative_to(self.directory).parts))
        except (OSError, ValueError):  # a link that leads out, a byte that no path has
            hidden = True
        if hidden:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Folders are not listed."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        for name, value in self._headers_of_site.items():
            self.send_header(name, value)
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """As hosts do it: the site's own page for an address that leads nowhere."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


def listen(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server for a folder on 127.0.0.1 at `port`, or at any free one where that is taken."""
    from studbook.render.policy import headers

    handler = partial(_Handler, directory=str(folder), headers_of_site=headers(folder / "404.html"))
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)
