"""What people write is read by one loader, which nothing can stop, fill or fool."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook.errors import SettingsError
from studbook.strict_yaml import load_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (BOMB, "f:2: an alias"),
            ("accounts: &a [*a]", "f:1: an alias"),
            ("a: &a {site: *a}", "f:1: an alias"),
            ("a:\n " + "[" * 100, "f:2: is nested deeper than 50"),
            ("a: 1\nb: {c: 2, c: 3}", "f:2: the key 'c' is here twice"),
            ("a: !!python/object/apply:os.system [true]", "f:1: is no YAML"),
            ("a: b\n c: d", "f:2: is no YAML"),
            ("x" * 1_000_001, "f: is longer than"),
            ("a: \x00", "f: is no YAML"),
            ("---\na\n---\nb", "f:3: is no YAML"),
            ("a: !!bool maybe", "f: is no YAML"),
            ("a: !!int ''", "f: is no YAML"),
            ("a: !!timestamp x", "f:1: is no YAML"),
            ("a: !!timestamp 2026-01-01", "f:1: is no YAML"),
            ("a: !!set {x}", "f:1: is no YAML"),
            ("a: !!binary aGk=", "f:1: is no YAML"),
            ("a: 0x" + "f" * 5000, "f: is no YAML"),
            (r'a: "\ud800"', "f:1: is no YAML: half of a character"),
        ],
    )
    def test_with_file_and_line(self, text, message):
        """Bombs, circles, piles, doubles, tags and what is no YAML: a sentence at once."""
        started = time.monotonic()

        with pytest.raises(SettingsError) as raised:
            load_yaml(text, "f")

        assert raised.value.message.startswith(message)
        assert time.monotonic() - started < 5

    @given(st.text(alphabet="ab:-[]{}&*!|>#'\"? \n\t,1", max_size=60))
    def test_any_text_is_read_or_a_sentence(self, text):
        """Never another exception."""
        with contextlib.suppress(SettingsError):
            load_yaml(text, "f")


class TestRead:
    @pytest.mark.parametrize(
        ("text", "data"),
        [
            ("", None),
            ("a: 2026-02-31", {"a": "2026-02-31"}),
            ("a: 2026-02-21T10:00:00Z", {"a": "2026-02-21T10:00:00Z"}),
            ("a: [1, true, null, x]", {"a": [1, True, None, "x"]}),
        ],
    )
    def test_values(self, text, data):
        """Plain values; a date is the text that it is."""
        assert load_yaml(text, "f").data == data
