"""Configuration: catalog/studbook.yml as values; docs/configuration.md is its reference.

Unknown keys, a malformed ARN, an account listed twice: a SettingsError that names the file, the line and the mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from studbook.errors import ProofError, SettingsError, meant
from studbook.model.canonical import canonical, digest
from studbook.model.ids import REGION, dataset_id, parse_arn, parse_s3
from studbook.model.sources import REGISTRY, SourceName
from studbook.model.storable import MAX_INTEGER
from studbook.proof.note import Verifier
from studbook.strict_yaml import load_yaml


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
Region = Annotated[str, Field(pattern=rf"^{REGION.pattern}$")]


class Account(_Part):
    """One account to harvest."""

    id: AccountId = Field(description="Twelve digits, in quotes.")
    name: str | None = Field(default=None, description="What people call it; the id where it has no name.")
    stage: str | None = Field(default=None, description="development, staging, production, or your own word.")
    regions: tuple[Region, ...] = Field(min_length=1, description="The regions to harvest.")
    role_arn: str | None = Field(
        default=None, description="The role to assume; without one, the caller's own credentials."
    )
    external_id: str | None = Field(default=None, description="The external id that the role's trust policy asks for.")

    @field_validator("role_arn")
    @classmethod
    def _is_a_role(cls, value: str | None) -> str | None:
        if value is not None:
            arn = parse_arn(value)
            if arn is None or arn.service != "iam" or arn.type != "role":
                raise ValueError("is no role ARN; write arn:aws:iam::111111111111:role/StudbookReader")
        return value

    @model_validator(mode="after")
    def _role_is_in_the_account(self) -> Self:
        arn = parse_arn(self.role_arn)
        if arn is not None and arn.account != self.id:
            raise ValueError(f"role_arn belongs to account {arn.account}, not to {self.id}")
        return self

    @property
    def label(self) -> str:
        """What people call it: its name, or else its id."""
        return self.name or self.id


class Organization(_Part):
    """Find the accounts by AWS Organizations."""

    role_name: str = Field(description="The role to assume in every account found.")
    external_id: str | None = Field(default=None, description="The external id of that role.")
    units: tuple[str, ...] = Field(default=(), description="Organizational units to take; all where empty.")
    tags: dict[str, str] = Field(
        default_factory=dict, description="Tag to a glob over its values: only accounts that have all of these."
    )
    regions: tuple[Region, ...] = Field(min_length=1, description="The regions to harvest in every account.")
    stages: dict[str, str] = Field(
        default_factory=dict, description="Unit id to stage; of nested units the innermost says it."
    )


def _s3(value: str) -> str:
    if parse_s3(value) is None:
        raise ValueError("is no S3 URI; write s3://bucket/prefix/")
    return value


S3Uri = Annotated[str, AfterValidator(_s3)]


def _place(value: str) -> str:
    uri = parse_s3(value)
    assert uri is not None
    return dataset_id(uri)


class Dataset(_Part):
    """An S3 prefix that is a dataset."""

    uri: S3Uri = Field(description="s3://bucket/prefix/")
    name: str | None = Field(
        default=None, description="What people call it; the last path segment where it has no name."
    )
    account: AccountId | None = Field(default=None, description="The owning account, whose credentials list it.")
    versions: Literal["fingerprint", "subprefixes"] = Field(
        default="fingerprint", description="One dataset over time, or one version per first-level subprefix."
    )
    inventory: Annotated[S3Uri, AfterValidator(_place)] | None = Field(
        default=None,
        description="s3://destination/prefix/bucket/id/: the S3 Inventory to read in place of listing huge prefixes.",
    )

    @property
    def id(self) -> str:
        """The dataset asset's id."""
        return _place(self.uri)

    @property
    def label(self) -> str:
        """What people call it: its name, or else the last part of its id."""
        return self.name or self.id.rstrip("/").rsplit("/", 1)[-1]


class DocumentPlace(_Part):
    """Where small JSON documents may be read: results of evaluations, metrics reports, manifests."""

    uri: S3Uri = Field(description="s3://bucket/prefix/")
    account: AccountId | None = Field(default=None, description="The owning account, whose credentials read them.")

    @property
    def id(self) -> str:
        """The place with one final slash."""
        return _place(self.uri)


class Evaluator(_Part):
    """Lambda functions that are evaluators, besides those that a hub registers."""

    function: str | None = Field(default=None, description="A glob over function names.")
    tag: dict[str, str] | None = Field(default=None, description="Tags that an evaluator's function has.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.function is None) == (self.tag is None):
            raise ValueError('needs either function: "eval-*" or tag: {purpose: evaluator}')
        return self


class MlflowAuth(_Part):
    """Where the login of an MLflow server is: a token, or a name and a password."""

    token_env: str | None = Field(default=None, description="The environment variable with the token.")
    username_env: str | None = Field(default=None, description="The environment variable with the user's name.")
    password_env: str | None = Field(default=None, description="The environment variable with the password.")

    @model_validator(mode="after")
    def _is_one_login(self) -> Self:
        pair = (self.username_env, self.password_env)
        if (self.token_env is None) == (None in pair) or (self.token_env is not None and any(pair)):
            raise ValueError("needs either token_env, or username_env and password_env")
        return self


class MlflowSettings(_Part):
    """An MLflow server that SageMaker does not list."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] = Field(
        description="Its name in ids: letters, digits, . _ -"
    )
    tracking_uri: Annotated[str, Field(pattern=r"^https?://")] = Field(description="http:// or https://")
    account: AccountId | None = Field(default=None, description="The account it belongs to, if one does.")
    auth: MlflowAuth | None = Field(default=None, description="The environment variables that hold its login.")
    insecure: bool = Field(default=False, description="true sends the login over http to another machine, too.")
    workspaces: tuple[str, ...] = Field(default=(), description="Which workspaces to read; all where none is named.")

    @field_validator("tracking_uri")
    @classmethod
    def _has_no_login(cls, value: str) -> str:
        if "@" in urlsplit(value).netloc:
            raise ValueError("has a login in it; take it out, and name its variables under auth")
        return value

    @property
    def variable(self) -> str:
        """How the variables begin that hold its login where `auth` names none: `STUDBOOK_MLFLOW_LAB`."""
        return "STUDBOOK_MLFLOW_" + re.sub("[^A-Z0-9]", "_", self.name.upper())


class SourceSettings(_Part):
    """How one source is harvested."""

    enabled: bool = Field(default=True, description="false leaves the source out.")
    rate: float | None = Field(
        default=None,
        gt=0,
        description="Calls per second of each operation in an account and region; learned where it is missing.",
    )
    workers: int = Field(
        default=8, ge=1, le=32, description="Resources described at a time in each partition, within the rate."
    )
    limits: dict[str, int] = Field(default_factory=dict, description="Caps by name; see 'studbook help configuration'.")
    leave_out: tuple[str, ...] = Field(
        default=(),
        description="Parts of the source, by name, that are not asked for; see 'studbook help configuration'.",
    )


class Patience(_Part):
    """How long a call, a listing and a visit may take, and how often a call is made again where that may help."""

    connect_timeout: float = Field(default=10, gt=0, description="Seconds until a connection must be there.")
    read_timeout: float = Field(default=60, gt=0, description="Seconds that a service may be silent.")
    attempts: int = Field(
        default=6, ge=1, description="Calls in all, where one was throttled, lost or answered by a failure."
    )
    answer_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1, description="Bytes of one answer, when it is decompressed."
    )
    pages: int = Field(default=10_000, ge=1, description="Pages of one listing.")
    visit_seconds: float = Field(default=3600, gt=0, description="Seconds that a partition may take in all.")


class Redact(_Part):
    """What else must never be kept."""

    keys: tuple[str, ...] = Field(
        default=(), description="Case-insensitive globs over keys, besides the built-in ones."
    )
    values: tuple[str, ...] = Field(
        default=(), description="Regular expressions over values and ids, besides the built-in ones."
    )
    salt: str = Field(
        default="",
        max_length=64,
        description="Random text, the catalog's own: the key of the digests that stand for secrets inside of names.",
    )

    @field_validator("values")
    @classmethod
    def _compile(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return value


class Exclude(_Part):
    """What is left out of the catalog."""

    tags: dict[str, str] = Field(
        default_factory=dict, description="Tag to a glob over its values: whatever has one of these tags is left out."
    )


class RuleSettings(_Part):
    """How one rule is applied. A rule's own parameters are fields of a class below this one, in the rule's file."""

    enabled: bool | None = Field(
        default=None, description="false switches the rule off, true one on that is off by itself."
    )
    level: Literal["error", "warning", "note"] | None = Field(
        default=None, description="Another level than the rule's own."
    )


class MetricSettings(_Part):
    """What a metric's value means."""

    lower_is_better: tuple[str, ...] = Field(
        default=("*loss*", "*error*", "*perplexity*", "*latency*", "rmse", "mae", "mse", "wer"),
        description="Globs over the names of metrics, case aside; of all others more is better.",
    )

    def prefers_less(self, metric: str) -> bool:
        """Whether the lower of two values of a metric is the better one."""
        return _is_among(metric, self.lower_is_better)


@lru_cache(1 << 12)
def _is_among(metric: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(metric.lower(), glob.lower()) for glob in globs)


class GivenRule(RuleSettings):
    """What is written of a rule: whoever knows the rule knows whether it can be set so."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Rules(BaseModel):
    """How rules are applied, each by its id, and what metrics mean to them."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, GivenRule]

    files: tuple[str, ...] = Field(
        default=(), description="Python files with rules of your own, relative to the catalog."
    )
    metrics: MetricSettings = Field(default=MetricSettings(), description="What a metric's value means.")

    @property
    def by_id(self) -> dict[str, GivenRule]:
        """Those that the configuration has words for, by the rule's id."""
        return self.__pydantic_extra__


class Keep(_Part):
    """Which snapshots' sites are kept: of each of the last days, weeks and months that have one, the newest."""

    daily: int = Field(default=0, ge=0, description="Of how many days.")
    weekly: int = Field(default=0, ge=0, description="Of how many weeks, Monday to Sunday.")
    monthly: int = Field(default=0, ge=0, description="Of how many months.")


class SiteSettings(_Part):
    """How the site is built."""

    title: str = Field(default="Studbook", description="The site's name.")
    url: Annotated[str, Field(pattern=r"^https?://[^\s\"'<>\\]+$")] | None = Field(
        default=None, description="Where it will be hosted: http:// or https://."
    )
    templates: str | None = Field(
        default=None, description="Your own templates, searched first; relative to the catalog."
    )
    pictures: Literal["auto", "required", "off"] = Field(
        default="auto",
        description="Lineage pictures: auto draws them where graphviz's `dot` is installed, required fails without it.",
    )
    keep: Literal["all"] | Keep = Field(
        default="all", description="Which snapshots' sites stay: all, or daily, weekly and monthly counts."
    )


class LogSettings(_Part):
    """The log of the catalog's snapshots."""

    origin: Annotated[str, Field(pattern=r"^[^\s+]+$")] | None = Field(
        default=None, description="Its name in checkpoints, as example.com/models; made of its first entry by default."
    )
    kms: str | None = Field(
        default=None, description="The id, ARN or alias of a key in AWS KMS by which each `studbook nightly` signs."
    )
    keys: tuple[str, ...] = Field(
        default=(), description="Public keys that sign or cosign its checkpoints, as `studbook sign` prints them."
    )

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                Verifier.parse(one)
            except ProofError as error:
                raise ValueError(error.message) from None
        return value

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The keys, parsed, in the order of the configuration."""
        return tuple(map(Verifier.parse, self.keys))


class Publish(_Part):
    """Where the site is published."""

    to: S3Uri | None = Field(default=None, description="s3://bucket/prefix/")


_NAMES: dict[type, str] = {MlflowSettings: "MLflow server", DocumentPlace: "document place"}


class Settings(_Part):
    """The whole configuration."""

    accounts: tuple[Account, ...] = Field(default=(), description="The accounts to harvest.")
    organization: Organization | None = Field(default=None, description="Or all accounts of an organisation.")
    datasets: tuple[Dataset, ...] = Field(default=(), description="S3 prefixes that are datasets.")
    documents: tuple[DocumentPlace, ...] = Field(
        default=(), description="S3 places whose small JSON documents may be read; none is read without."
    )
    evaluators: tuple[Evaluator, ...] = Field(default=(), description="Lambda functions that are evaluators.")
    mlflow: tuple[MlflowSettings, ...] = Field(
        default=(), description="MLflow servers besides Apps and tracking servers."
    )
    sources: dict[SourceName, SourceSettings] = Field(
        default_factory=dict, description="Per source: enabled, rate, limits."
    )
    patience: Patience = Field(default=Patience(), description="How long a call may take.")
    redact: Redact = Field(default=Redact(), description="Redaction besides the built-in rules.")
    exclude: Exclude = Field(default=Exclude(), description="What is left out, by tag.")
    rules: Rules = Field(default=Rules(), description="Per rule: enabled, level; and what metrics mean.")
    site: SiteSettings = Field(default=SiteSettings(), description="The site.")
    log: LogSettings = Field(default=LogSettings(), description="The log of snapshots, and who signs it.")
    publish: Publish = Field(default=Publish(), description="Where `studbook publish` puts the site.")

    @field_validator("accounts", "datasets", "documents", "mlflow")
    @classmethod
    def _no_doubles(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        seen: set[str] = set()
        for index, item in enumerate(value):
            name = item.name if isinstance(item, MlflowSettings) else item.id
            if name in seen:
                what = _NAMES.get(type(item), type(item).__name__.lower())
                raise PydanticCustomError(
                    "listed_twice",
                    "{what} {name} is listed twice; keep one",
                    {"what": what, "name": name, "index": index},
                )
            seen.add(name)
        return value

    def source(self, name: str) -> SourceSettings:
        """The settings of a source, the defaults where none are given."""
        known = REGISTRY.get(name)
        return self.sources.get(name) or SourceSettings(enabled=known is None or not known.optional)

    def account(self, account_id: str | None) -> Account | None:
        """The account of that id, if it is configured."""
        return next((account for account in self.accounts if account.id == account_id), None)

    @property
    def resolved(self) -> dict[str, Any]:
        """All values as plain JSON, defaults included, as a snapshot keeps them.

        What `redact` looks for must not be kept: its patterns, and the salt, stand as digests.
        """
        found = self.model_dump(mode="json")
        secret: dict[str, Any] = {"values": [digest(pattern.encode()) for pattern in self.redact.values]}
        if self.redact.salt:
            secret |= {"salt": digest(self.redact.salt.encode()).removeprefix("sha256:")}
        return found | {"redact": found["redact"] | secret}

    @property
    def digest(self) -> str:
        """The digest of the configuration in force."""
        return digest(canonical(self.resolved))


def load_settings(path: Path) -> Settings:
    """The configuration in `path`.

    Raises SettingsError, with the line at fault, where the file is missing or says what cannot be meant.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no configuration here",
            "write one with 'studbook init', or name another catalog with --catalog DIR",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    data, tree = load_yaml(text, str(path), "see 'studbook help configuration'")
    if tree is None:
        data = {}
    if not isinstance(data, dict):
        raise SettingsError(
            f"{path}:1: is no mapping of settings", "begin with 'accounts:'; see 'studbook help configuration'"
        )
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        where, message, hint = explain_mistake(Settings, error)
        raise SettingsError(f"{path}:{_line(tree, where)}: {message}", hint) from None
    for where, number in _numbers(settings.model_dump(mode="json"), ()):
        if not -MAX_INTEGER <= number <= MAX_INTEGER:  # not a number, too
            raise SettingsError(f"{path}:{_line(tree, where)}: {number!r:.20} is no number that can be kept")
    for where, known in _names_of_sources(settings):
        if where[-1] not in known:
            hint = f"known keys here: {', '.join(known)}" if known else "there are none for this source"
            raise SettingsError(
                f"{path}:{_line(tree, where)}: unknown key '{'.'.join(where)}'", meant(where[-1], known, hint)
            )
    _, first = next(_aws_partitions(settings), ((), ""))
    for where, found in _aws_partitions(settings):
        if found != first:
            raise SettingsError(
                f"{path}:{_line(tree, where)}: {'.'.join(map(str, where))} is in the AWS partition {found}, what "
                f"stands before it in {first}: no credentials are good in both, and buckets of one name are two",
                "keep one catalog for each of them",
            )
    return settings


def _names_of_sources(settings: Settings) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each cap and each part of a source by the place that names it, and the names that this source knows there."""
    for name, source in settings.sources.items():
        for limit in source.limits:
            yield ("sources", name, "limits", limit), REGISTRY[name].limits
        for part in source.leave_out:
            yield ("sources", name, "leave_out", part), REGISTRY[name].leave_out


def _aws_partitions(settings: Settings) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Each place that tells an AWS partition, and which: a role by its ARN, a region by its name."""
    for index, account in enumerate(settings.accounts):
        yield from _of_regions(("accounts", index, "regions"), account.regions)
        if (role := parse_arn(account.role_arn)) is not None:
            yield ("accounts", index, "role_arn"), role.partition
    if settings.organization is not None:
        yield from _of_regions(("organization", "regions"), settings.organization.regions)


def _of_regions(where: tuple[Any, ...], regions: tuple[str, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    for index, region in enumerate(regions):
        yield (*where, index), next((name for begin, name in _OTHER_PARTITIONS if region.startswith(begin)), "aws")


_OTHER_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("eusc-", "aws-eusc"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
)
"""AWS partitions by how the names of their regions begin; all others are in `aws`."""


def _numbers(value: Any, where: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], float]]:
    if isinstance(value, (int, float)):
        yield where, value
    elif isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(inner, (*where, name))


def line_of(path: Path, where: tuple[Any, ...]) -> int:
    """The line, from 1, at which a configuration says what stands at a place; of the innermost key that it has."""
    _, tree = load_yaml(path.read_text(encoding="utf-8"), str(path))
    return _line(tree, where)


def explain_mistake(
    model: type[BaseModel], error: ValidationError, within: tuple[Any, ...] = ()
) -> tuple[tuple[Any, ...], str, str]:
    """The place of the first mistake, what is wrong, and the mend. The place is a path of keys and positions from
    the configuration's root; the model is of what stands `within` the configuration."""
    # A misspelt key is also a missing one: the misspelling is what to mend.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = tuple(part for part in first["loc"] if part != "[key]")
    if first["type"] == "listed_twice":
        where = (*where, first["ctx"]["index"])
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, where[:-1])
        hint = meant(str(where[-1]), known, f"known keys here: {', '.join(known)}")
        where = (*within, *where)
        return where, f"unknown key '{'.'.join(map(str, where))}'", hint
    message = first["msg"].removeprefix("Value error, ")
    hint = "see 'studbook help configuration'"
    if where and where[-1] == "id" and "accounts" in where:
        hint = 'an account id is twelve digits, in quotes: "111111111111"'
    if "regions" in where and first["type"] == "string_pattern_mismatch":
        message, hint = f"{first['input']!r} is no region's name", "write it as AWS does: us-east-1"
    where = (*within, *where)
    return where, f"{'.'.join(map(str, where)) or 'the configuration'}: {message}", hint


def _line(node: yaml.Node | None, where: tuple[Any, ...]) -> int:
    """The line, from 1, of the innermost node on the way that the file has."""
    line = 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _known_keys(model: type[BaseModel], where: tuple[Any, ...]) -> list[str]:
    """The keys that are allowed at a place."""
    for part in where:
        if part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
