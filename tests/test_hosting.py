"""Where a site is hosted, and what Studbook runs in: the CloudFormation template and the container file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import cfnlint.decode
import pytest
from cfnlint.api import lint
from dockerfile_parse import DockerfileParser

from studbook.cli import main

TOP = Path(__file__).parents[1]
TEMPLATE = TOP / "src" / "studbook" / "hosting.yml"


@pytest.fixture(scope="module")
def resources():
    template, problems = cfnlint.decode.decode(str(TEMPLATE))
    assert not problems
    return {name: one["Properties"] for name, one in template["Resources"].items()}


class TestTemplate:
    def test_the_command_prints_it_and_asks_nobody(self, capsysbinary, tmp_path, monkeypatch):
        """Also where there is no catalog yet."""
        monkeypatch.chdir(tmp_path)

        with pytest.raises(SystemExit) as stopped:
            main(["publish", "--cloudformation"])

        assert stopped.value.code == 0
        assert capsysbinary.readouterr().out == TEMPLATE.read_bytes()

    def test_it_lints_clean(self):
        """cfn-lint has no error and no warning; China, where CloudFront lacks a part of this, is not asked about."""
        found = lint(TEMPLATE.read_text(), regions=["us-east-1", "eu-west-1", "ap-southeast-2"])
        assert [str(one) for one in found if one.rule.id[0] in "EW"] == []

    def test_nobody_but_the_distribution_reads_the_bucket(self, resources):
        """No public access of any kind; one service may get objects, for this distribution alone, and only over TLS."""
        assert set(resources["Bucket"]["PublicAccessBlockConfiguration"].values()) == {True}
        allowed, denied = resources["BucketPolicy"]["PolicyDocument"]["Statement"]
        assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert allowed["Action"] == "s3:GetObject"
        assert "${Distribution}" in allowed["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
        assert denied["Effect"] == "Deny"
        config = resources["Distribution"]["DistributionConfig"]
        assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
        assert "OriginAccessControlId" in config["Origins"][0]

    def test_the_door(self, resources, tmp_path):
        """Who is in no network is refused; folders are given their page; what is no network lets nobody in, and no
        address leads to another host."""
        if shutil.which("node") is None:
            pytest.skip("node is not on this machine: the function of the template is not run")
        code, _ = resources["Door"]["FunctionCode"]["Fn::Sub"]
        asked = [
            ("203.0.113.0/24,198.51.100.7/32", "203.0.113.9", "/latest/"),
            ("203.0.113.0/24, 198.51.100.7/32", "198.51.100.7", "/latest/models"),
            ("203.0.113.0/24,198.51.100.7", "198.51.100.7", "/assets/site.css"),
            ("203.0.113.0/24,198.51.100.7/32", "198.51.100.8", "/latest/"),
            ("0.0.0.0/0", "8.8.8.8", "/"),
            ("office", "203.0.113.9", "/"),
            ("203.0.113.0/24", "2001:db8::1", "/"),
            ("203.0.113.0/", "8.8.8.8", "/"),
            ("203.0.113.0/24/8", "8.8.8.8", "/"),
            ("203.0.113.0/24", "203.0.113.9", "//example.com/x"),
            ("203.0.113.0/24", "203.0.113.9", "/\\example.com/x"),
        ]
        calls = []
        for networks, ip, uri in asked:
            event = json.dumps({"viewer": {"ip": ip}, "request": {"uri": uri}})
            calls.append(f"{{{code.replace('${List}', networks)}; console.log(JSON.stringify(handler({event})))}}")
        (tmp_path / "door.js").write_text("\n".join(calls))

        done = subprocess.run(["node", tmp_path / "door.js"], capture_output=True, text=True, check=True)

        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert [one.get("uri") or one["statusCode"] for one in said] == [
            "/latest/index.html", 302, "/assets/site.css", 403, "/index.html", 403, 403, 403, 403, 302, 302
        ]  # fmt: skip
        found = [one["headers"]["location"]["value"] for one in said if "headers" in one]
        assert found == ["/latest/models/", "/example.com/x/", "/example.com/x/"]

    def test_networks_are_checked_before_they_are_let_in(self):
        """What is no network in CIDR notation CloudFormation refuses, before it is a line of the door's program."""
        template, _ = cfnlint.decode.decode(str(TEMPLATE))
        pattern = template["Parameters"]["Networks"]["AllowedPattern"]

        for one in ("203.0.113.0/24", "198.51.100.7", "0.0.0.0/0"):
            assert re.fullmatch(pattern, one), one
        for one in ("203.0.113.0/", "203.0.113.0/33", "office", "10.0.0/8", "1.2.3.4');//"):
            assert re.fullmatch(pattern, one) is None, one


@pytest.fixture
def lines():
    with (TOP / "Containerfile").open("rb") as file:
        return [(one["instruction"], one["value"]) for one in DockerfileParser(fileobj=file).structure]


class TestContainer:
    def test_it_keeps_the_rules_of_container_files(self, lines):
        """Pinned bases, no ADD, nothing cached, forms that pass signals on, and a user that is not root."""
        values = {name: [value for other, value in lines if other == name] for name, _ in lines}

        assert all(re.match(r"[\w./-]+:[\w.-]+(?<!latest)( AS \w+)?$", base) for base in values["FROM"])
        assert "ADD" not in values
        assert "--no-install-recommends" in values["RUN"][-1]
        assert "rm -rf /var/lib/apt/lists/*" in values["RUN"][-1]
        assert "--no-cache-dir --constraint constraints.txt" in values["RUN"][0]
        assert values["ENTRYPOINT"] == ['["studbook"]']
        assert int(values["USER"][-1]) >= 10000
        assert [name for name, _ in lines][-2:] == ["ENTRYPOINT", "CMD"]

    def test_what_it_copies_is_there_and_is_all_that_a_wheel_needs(self, lines):
        """Every path, and every one that the wheel's recipe takes from outside of the package."""
        copied = [
            word for name, value in lines if name == "COPY" and "--from" not in value for word in value.split()[:-1]
        ]
        recipe = (TOP / "pyproject.toml").read_text()
        forced = re.findall(r'^"([\w/.]+)" = "studbook/_data', recipe, re.M)

        assert all((TOP / path).exists() for path in copied)
        assert {path.split("/")[0] for path in forced} <= {*copied}
