"""Answers of AWS that are none, or odd in one value, over HTTP through botocore."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from studbook.aws.errors import Trouble, explain
from studbook.aws.sessions import Sessions
from studbook.model.storable import answer
from studbook.settings import Patience

LISTED = (
    "<ListBucketResult><Name>b</Name><IsTruncated>{more}</IsTruncated>"
    "<KeyCount>{count}</KeyCount>{key}</ListBucketResult>"
)
KEY = "<Contents><Key>a</Key><Size>1</Size><ETag>e</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"


class Drip:
    """An answer that comes byte by byte."""

    def __init__(self, headers):
        self.headers = headers


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.headers.get("x-amz-create-session-mode"))
        said = self.server.said
        if isinstance(said, Drip):
            with contextlib.suppress(OSError):
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                self.wfile.write(b"" if said.headers else head)
                for byte in (head if said.headers else b"") + b"{" * 1000:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.02)
            return
        body = said.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def ask(monkeypatch):
    """What an operation comes to, where the service says this."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")

    def asked(said, service="sagemaker", operation="list_models", **params):
        server.said = said
        patience = Patience(read_timeout=0.3, answer_bytes=100_000, attempts=2)
        client = Sessions({}, patience=patience).client(None, "us-west-2", service)
        try:
            return answer(getattr(client, operation)(**params))
        except Exception as error:
            raise explain(error, operation) from error

    asked.server = server
    yield asked
    server.shutdown()
    server.server_close()


class TestOddValues:
    def test_a_value_costs_itself(self, ask):
        """A time that is none, an object that is text: the page is read, and says what is missing of it."""
        found = ask(
            '{"Models": [{"ModelName": "a", "CreationTime": ""}, {"ModelName": "b", "CreationTime": 1e30}, "c"]}'
        )

        assert found["Models"] == [{"ModelName": "a"}, {"ModelName": "b"}, None]
        told = [str(loss) for loss in found.lost]
        assert told == [
            "Models[0].CreationTime: is no time",
            "Models[1].CreationTime: is no time",
            "Models[2]: is no object",
        ]

    def test_a_list_that_is_none(self, ask):
        """What has another type than a list is left out, so that nobody takes it for an empty one."""
        found = ask('{"Models": {"ModelName": "a"}}')

        assert "Models" not in found
        assert [str(loss) for loss in found.lost] == ["Models: is no list"]

    def test_a_text_that_is_none(self, ask):
        """What names a thing is text: a number in its place is left out, and told."""
        found = ask('{"Models": [{"ModelName": 7, "ModelArn": ["a"]}, {"ModelName": "b", "ModelArn": null}]}')

        assert found["Models"] == [{}, {"ModelName": "b"}]
        assert [str(loss) for loss in found.lost] == [
            "Models[0].ModelName: is no text",
            "Models[0].ModelArn: is no text",
        ]

    def test_numbers_of_a_rest_api(self, ask):
        """REST's answers are as JSON's: a number that is none stays what it is, beside its neighbours."""
        huge = "7" * 5000
        found = ask(
            f'{{"Functions": [{{"CodeSize": "odd", "Timeout": []}}, {{"CodeSize": {huge}}}, {{"CodeSize": 5}}]}}',
            service="lambda",
            operation="list_functions",
        )

        assert found["Functions"] == [{"CodeSize": "odd", "Timeout": []}, {"CodeSize": huge}, {"CodeSize": 5}]


class TestNoAnswers:
    @pytest.mark.parametrize(
        "said",
        [
            "{}",
            '{"message": "please log in"}',
            '{"Models": [], "__type": "AccessDeniedException"}',
            '{"Models": [}',
            "[]",
            "",
            "<html/>",
        ],
    )
    def test_json(self, ask, said):
        """A success that says nothing of the API's, or an error in one, is a failed answer."""
        with pytest.raises(Trouble) as caught:
            ask(said)

        assert caught.value.code == "NoAnswer"

    @pytest.mark.parametrize(
        "said",
        [
            "<Login/>",
            "<ListBucketResult/>",
            "<Error><Code>AccessDenied</Code></Error>",
            LISTED.format(more="false", count=2, key=KEY),
            LISTED.format(more="true", count=1, key=KEY),
            LISTED.format(more="perhaps", count=1, key=KEY),
            LISTED.format(more="false", count="one", key=KEY),
        ],
    )
    def test_s3(self, ask, said):
        """A foreign root element, fewer keys than are counted, more to come and no way to it, or nobody knows whether
        there is: failed answers."""
        with pytest.raises(Trouble) as caught:
            ask(said, "s3", "list_objects_v2", Bucket="b")

        assert caught.value.code == "NoAnswer"

    @pytest.mark.parametrize(
        ("odd", "lost"),
        [
            ("<MaxKeys>many</MaxKeys>", "MaxKeys"),
            (KEY.replace(">1<", ">x<"), "Contents[1].Size"),
            (KEY.replace("</ETag>", "</ETag><ETag>f</ETag>"), "Contents[1].ETag"),
            (KEY.replace("2026-01-01T", "yesterday"), "Contents[1].LastModified"),
        ],
    )
    def test_one_odd_value_of_s3(self, ask, odd, lost):
        """It is left out, and said; what is beside it is read."""
        said = LISTED.format(more="false", count=1 + odd.count("<Key>"), key=KEY + odd)

        found = ask(said, "s3", "list_objects_v2", Bucket="b")

        assert [str(loss).partition(": ")[0] for loss in found.lost] == [lost]
        assert found["Contents"][0].keys() == {"Key", "Size", "ETag", "LastModified"}

    def test_s3_as_it_is(self, ask):
        """A listing that is what it says of itself is read, be it empty."""
        assert (
            len(ask(LISTED.format(more="false", count=1, key=KEY), "s3", "list_objects_v2", Bucket="b")["Contents"])
            == 1
        )
        assert ask(LISTED.format(more="false", count=0, key=""), "s3", "list_objects_v2", Bucket="b")["KeyCount"] == 0


class TestLimits:
    def test_a_large_answer(self, ask):
        """It is left where it is, and not asked for again."""
        with pytest.raises(Trouble) as caught:
            ask('{"Models": [' + " " * 200_000 + "]}")

        assert (caught.value.meaning, caught.value.code) == ("limit", "LargeAnswer")
        assert len(ask.server.asked) == 1

    @pytest.mark.parametrize("headers", [True, False])
    def test_a_slow_drip(self, ask, headers):
        """A byte now and then, of headers or of the body, is left when the answer has taken its time."""
        began = time.monotonic()
        with pytest.raises(Trouble) as caught:
            ask(Drip(headers))

        assert (caught.value.meaning, caught.value.code) == ("limit", "SlowAnswer")
        assert time.monotonic() - began < 8


class TestLogs:
    def test_nothing_of_ours_in_botocores_debug_log(self, ask, caplog):
        """Whoever has Python's root logger at debug level reads no answer and no credentials there."""
        caplog.set_level(logging.DEBUG)

        ask('{"Models": [{"ModelName": "of-the-answer"}]}')

        assert "of-the-answer" not in caplog.text
        assert "AKIAEXAMPLE" not in caplog.text


class TestDirectoryBuckets:
    def test_the_session_only_reads(self, ask):
        """botocore opens a session before it lists a directory bucket; what it asks for may read, and no more."""
        with pytest.raises(Trouble):
            ask("<Error/>", "s3", "create_session", Bucket="data--use1-az4--x-s3")

        assert ask.server.asked == ["ReadOnly"]
