"""Secrets and harmless values, generated: what docs/security.md promises, form by form, and what records are full of.

Nothing here is, or looks like, a token in this file: each is built when asked for, from its issuer's shape.
"""

from __future__ import annotations

import base64
import json
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

ALPHABETS = {
    "hex": "0123456789abcdef",
    "digit": string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
    "letter": string.ascii_letters,
    "alnum": string.ascii_letters + string.digits,
    "url": string.ascii_letters + string.digits + "-_",
    "b64": string.ascii_letters + string.digits + "+/",
    "azure": string.ascii_letters + string.digits + "~._-",
}

# How each issuer makes its tokens: literal text, and <alphabet:length> for what is drawn.
SHAPES: dict[str, tuple[str, ...]] = {
    "AWS access key": ("AKIA<upper:16>", "ASIA<upper:16>"),
    "AWS Bedrock": ("ABSK<b64:128>",),
    "AWS Bedrock, short-term": ("bedrock-api-key-<b64:120>",),
    "JWT": ("eyJ<url:30>.<url:60>.<url:43>",),
    "GitHub": ("ghp_<alnum:36>", "gho_<alnum:36>", "ghu_<alnum:36>", "ghs_<alnum:36>", "ghr_<alnum:76>"),
    "GitHub, fine-grained": ("github_pat_<alnum:22>_<alnum:59>",),
    "GitLab": (
        "glpat-<url:20>",
        "gldt-<url:20>",
        "glrt-<url:20>",
        "glptt-<hex:40>",
        "glpat-<url:27>.01.<lower:9>",
        "glwt-<url:20>",
    ),
    "Hugging Face": ("hf_<letter:34>", "api_org_<letter:34>"),
    "OpenAI": ("sk-proj-<url:74>T3BlbkFJ<url:74>", "sk-svcacct-<url:60>", "sk-admin-<url:60>"),
    "OpenAI, and those who copy it": ("sk-<alnum:20>T3BlbkFJ<alnum:20>", "sk-<hex:32>"),
    "Anthropic": ("sk-ant-api03-<url:93>AA", "sk-ant-admin01-<url:86>"),
    "OpenRouter": ("sk-or-v1-<hex:64>",),
    "Langfuse": ("sk-lf-<uuid>", "pk-lf-<uuid>"),
    "ElevenLabs": ("sk_<hex:48>",),
    "Slack": ("xoxb-<digit:12>-<digit:13>-<alnum:24>", "xoxp-<digit:11>-<digit:11>-<digit:13>-<hex:32>"),
    "Slack, rotated": ("xoxe.xoxp-1-<alnum:163>", "xoxe.xoxb-1-<alnum:163>"),
    "Slack app": ("xapp-1-A<upper:10>-<digit:13>-<hex:64>",),
    "Slack webhook": (
        "https://hooks.slack.com/services/T<upper:10>/B<upper:10>/<alnum:24>",
        "https://hooks.slack.com/workflows/T<upper:10>/A<upper:10>/<digit:18>/<alnum:24>",
    ),
    "Google API": ("AIza<url:35>",),
    "Google session": ("ya29.<url:120>",),
    "Google client": ("GOCSPX-<url:28>",),
    "Google refresh": ("1//0<url:80>",),
    "Google Cloud Storage HMAC": ("GOOG1E<upper:55>",),
    "Databricks": ("dapi<hex:32>", "dose<hex:32>", "dkea<hex:32>", "dapi<hex:32>-2"),
    "Stripe": ("sk_live_<alnum:24>", "sk_test_<alnum:99>", "rk_live_<alnum:99>", "whsec_<alnum:32>"),
    "npm": ("npm_<alnum:36>",),
    "PyPI": ("pypi-AgEIcHlwaS5vcmc<url:120>",),
    "RubyGems": ("rubygems_<hex:48>",),
    "crates.io": ("cio<alnum:32>",),
    "NuGet": ("oy2<lower:43>",),
    "Weights & Biases": ("wandb_v1_<alnum:70>",),
    "Weights & Biases, own server": ("local-<hex:40>",),
    "LangSmith": ("lsv2_pt_<hex:32>_<hex:10>", "lsv2_sk_<hex:32>_<hex:10>"),
    "Pinecone": ("pcsk_<alnum:6>_<alnum:64>",),
    "Perplexity": ("pplx-<alnum:48>",),
    "Fireworks": ("fw_<alnum:24>",),
    "Groq": ("gsk_<alnum:52>",),
    "xAI": ("xai-<alnum:80>",),
    "NVIDIA": ("nvapi-<url:64>",),
    "Replicate": ("r8_<alnum:37>",),
    "Modal": ("ak-<alnum:22>", "as-<alnum:22>"),
    "Together": ("tgp_v1_<url:43>",),
    "Tavily": ("tvly-<alnum:32>", "tvly-dev-<alnum:32>"),
    "Firecrawl": ("fc-<hex:32>", "fco_<hex:64>"),
    "E2B": ("e2b_<hex:40>",),
    "Jina": ("jina_<hex:32><url:28>",),
    "RunPod": ("rpa_<upper:40>",),
    "Kaggle": ("KGAT_<hex:32>",),
    "Docker": ("dckr_pat_<url:27>", "dckr_oat_<url:32>"),
    "DigitalOcean": ("dop_v1_<hex:64>", "doo_v1_<hex:64>", "dor_v1_<hex:64>"),
    "Twilio": ("SK<hex:32>",),
    "SendGrid": ("SG.<url:22>.<url:43>",),
    "Mailgun": ("key-<lower:32>",),
    "Brevo": ("xkeysib-<hex:64>-<alnum:16>",),
    "Supabase": ("sbp_<hex:40>",),
    "Supabase, a project's": ("sb_secret_<url:31>",),
    "New Relic": ("NRAK-<upper:27>", "NRII-<url:32>"),
    "Grafana": ("glsa_<alnum:32>_<hex:8>",),
    "Grafana Cloud": ("glc_<b64:100>",),
    "Postman": ("PMAK-<hex:24>-<hex:34>",),
    "Shopify": ("shpat_<hex:32>", "shpss_<hex:32>", "shpca_<hex:32>", "shppa_<hex:32>"),
    "Square": ("sq0atp-<url:22>", "sq0csp-<url:43>"),
    "HashiCorp Vault": ("hvs.<url:90>", "hvb.<url:138>"),
    "Pulumi": ("pul-<hex:40>",),
    "Doppler": ("dp.pt.<alnum:43>", "dp.st.dev.<alnum:43>"),
    "Heroku": ("HRKU-<url:60>",),
    "Netlify": ("nfp_<alnum:36>",),
    "Render": ("rnd_<alnum:28>",),
    "Neon": ("napi_<lower:64>",),
    "PlanetScale": ("pscale_tkn_<url:43>", "pscale_pw_<url:43>"),
    "Tailscale": ("tskey-auth-<alnum:12>CNTRL-<alnum:32>",),
    "Atlassian": ("ATATT3xFfGF0<url:170>=<upper:8>",),
    "Bitbucket": ("ATBB<alnum:32>",),
    "Linear": ("lin_api_<alnum:40>",),
    "Notion": ("ntn_<alnum:46>",),
    "Figma": ("figd_<url:40>",),
    "Sentry": ("sntrys_<b64:100>_<b64:43>", "sntryu_<hex:64>"),
    "SonarQube": ("sqp_<hex:40>", "squ_<hex:40>", "sqa_<hex:40>"),
    "JFrog": ("AKCp8<alnum:68>",),
    "HubSpot": ("pat-na1-<uuid>", "pat-eu1-<uuid>"),
    "Dynatrace": ("dt0c01.<upper:24>.<upper:64>",),
    "Prefect": ("pnu_<alnum:36>",),
    "PostHog": ("phx_<alnum:43>",),
    "Buildkite": ("bkua_<hex:40>",),
    "CircleCI": ("CCIPAT_<alnum:22>_<hex:40>",),
    "Contentful": ("CFPAT-<url:43>",),
    "Airtable": ("pat<alnum:14>.<hex:64>",),
    "Mapbox": ("sk.eyJ<url:80>.<url:22>",),
    "Aiven": ("AVNS_<url:19>",),
    "Apify": ("apify_api_<alnum:36>",),
    "Sourcegraph": ("sgp_<hex:16>_<hex:40>",),
    "Alibaba Cloud": ("LTAI<alnum:20>",),
    "Tencent Cloud": ("AKID<alnum:32>",),
    "Discord webhook": ("https://discord.com/api/webhooks/<digit:18>/<url:68>",),
    "age": ("AGE-SECRET-KEY-1<upper:58>",),
    "PEM": ("-----BEGIN RSA PRIVATE KEY-----\n<b64:64>\n<b64:64>\n-----END RSA PRIVATE KEY-----",),
    "Azure client secret": ("<alnum:3>8Q~<azure:31><alnum:3>",),
    "Azure DevOps": ("<alnum:76>AZDO<alnum:4>",),
    "Azure Storage": ("<b64:76>+ASt<b64:6>==",),
    "Azure Event Hubs": ("<b64:33>+AEh<b64:6>=",),
    "Azure Service Bus": ("<b64:33>+ASb<b64:6>=",),
    "Azure Cosmos DB": ("<b64:76>ACDb<b64:6>==",),
    "Telegram": ("<digit:10>:AA<url:33>", "https://api.telegram.org/bot<digit:10>:AA<url:33>"),
    "Anaconda": ("https://conda.anaconda.org/t/an-<uuid>",),
    "Mailchimp": ("<hex:32>-us12",),
    "HCP Terraform": ("<alnum:14>.atlasv1.<url:67>",),
    "Teams webhook": ("https://acme.webhook.office.com/webhookb2/<uuid>@<uuid>/IncomingWebhook/<hex:32>/<uuid>",),
}


def drawn(random: Random, alphabet: str, length: int) -> str:
    """Characters of one of ALPHABETS."""
    return "".join(random.choices(ALPHABETS[alphabet], k=length))


def token(random: Random, shape: str) -> str:
    """A token of a shape of SHAPES."""
    first, *rest = shape.split("<")
    parts = [first]
    for piece in rest:
        spec, _, literal = piece.partition(">")
        alphabet, _, length = spec.partition(":")
        made = str(uuid.UUID(int=random.getrandbits(128))) if spec == "uuid" else drawn(random, alphabet, int(length))
        # Some of an issuer's tokens would end in a sign; a letter makes sure that nothing is taken for punctuation.
        parts += [made[:-1] + "k" if alphabet in ("url", "azure") else made, literal]
    return "".join(parts)


def IN_A_PATH(made: str) -> Any:  # noqa: N802 - one of AROUND
    """A token as a part of an S3 key."""
    return {"S3Uri": f"s3://bucket/{made}/x"}


AROUND: tuple[Callable[[str], Any], ...] = (
    lambda t: {"note": t},
    lambda t: {"note": f"use {t} please"},
    lambda t: {"note": f"'{t}'"},
    lambda t: {"note": f"({t})"},
    lambda t: {"note": f"see: {t}, and go on"},
    lambda t: {"note": f"x={t}"},
    lambda t: {"note": json.dumps(t)},
    lambda t: {"note": json.dumps({"a": {"b": [t]}})},
    lambda t: {"note": json.dumps(json.dumps({"a": t}))},
    lambda t: {"note": json.dumps({"a": json.dumps({"b": json.dumps([t])})})},
    lambda t: {"note": quote(f"a {t}", safe="")},
    lambda t: {"note": f"<a>{t}</a>"},
    lambda t: {"note": f"- name: x\n  value: {t}\n"},
    lambda t: {"list": ["--note", t, "--lr", "3"]},
    lambda t: {"list": [f"--note={t}"]},
    lambda t: {"Name": "note", "Value": t},
    lambda t: {"TagKey": "note", "TagValue": t},
    lambda t: {"ParameterName": t},
    IN_A_PATH,
    lambda t: {"ModelName": f"bot-{t}"},
    lambda t: {"url": f"https://h.example.com/p?x={t}"},
    lambda t: {f"with {t}": "x"},
)
"""Where a token of a known form may stand: nothing around it says what it is."""

KEYS = (
    "password", "Password", "DB_PASSWORD", "dbPasswd", "db-pwd", "PASS", "DB_PASS", "passphrase", "passcode", "secret",
    "client_secret", "SecretString", "next_token_secret", "stop_token_password", "credential", "creds", "api_key",
    "apiKey", "OPENAI_API_KEY", "OPENAI_KEY", "WANDB_KEY", "access_key", "AccessKeyId", "private_key", "SSH_KEY",
    "signing_key", "encryption_key", "account_key", "AccountKey", "license_key", "conn_str", "ConnectionString", "DSN",
    "webhook", "webhook_url", "cookie", "sas", "HF_TOKEN", "hfToken", "token", "auth", "Authorization", "bearer",
    "GITHUB_PAT", "jwt", "contraseña", "mot_de_passe", "motDePasse", "Passwort", "Kennwort", "senha", "wachtwoord",
    "hasło", "heslo", "lösenord", "salasana", "parola", "şifre", "jelszó", "пароль", "DB_ПАРОЛЬ", "секрет", "κωδικός",
    "סיסמה", "كلمة المرور", "पासवर्ड", "รหัสผ่าน", "mật khẩu", "密码", "口令", "パスワード", "비밀번호",
)  # fmt: skip
"""Keys that say it."""

NAMED: tuple[Callable[[str, str], Any], ...] = (
    lambda k, s: {k: s},
    lambda k, s: {"Environment": {k: s}},
    lambda k, s: {k: {"inner": [s]}},
    lambda k, s: {"Name": k, "Value": s},
    lambda k, s: {"name": k, "value": s},
    lambda k, s: {"Key": k, "Value": s},
    lambda k, s: {"TagKey": k, "TagValue": s},
    lambda k, s: {"ParameterKey": k, "ParameterValue": s},
    lambda k, s: {"Name": k, "DefaultValue": s},
    lambda k, s: {"Name": k, "StringValue": s},
    lambda k, s: {"Name": k, "Values": [s]},
    lambda k, s: {"doc": json.dumps({k: s})},
    lambda k, s: {"doc": json.dumps(json.dumps({k: s}))},
    lambda k, s: {"doc": json.dumps({"x": json.dumps({k: s})})},
)
"""Objects that name a value."""

IN_TEXT: tuple[Callable[[str, str], str], ...] = (
    lambda k, s: f"{k}={s} python t.py",
    lambda k, s: f"{k}: {s}",
    lambda k, s: f'{k} = "{s}"',
    lambda k, s: f"lr: 3\n{k}: {s}\nn: 2\n",
    lambda k, s: f"config['{k}'] = '{s}'",
    lambda k, s: f"{k} => {s}",
    lambda k, s: f"--{k} {s} --lr 3",
    lambda k, s: f"--{k}={s}",
    lambda k, s: f"kubectl create secret generic x --from-literal={k}={s}",
    lambda k, s: f"<{k}>{s}</{k}>",
    lambda k, s: f"<Name>{k}</Name><Value>{s}</Value>",
    lambda k, s: f'<add key="{k}" value="{s}"/>',
    lambda k, s: f"- name: {k}\n  value: {s}\n",
    lambda k, s: f"a:\n  {k}: |\n    {s}\n  lr: 3\n",
    lambda k, s: f"{k}:\n  - {s}\n",
    lambda k, s: f"Server=h;Database=d;{k}={s};Timeout=3",
    lambda k, s: f"docker run -e {k}={s} image",
    lambda k, s: f"docker build --build-arg {k}={s} .",
    lambda k, s: f"ENV {k} {s}",
    lambda k, s: "args: " + json.dumps({k: s}) + " end",
    lambda k, s: f'{{"{k}": "{s}", "cut',
    lambda k, s: f"https://h.example.com/p?{k}={s}&x=1",
    lambda k, s: quote(f"{k}={s}&x=1", safe=""),
)
"""Texts that name a value."""

TEXT_KEYS = ("password", "DB_PASSWORD", "api_key", "client_secret", "access_key", "HF_TOKEN", "passwd", "AccountKey")

SHAPED: tuple[Callable[[str], str], ...] = (
    lambda s: f"postgresql://app:{s}@db.example.com/x",
    lambda s: f"postgresql://app:p@{s}@db.example.com/x",
    lambda s: f"postgresql://app:p/{s}@db.example.com:5432/x",
    lambda s: f"https://{s}@git.example.com/r.git",
    lambda s: f"https://oauth2:{s}@git.example.com/r.git",
    lambda s: f"redis://:{s}@cache:6379/0",
    lambda s: f"app:{s}@tcp(db:3306)/x",
    lambda s: f"app:{s}@db.example.com:3306/x",
    lambda s: f"https://b.s3.amazonaws.com/k?X-Amz-Signature={s}&x=1",
    lambda s: f"https://storage.googleapis.com/b/k?X-Goog-Signature={s}",
    lambda s: f"https://a.blob.core.windows.net/c?sv=2024&sig={s}",
    lambda s: f"AccountEndpoint=https://h:443/;AccountKey={s};",
    lambda s: f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={s};EndpointSuffix=core.windows.net",
    lambda s: f"Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey={s}",
    lambda s: f"curl -u ana:{s} https://h.example.com/",
    lambda s: f"curl -s -H 'Authorization: Bearer {s}' https://h.example.com/",
    lambda s: f"curl -H 'X-Api-Key: {s}' https://h.example.com/",
    lambda s: f"mysql -u root -p{s} db",
    lambda s: f"sshpass -p {s} ssh host",
    lambda s: f"docker login -u ana -p {s} registry.example.com",
    lambda s: f"redis-cli -a {s} ping",
    lambda s: f"PGPASSWORD={s} psql -h db",
    lambda s: f"machine h.example.com login ana password {s}",
    lambda s: f"aws configure set aws_secret_access_key {s}",
    lambda s: f"wandb login {s}",
    lambda s: f"Authorization: Basic {base64.b64encode(f'ana:{s}'.encode()).decode()}",
    lambda s: f"Cookie: session={s}; lang=en",
)
"""What the shape of a text says, whatever it is called."""

LISTS: tuple[Callable[[str], list[str]], ...] = (
    lambda s: ["--password", s, "--lr", "3"],
    lambda s: ["--api-key", s],
    lambda s: ["curl", "-u", f"ana:{s}", "https://h.example.com"],
    lambda s: ["mysql", f"-p{s}", "db"],
    lambda s: ["sshpass", "-p", s, "ssh", "h"],
    lambda s: ["/bin/sh", "-c", f"DB_PASSWORD={s} run"],
    lambda s: ["kubectl", "create", "secret", "generic", "x", f"--from-literal=password={s}"],
)
"""Arguments one by one."""


@dataclass(frozen=True)
class Planted:
    """A body with a secret in it."""

    form: str
    secret: str
    body: Any


def plain_secret(random: Random) -> str:
    """A password that no form knows: letters and digits, sometimes with signs; or digits alone."""
    kind = random.randrange(4)
    if kind == 0:
        return drawn(random, "digit", random.randint(8, 11))
    words = ("tulip", "harbour", "Cobalt", "willow", "Maple", "quartz")
    if kind == 1:
        return f"{random.choice(words)}-{random.randrange(1000, 9999)}"
    if kind == 2:
        return f"{random.choice(words)}{drawn(random, 'alnum', 5)}!{random.randrange(10, 99)}"
    return drawn(random, "alnum", random.randint(10, 24)) + "7k"


def secrets(seed: int = 7, each: int = 3) -> Iterator[Planted]:
    """Every promised form with `each` secrets of it in every place."""
    random = Random(seed)
    for issuer, shapes in SHAPES.items():
        for shape in shapes:
            for around in AROUND:
                for _ in range(each):
                    made = token(random, shape)
                    if ("\n" in made and around is AROUND[-1]) or (
                        not {*"+/"}.isdisjoint(made) and around is IN_A_PATH
                    ):
                        continue  # no key has lines, and in a path a slash is none of base64
                    yield Planted(issuer, made, around(made))
    for key in KEYS:
        for named in NAMED:
            for _ in range(each):
                secret = plain_secret(random)
                yield Planted(f"key {key}", secret, named(key, secret))
    for key in TEXT_KEYS:
        for index, text in enumerate(IN_TEXT):
            for _ in range(each):
                secret = plain_secret(random)
                yield Planted(f"text {index}", secret, {"note": text(key, secret)})
    for index, shaped in enumerate(SHAPED):
        for _ in range(each * 4):
            secret = plain_secret(random)
            yield Planted(f"shape {index}", secret, {"note": shaped(secret)})
    for index, listed in enumerate(LISTS):
        for _ in range(each * 4):
            secret = plain_secret(random)
            yield Planted(f"list {index}", secret, {"ContainerArguments": listed(secret)})
    for key in ("password", "pin_code", "DB_PASS", "passcode"):
        for _ in range(each * 4):
            number = random.randrange(10**7, 10**11)
            yield Planted("number", str(number), {key: number})
    for _ in range(each * 20):
        made = drawn(random, "alnum", 40)
        yield Planted("entropy", made, {"note": f"the value {made} is used"})


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, keys too, and what JSON in a text says."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "[", '"'):
            try:
                yield from texts(json.loads(value))
            except ValueError:
                return
    elif not isinstance(value, bool) and value is not None:
        yield str(value)


def is_left(planted: Planted, clean: Any) -> bool:
    """Whether the secret, or for a long one any twelve characters in a row of it, can still be read."""
    secret = planted.secret.rpartition("/")[2] if planted.secret.startswith("https://") else planted.secret
    secret = "".join(line for line in secret.splitlines() if not line.startswith("-----"))
    parts = {secret[at : at + 12] for at in range(max(1, len(secret) - 11))}
    encoded = base64.b64encode(f"ana:{secret}".encode()).decode()
    return any(part in text for text in texts(clean) for part in (*parts, quote(secret, safe=""), encoded))


WORDS = [
    "bot",
    "fraud",
    "llama",
    "chat",
    "support",
    "eval",
    "train",
    "model",
    "instruct",
    "lora",
    "learn",
    "corpus",
    "dataset",
    "final",
    "version",
    "mistral",
    "qwen",
    "vision",
    "adapter",
    "reranker",
    "summary",
    "tokenizer",
    "checkpoint",
    "baseline",
    "weekly",
    "prod",
    "staging",
    "shadow",
    "retriever",
]
LITERAL: tuple[Any, ...] = (
    {
        "video_token": "<video>",
        "image_token": "<image>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "[UNK]",
    },
    {
        "decoder_start_token": "<s>",
        "trigger_token": "sks",
        "token": "cls",
        "additional_special_tokens": ["<|im_start|>"],
    },
    {"time_to_first_token": "210ms", "token_pooling": "cls", "max_new_tokens": 128000, "BillableTokenCount": 4100000},
    {"password_policy_dataset": "policies-2024-v2", "passwords_dataset": "s3://ml-data/passwords/v3/"},
    {"secret_name": "prod/db/main", "token_url": "https://idp.example.com/oauth2/token", "token_type": "bearer"},
    {"note": "Basic understanding of data is enough; the bearer understanding is another."},
    {"code": "if token == next_token: count += 1"},
    {"url": "https://h.example.com/p?sort_key=date&page=2"},
    {"url": "https://h.example.com/p?monkey=banana"},
    {"repo": "ssh://ana@host.example.com/ml/bot.git", "other": "git@example.com:ml/bot.git"},
    {"SecretArn": "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf"},
    {"password": "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf"},
    {"password": "{{resolve:secretsmanager:db:SecretString:password}}", "api_key": "${API_KEY}", "secret": ""},
    {"HF_TOKEN": None, "use_auth_token": True, "token": "none"},
    {"S3ObjectVersion": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY.MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"},
    {"Image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/train@sha256:" + "0a1b" * 16},
    {"KmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"},
    {"num_keys": 4, "primary_key": "customer_id", "sort_key": "created_at", "keyboard": "qwerty", "key": "value"},
    {"note": "password: at least eight characters are asked for", "tip": "The token: a word piece of the text."},
    {"forward_pass": "bf16", "num_pass": 3, "passes": 10, "pin_memory": True, "bypass": "yes-please"},
    {
        "tokenizer_config": json.dumps(
            {"bos_token": "<s>", "model_max_length": 4096, "added_tokens_decoder": {"0": "<unk>"}}
        )
    },
    {"author": "Ana", "authors": "Ana, Ben", "authority": "platform team", "compass": "north", "cooking": "slow"},
    {"docker": "docker run -p 8080:80 image", "mkdir": "mkdir -p /opt/ml/model", "ssh": "ssh -p 2222 host"},
    {"doc": '{"b" : 1,   "a":[1.50]}', "path": "/opt/ml/input/data/train", "at": "2026-11-22T02:00:00Z"},
    {"PipelineName": "SagemakerEvaluation-CustomScorerEvaluation-1f0c2a3b-aaaa-4bbb-8ccc-0123456789ab"},
    {"HubName": "J90HLHSMB60JN1OUCL7UGEIJ8V657V3QFKIAMI2I3K6DL6CBU9PG"},
    {"mail": "ana@example.com", "team": "ml@acme", "package": "pkg:npm/@scope/name@1.2.3"},
    {
        "npm": "https://registry.example.com/@scope/name",
        "image": "registry.example.com/ml/bot:1.2@sha256:" + "12ab" * 16,
    },
)


def harmless(seed: int = 11, each: int = 40) -> Iterator[Any]:
    """What records are full of: names, ids, ARNs, keys, versions, images, settings of tokenizers, prose."""
    random = Random(seed)
    prefixes = (
        "gldt",
        "glft",
        "xoxo",
        "xoxb",
        "whsec",
        "hf",
        "sk",
        "npm",
        "key",
        "ak",
        "fw",
        "gsk",
        "glpat",
        "pypi",
        "SK",
    )

    def name(sign: str = "-") -> str:
        return sign.join(random.choices(WORDS, k=random.randint(2, 5)))

    for _ in range(each):
        yield from LITERAL
        random_part, stamp = (
            drawn(random, "alnum", 22),
            f"2026-09-{random.randint(10, 28)}-10-11-12-{random.randrange(1000):03}",
        )
        yield {"ModelName": f"scorer-{random_part}", "EndpointConfigName": f"scorer-{random_part}-cfg"}
        yield {"EndpointArn": f"arn:aws:sagemaker:eu-west-1:111122223333:endpoint/ep-scorer-{random_part.lower()}"}
        yield {"ModelDataUrl": f"s3://weights/{drawn(random, 'alnum', 30)}/model.tar.gz"}
        yield {"Key": f"runs/{drawn(random, 'url', 32)}/part-00001.parquet", "VersionId": drawn(random, "azure", 32)}
        yield {"TrainingJobName": f"{random.choice(prefixes)}-{name()}-v{random.randint(1, 30)}"}
        yield {"S3Uri": f"s3://ml-prod-data/{random.choice(prefixes)}-{name()}-{random.randint(1, 9)}-final-version/"}
        yield {
            "note": f"{random.choice(prefixes)}_{name('_')}",
            "other": f"{random.choice(prefixes)}-{name()}-2024-final",
        }
        yield {"Description": f"Trains the {name(' ')} with the tokens of {name(' ')}, see the secret santa list."}
        yield {
            "run_id": drawn(random, "hex", 32),
            "commit": drawn(random, "hex", 40),
            "digest": f"sha256:{drawn(random, 'hex', 64)}",
        }
        yield {"HyperParameters": {"base_job_name": f"{name()}-{stamp}", "lr": "2e-5", "job": f"{name()}-{stamp}"}}
        yield {"FailureReason": f"AlgorithmError: the job {name()}-{stamp} ended: exit code {random.randint(1, 137)}"}
        yield {"url": f"https://h.example.com/{name('/')}?page={random.randint(1, 9)}&cache_key={name()}"}
