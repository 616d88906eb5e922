from __future__ import annotations

import pytest

from studbook.render.markdown import safe_href, to_html


class TestToHtml:
    def test_raw_html_is_text(self) -> None:
        """Tags in a card are shown, not obeyed."""
        html = to_html("before <script>alert(1)</script>\n\n<div onclick='x()'>block</div>")

        assert "<script" not in html
        assert "<div" not in html
        assert "&lt;script&gt;" in html

    @pytest.mark.parametrize(
        "href", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "&#106;avascript:x"]
    )
    def test_links_that_do_something_lose_their_address(self, href: str) -> None:
        """Only http, https and mailto addresses are linked."""
        assert "href" not in to_html(f"[text]({href})")

    def test_pictures_become_links(self) -> None:
        """A picture from elsewhere would be a request to another host."""
        html = to_html("![alt](https://example.com/p.png)")

        assert "<img" not in html
        assert 'href="https://example.com/p.png"' in html

    def test_headings_stand_below_the_page(self) -> None:
        """A card's own first-level heading does not compete with the page's title."""
        assert "<h3>" in to_html("# Loud")


class TestSafeHref:
    @pytest.mark.parametrize("text", ["https://a.example/x", "mailto:a@b.example"])
    def test_passes_the_web(self, text: str) -> None:
        """http(s) and mailto addresses pass as they are."""
        assert safe_href(text) == text

    @pytest.mark.parametrize("text", ["javascript:x", "//a.example", "https://a b", "java\nscript:x", 7, None])
    def test_refuses_the_rest(self, text: object) -> None:
        """Everything else is no address."""
        assert safe_href(text) is None
