"""The search index: every document can be found by its words, from few small files."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests import small_catalog as small
from tests.small_catalog import Sites

from studbook.model.ids import page_path
from studbook.queries.namesakes import namesakes, place_of
from studbook.render.search import CHUNK, SHARD, SearchEntry, exact, files, sections, words_of
from studbook.words import shown

TITLES = st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12), max_size=60)


def read(data: bytes) -> tuple[str, Any]:
    """What a file of the index calls."""
    text = data.decode()
    assert text.startswith("studbookSearch(")
    name, content = json.loads(f"[{text.strip()[len('studbookSearch(') : -1]}]")
    return name, content


def numbers(packed: str) -> list[int]:
    """As the browser reads them."""
    out, last = [], -1
    for part in packed.split():
        if part.startswith("+"):
            for _ in range(int(part[1:], 36)):
                last += 1
                out.append(last)
        else:
            last += int(part, 36)
            out.append(last)
    return out


def found(index: dict[str, Any], word: str) -> set[int]:
    """The documents whose title has the word, looked up as the browser does."""
    prefix = word
    while prefix and prefix not in index["index"]["shards"]:
        prefix = prefix[:-1]
    rows = index.get(f"t/{prefix.encode().hex()}", [])
    return {number for term, title, _ in rows if term == word for number in numbers(title)}


@given(TITLES)
def test_every_word_of_a_title_finds_it(titles: list[str]) -> None:
    """Whatever the title, each of its words leads to its document, and only to those that have it."""
    entries = [SearchEntry(location=f"{at}/", title=title, kind="x") for at, title in enumerate(titles)]
    index = dict(read(data) for _, data in files(entries))
    for word in set().union(*(words_of(title) for title in titles)):
        assert found(index, word) == {at for at, title in enumerate(titles) if word in words_of(title)}


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=20, unique_by=exact))
def test_a_whole_id_finds_its_page_alone(ids: list[str]) -> None:
    """Whatever strangers call a thing, its id, in any case, is one word more that no other page has."""
    entries = [SearchEntry(location=f"{at}/", title="x", kind="x", ids=(one,)) for at, one in enumerate(ids)]
    index = dict(read(data) for _, data in files(entries))
    for at, one in enumerate(ids):
        assert found(index, exact(one.lower())) == {at}


def test_a_number_is_one_word_however_it_is_written() -> None:
    """A learning rate is found by any of its spellings, and a version is no number."""
    spellings = ("0.0001", "1e-4", "1E-04", "0.00010")

    assert all("1e-4" in words_of(f"learning_rate {one}") for one in spellings)
    assert not any("e" in word for word in words_of("1.12.0 10.0.0.1"))


def test_no_file_is_long() -> None:
    """At ten thousand documents a query's files stay small: the first view of the index, a word's, a dozen lines'."""
    entries = [
        SearchEntry(
            location=f"kind/sft-{at:06}-0123456789ab/",
            title=f"sft-{at:06}",
            kind=f"kind {at % 20}",
            words=f"team-{at % 250}",
        )
        for at in range(10_000)
    ]
    sizes = {name: len(data) for name, data in files(entries)}
    lines = max(size for name, size in sizes.items() if "/d/" in name)
    terms = max(size for name, size in sizes.items() if "/t/" in name)

    assert terms < 3 * SHARD
    assert sizes["search/index.js"] + 2 * terms + 12 * lines < 200_000


def test_news_touch_few_files() -> None:
    """A document that is added leaves all but the last lines, the files of its own words and their list."""
    entries = [SearchEntry(location=f"a/{at}/", title=f"sft-{at:06}", kind="job") for at in range(2_000)]
    before, after = (
        dict(files(several)) for several in (entries, [*entries, SearchEntry(location="b/", title="news", kind="job")])
    )
    changed = {name for name in after if before.get(name) != after[name]}

    assert changed == {
        "search/index.js",
        "search/near.js",
        f"search/d/{2_000 // CHUNK}.js",
        f"search/t/{b'n'.hex()}.js",
    }


def test_every_asset_is_there(sites: Sites) -> None:
    """Each asset's page is a document with its facets, and its place where others are called so; text is but data."""
    folder = sites.output / "2" / "search"
    index = read((folder / "index.js").read_bytes())[1]
    lines = [
        line for path in sorted(folder.glob("d/*.js"), key=lambda p: int(p.stem)) for line in read(path.read_bytes())[1]
    ]
    places = {location: place for _, location, *place in lines}
    several = namesakes(small.assets())
    assert several
    for asset in small.assets():
        place = place_of(small.SETTINGS, asset, several)
        assert places[page_path(asset.kind, asset.id)] == ([shown(place)] if place else [])
    assert index["count"] == len(lines)
    assert [facet[0] for facet in index["facets"]] == ["Kind", "Account", "Region", "Stage", "Status", "Approval"]


def test_text_is_found_by_section() -> None:
    """A page of text is a document for each of its sections, with an address that leads there."""
    body = '<p>first &amp; words</p><h2 id="two">The second<a class="headerlink" href="#two">¶</a></h2><p>more</p>'
    first, second = sections("manual/", "Manual", body)

    assert (first.location, words_of(first.words)) == ("manual/", {"first", "words"})
    assert (second.location, second.title, words_of(second.words)) == ("manual/#two", "Manual: The second", {"more"})
