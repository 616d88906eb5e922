"""Known secret forms: what tokens, keys and webhooks look like that their issuers give a form of its own.

One row is one issuer's form: how it begins, what follows, and the public page of the issuer that says so (or that shows
one). A form counts only with a random part: what follows a prefix and reads like words is somebody's name for a thing
(`xoxo-dataset-v1-final`), so that names stay as they are. `benchmarks/secret_corpus.py` builds tokens of each row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

_HEX = "0123456789abcdef"


class Form(NamedTuple):
    """A form whose tokens begin with one of a few texts."""

    issuer: str
    prefixes: tuple[str, ...]
    rest: str
    """A regular expression for what follows the prefix."""
    source: str


class Anchored(NamedTuple):
    """A form that is known by one of a few texts in its middle."""

    issuer: str
    anchors: tuple[str, ...]
    pattern: str
    source: str


_END = r"(?![A-Za-z0-9])"

FORMS: Final[tuple[Form, ...]] = (
    Form("AWS access key", ("AKIA", "ASIA", "ABIA", "ACCA"), rf"[A-Z0-9]{{16}}{_END}",
         "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"),
    Form("AWS Bedrock", ("ABSK",), r"[A-Za-z0-9+/]{100,}=*",
         "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"),
    Form("AWS Bedrock, short-term", ("bedrock-api-key-",), r"[A-Za-z0-9+/]{40,}=*",
         "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"),
    Form("JWT", ("eyJ",), r"[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
         "https://www.rfc-editor.org/rfc/rfc7519"),
    Form("GitHub", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\w{20,}",
         "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"),
    Form("GitHub, fine-grained", ("github_pat_",), r"\w{20,}",
         "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"),
    Form("GitLab", ("glpat-", "glptt-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-",
                    "gloas-", "glffct-", "glwt-"), r"[\w-]{16,}(?:\.[0-9a-z]{2,}){0,2}",
         "https://docs.gitlab.com/security/tokens/#token-prefixes"),
    Form("Hugging Face", ("hf_", "api_org_"), r"[A-Za-z0-9]{16,}",
         "https://huggingface.co/docs/hub/security-tokens"),
    Form("OpenAI", ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"), r"[\w-]{20,}",
         "https://platform.openai.com/docs/api-reference/authentication"),
    Form("OpenAI, and those who copy it", ("sk-",), r"[A-Za-z0-9]{20,}",
         "https://platform.openai.com/docs/api-reference/authentication"),
    Form("Anthropic", ("sk-ant-",), r"[\w-]{20,}", "https://docs.anthropic.com/en/api/getting-started"),
    Form("OpenRouter", ("sk-or-",), r"[\w-]{20,}", "https://openrouter.ai/docs/api-reference/authentication"),
    Form("Langfuse", ("sk-lf-", "pk-lf-"), r"[0-9a-f-]{30,}", "https://langfuse.com/docs/observability/sdk/python/setup"),
    Form("ElevenLabs", ("sk_",), rf"[0-9a-f]{{48}}{_END}", "https://elevenlabs.io/docs/api-reference/authentication"),
    Form("Slack", tuple(f"xox{kind}-" for kind in "abcdeoprs"), r"[\w%-]{10,}(?:\.[\w%-]{10,})?",
         "https://api.slack.com/authentication/token-types"),
    Form("Slack, rotated", ("xoxe.xox",), r"[bp]-[\w-]{10,}", "https://api.slack.com/authentication/rotation"),
    Form("Slack app", ("xapp-",), r"[\w-]{10,}", "https://api.slack.com/authentication/token-types"),
    Form("Slack webhook", ("hooks.slack.com/",), r"(?:services|workflows|triggers)/[\w/-]{8,}",
         "https://api.slack.com/messaging/webhooks"),
    Form("Google API", ("AIza",), r"[\w-]{30,}", "https://cloud.google.com/docs/authentication/api-keys"),
    Form("Google session", ("ya29.",), r"[\w-]{20,}", "https://developers.google.com/identity/protocols/oauth2"),
    Form("Google client", ("GOCSPX-",), r"[\w-]{20,}", "https://developers.google.com/identity/protocols/oauth2"),
    Form("Google refresh", ("1//0",), r"[\w-]{40,}", "https://developers.google.com/identity/protocols/oauth2"),
    Form("Google Cloud Storage HMAC", ("GOOG",), rf"[0-9A-Z]{{20,}}{_END}",
         "https://cloud.google.com/storage/docs/authentication/hmackeys"),
    Form("Databricks", ("dapi", "dose", "dkea"), rf"[0-9a-f]{{32}}(?:-\d)?{_END}",
         "https://docs.databricks.com/aws/en/dev-tools/auth/pat"),
    Form("Stripe", ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"), r"\w{10,}",
         "https://docs.stripe.com/keys"),
    Form("npm", ("npm_",), r"[A-Za-z0-9]{30,}", "https://docs.npmjs.com/about-access-tokens"),
    Form("PyPI", ("pypi-",), r"[\w-]{40,}", "https://docs.pypi.org/api-tokens"),
    Form("RubyGems", ("rubygems_",), rf"[0-9a-f]{{48}}{_END}", "https://guides.rubygems.org/api-key-scopes/"),
    Form("crates.io", ("cio",), rf"[A-Za-z0-9]{{32}}{_END}", "https://doc.rust-lang.org/cargo/reference/publishing.html"),
    Form("NuGet", ("oy2",), rf"[a-z0-9]{{43}}{_END}",
         "https://learn.microsoft.com/en-us/nuget/nuget-org/publish-a-package"),
    Form("Weights & Biases", ("wandb_v1_", "wandb_v2_"), r"\w{20,}", "https://docs.wandb.ai/guides/track/environment-variables"),
    Form("Weights & Biases, own server", ("local-",), rf"[0-9a-f]{{40}}{_END}",
         "https://docs.wandb.ai/guides/hosting/how-to-guides/basic-setup"),
    Form("LangSmith", ("lsv2_pt_", "lsv2_sk_", "ls__"), rf"[0-9a-f]{{32}}(?:_[0-9a-f]{{10}})?{_END}",
         "https://docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key"),
    Form("Pinecone", ("pcsk_",), r"\w{20,}", "https://docs.pinecone.io/guides/projects/manage-api-keys"),
    Form("Perplexity", ("pplx-",), r"[A-Za-z0-9]{20,}", "https://docs.perplexity.ai/guides/getting-started"),
    Form("Fireworks", ("fw_",), r"[A-Za-z0-9]{20,}", "https://docs.fireworks.ai/getting-started/quickstart"),
    Form("Groq", ("gsk_",), r"[A-Za-z0-9]{20,}", "https://console.groq.com/docs/quickstart"),
    Form("xAI", ("xai-",), r"[A-Za-z0-9]{20,}", "https://docs.x.ai/docs/tutorial"),
    Form("NVIDIA", ("nvapi-",), r"[\w-]{20,}", "https://docs.nvidia.com/ngc/latest/ngc-user-guide.html"),
    Form("Replicate", ("r8_",), r"[A-Za-z0-9]{30,}", "https://replicate.com/docs/topics/security/api-tokens"),
    Form("Modal", ("ak-", "as-"), rf"[A-Za-z0-9]{{22}}{_END}", "https://modal.com/docs/reference/modal.config"),
    Form("Together", ("tgp_v1_",), r"[\w-]{20,}", "https://docs.together.ai/docs/quickstart"),
    Form("Tavily", ("tvly-",), r"[\w-]{20,}", "https://docs.tavily.com/documentation/quickstart"),
    Form("Firecrawl", ("fc-", "fco_", "fcr_"), rf"[0-9a-f]{{32,}}{_END}", "https://docs.firecrawl.dev/authentication"),
    Form("E2B", ("e2b_",), rf"[0-9a-f]{{32,}}{_END}", "https://e2b.dev/docs/quickstart"),
    Form("Jina", ("jina_",), r"[\w-]{30,}", "https://jina.ai/api-dashboard/key-manager"),
    Form("RunPod", ("rpa_",), r"[A-Za-z0-9]{30,}", "https://docs.runpod.io/get-started/api-keys"),
    Form("Kaggle", ("KGAT_",), r"[A-Za-z0-9]{20,}", "https://www.kaggle.com/docs/api"),
    Form("Docker", ("dckr_pat_", "dckr_oat_"), r"[\w-]{20,}", "https://docs.docker.com/security/for-developers/access-tokens/"),
    Form("DigitalOcean", ("dop_v1_", "doo_v1_", "dor_v1_"), rf"[0-9a-f]{{64}}{_END}",
         "https://docs.digitalocean.com/reference/api/create-personal-access-token/"),
    Form("Twilio", tuple(f"SK{digit}" for digit in _HEX), rf"[0-9a-f]{{31}}{_END}",
         "https://www.twilio.com/docs/iam/api-keys"),
    Form("SendGrid", ("SG.",), r"[\w-]{16,}\.[\w-]{30,}", "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"),
    Form("Mailgun", ("key-",), rf"[0-9a-z]{{32}}{_END}", "https://documentation.mailgun.com/docs/mailgun/api-reference/authentication/"),
    Form("Brevo", ("xkeysib-", "xsmtpsib-"), r"[0-9a-f]{64}-[A-Za-z0-9]{16}", "https://developers.brevo.com/docs/getting-started"),
    Form("Supabase", ("sbp_",), rf"[0-9a-f]{{40}}{_END}", "https://supabase.com/docs/reference/api/introduction"),
    Form("Supabase, a project's", ("sb_secret_",), r"[\w-]{20,}", "https://supabase.com/docs/guides/api/api-keys"),
    Form("New Relic", ("NRAK-", "NRII-", "NRRA-", "NRIQ-"), r"[A-Za-z0-9_-]{24,}",
         "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"),
    Form("Grafana", ("glsa_",), r"[A-Za-z0-9]{32}_[0-9a-f]{8}",
         "https://grafana.com/docs/grafana/latest/administration/service-accounts/"),
    Form("Grafana Cloud", ("glc_",), r"[A-Za-z0-9+/]{32,}=*",
         "https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/"),
    Form("Postman", ("PMAK-",), r"[0-9a-f]{24}-[0-9a-f]{34}", "https://learning.postman.com/docs/developer/postman-api/authentication/"),
    Form("Shopify", ("shpat_", "shpss_", "shpca_", "shppa_"), r"[0-9a-fA-F]{32}",
         "https://shopify.dev/changelog/app-secret-key-length-has-increased"),
    Form("Square", ("sq0atp-", "sq0csp-", "sq0idp-"), r"[\w-]{22,}", "https://developer.squareup.com/docs/build-basics/access-tokens"),
    Form("HashiCorp Vault", ("hvs.", "hvb.", "hvr."), r"[\w-]{20,}", "https://developer.hashicorp.com/vault/docs/concepts/tokens"),
    Form("Pulumi", ("pul-",), rf"[0-9a-f]{{40}}{_END}", "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/"),
    Form("Doppler", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa."), r"[\w.-]{30,}", "https://docs.doppler.com/docs/service-tokens"),
    Form("Heroku", ("HRKU-",), r"[\w-]{30,}", "https://devcenter.heroku.com/articles/authentication"),
    Form("Netlify", ("nfp_",), r"[A-Za-z0-9]{30,}", "https://docs.netlify.com/api/get-started/"),
    Form("Render", ("rnd_",), r"[A-Za-z0-9]{20,}", "https://render.com/docs/api"),
    Form("Neon", ("napi_",), r"[a-z0-9]{40,}", "https://neon.com/docs/manage/api-keys"),
    Form("PlanetScale", ("pscale_tkn_", "pscale_pw_", "pscale_oauth_"), r"[\w.=-]{30,}",
         "https://planetscale.com/docs/concepts/service-tokens"),
    Form("Tailscale", ("tskey-",), r"[a-z]+-\w{10,}(?:-\w{20,})?", "https://tailscale.com/kb/1215/oauth-clients"),
    Form("Atlassian", ("ATATT3", "ATCTT3"), r"[\w=-]{50,}", "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/"),
    Form("Bitbucket", ("ATBB",), rf"[A-Za-z0-9]{{32}}{_END}", "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/"),
    Form("Linear", ("lin_api_", "lin_oauth_"), r"[A-Za-z0-9]{30,}", "https://linear.app/developers/graphql"),
    Form("Notion", ("ntn_",), r"[A-Za-z0-9]{40,}", "https://developers.notion.com/docs/authorization"),
    Form("Figma", ("figd_",), r"[\w-]{30,}", "https://www.figma.com/developers/api#access-tokens"),
    Form("Sentry", ("sntrys_", "sntryu_"), r"[\w+/=]{40,}", "https://docs.sentry.io/account/auth-tokens/"),
    Form("SonarQube", ("sqp_", "squ_", "sqa_"), rf"[0-9a-f]{{40}}{_END}", "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/"),
    Form("JFrog", ("AKCp",), r"[A-Za-z0-9]{60,}", "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens"),
    Form("HubSpot", ("pat-na1-", "pat-na2-", "pat-eu1-", "pat-ap1-"), r"[0-9a-fA-F-]{30,}", "https://developers.hubspot.com/docs/guides/apps/private-apps/overview"),
    Form("Dynatrace", ("dt0c01.", "dt0s01.", "dt0s16."), r"[A-Z0-9]{24}\.[A-Z0-9]{64}", "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens"),
    Form("Prefect", ("pnu_", "pnb_"), rf"[A-Za-z0-9]{{36}}{_END}", "https://docs.prefect.io/v3/manage/cloud/manage-users/api-keys"),
    Form("PostHog", ("phx_",), r"[A-Za-z0-9]{30,}", "https://posthog.com/docs/api"),
    Form("Buildkite", ("bkua_",), r"[0-9a-f]{40}", "https://buildkite.com/docs/apis/managing-api-tokens"),
    Form("CircleCI", ("CCIPAT_", "CCIPRJ_"), r"\w{20,}", "https://circleci.com/docs/managing-api-tokens/"),
    Form("Contentful", ("CFPAT-",), r"[\w-]{30,}", "https://www.contentful.com/developers/docs/references/authentication/"),
    Form("Airtable", ("pat",), r"[A-Za-z0-9]{14}\.[0-9a-f]{64}", "https://airtable.com/developers/web/guides/personal-access-tokens"),
    Form("Mapbox", ("sk.eyJ",), r"[\w-]{20,}\.[\w-]{20,}", "https://docs.mapbox.com/help/getting-started/access-tokens/"),
    Form("Aiven", ("AVNS_",), r"[\w-]{19,}", "https://aiven.io/docs/platform/concepts/authentication-tokens"),
    Form("Apify", ("apify_api_",), r"[A-Za-z0-9]{30,}", "https://docs.apify.com/platform/integrations/api"),
    Form("Sourcegraph", ("sgp_",), r"[0-9a-f_]{40,}", "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token"),
    Form("Alibaba Cloud", ("LTAI",), rf"[A-Za-z0-9]{{12,20}}{_END}", "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair"),
    Form("Tencent Cloud", ("AKID",), rf"[A-Za-z0-9]{{32}}{_END}", "https://www.tencentcloud.com/document/product/598/32675"),
    Form("Discord webhook", ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"), r"\d{10,}/[\w-]{20,}",
         "https://discord.com/developers/docs/resources/webhook"),
    Form("age", ("AGE-SECRET-KEY-1",), r"[A-Z0-9]{50,}", "https://age-encryption.org/v1"),
)  # fmt: skip

ANCHORED: Final[tuple[Anchored, ...]] = (
    Anchored("PEM", (" PRIVATE KEY",),
             r"-----BEGIN[A-Z0-9 ]* PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END[A-Z0-9 ]*KEY(?: BLOCK)?-----|\Z)",
             "https://www.rfc-editor.org/rfc/rfc7468"),
    Anchored("Azure client secret", ("Q~",), r"(?<![A-Za-z0-9])[\w~.-]{3}\dQ~[\w~.-]{31,34}",
             "https://learn.microsoft.com/en-us/purview/sit-defn-azure-ad-client-secret"),
    Anchored("Azure DevOps", ("AZDO",), rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{76}}AZDO[A-Za-z0-9]{{4}}{_END}",
             "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate"),
    *(Anchored(f"Azure {service}", (mark,),
               rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{33,76}}{re.escape(mark)}[A-Za-z0-9+/]{{5,8}}={{0,2}}",
               f"https://learn.microsoft.com/en-us/purview/{page}")
      for service, mark, page in (("Storage", "+ASt", "sit-defn-azure-storage-account-key"),
                                  ("Event Hubs", "+AEh", "sit-defn-azure-sas"),
                                  ("Service Bus", "+ASb", "sit-defn-azure-sas"),
                                  ("Cosmos DB", "ACDb", "sit-defn-azure-cosmos-db-account-access-key"))),
    Anchored("Telegram", (":AA",), r"(?:(?<![A-Za-z0-9])(?:api\.telegram\.org/bot)?|(?<=/bot))\d{8,10}:AA[\w-]{32,34}", "https://core.telegram.org/bots/api#authorizing-your-bot"),
    Anchored("Mailchimp", tuple(f"-us{digit}" for digit in "123456789"),
             rf"(?<![A-Za-z0-9])[0-9a-f]{{32}}-us\d{{1,2}}{_END}",
             "https://mailchimp.com/developer/marketing/guides/quick-start/"),
    Anchored("Anaconda", (".anaconda.org/t/",), r"[\w-]+\.anaconda\.org/t/[\w-]{16,}",
             "https://anaconda.com/docs/anaconda-org/maintainer-guide/private-packages"),
    Anchored("HCP Terraform", (".atlasv1.",), r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}",
             "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens"),
    Anchored("Teams webhook", (".office.com/webhook",), r"[\w-]+\.webhook\.office\.com/webhookb?2?/[\w@/-]{20,}",
             "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook"),
)  # fmt: skip

_BEGIN = 3
"""How many characters of a prefix are looked up."""
# A token begins where no letter or digit is before it (`run_hf_...` is a token too), or after an escape.
_BEGINNING = re.compile(rf"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{{2}})|(?<=\\[nrt]))(?=([A-Za-z0-9].{{{_BEGIN - 1}}}))")


def _by_beginning() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for form in sorted(FORMS, key=lambda form: -max(map(len, form.prefixes))):  # sk-proj- before sk-
        for beginning in {prefix[:_BEGIN] for prefix in form.prefixes}:
            mine = sorted((one for one in form.prefixes if one.startswith(beginning)), key=len, reverse=True)
            found[beginning].append(f"(?:{'|'.join(map(re.escape, mine))})(?P<random>{form.rest})")
    return found


_FORMS: Final = _by_beginning()
# Lazy initialization: most of a hundred forms are met in no estate, and compiling all took a tenth of the start.
_compiled: Final = cache(re.compile)


def _any_of(words: Iterable[str]) -> str:
    """A regular expression for any of these, as a tree by their letters: at most places one letter is looked at."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        below[word[:1]].add(word[1:])
    if "" in below:
        return ""
    branches = [re.escape(letter) + _any_of(rest) for letter, rest in sorted(below.items())]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _looked_for() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """What nearly every text lacks, in one expression; and the anchors that have no sign to find them by."""
    anchors = [anchor for form in ANCHORED for anchor in form.anchors]
    after_a_sign = {prefix for form in FORMS for prefix in form.prefixes} | {
        anchor[1:] for anchor in anchors if not anchor[0].isalnum()
    }
    before_a_sign = "".join(f"|(?<={re.escape(anchor)})" for anchor in anchors if not anchor[-1].isalnum())
    inside = tuple(anchor for anchor in anchors if anchor.isalnum())
    return re.compile(f"[^A-Za-z0-9](?:{_any_of(after_a_sign)}{before_a_sign})"), inside


_MARK, _INSIDE = _looked_for()
_SHORTEST = 15
"""No token of a known form is shorter."""
_LONGEST_RUN = 38
"""A token that is known by letters inside of it is longer."""


def may_hold_one(text: str) -> bool:
    """Whether it is worth looking: a prefix or an anchor of some form is in it, or an escape that may hide one."""
    if len(text) < _SHORTEST:
        return False
    if _MARK.search("\n" + text) is not None or "\\" in text or "%" in text:
        return True
    if len(text) > _LONGEST_RUN:
        for anchor in _INSIDE:  # a loop is twice as fast as any()
            if anchor in text:
                return True
    return False


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where tokens of known forms stand, (begin, end) in characters, from left to right."""
    found = [
        match.span()
        for form in ANCHORED
        if any(anchor in text for anchor in form.anchors)
        for match in _compiled(form.pattern, re.DOTALL).finditer(text)
    ]
    end = 0
    for beginning in _BEGINNING.finditer(text):
        at = beginning.start()
        if at < end:
            continue
        for pattern in _FORMS.get(beginning[1], ()):
            match = _compiled(pattern).match(text, at)
            if match and not reads_like_words(match["random"]):
                end = match.end()
                found.append((at, end))
                break
    end = 0
    for start, stop in sorted(found):
        if stop > end:
            yield max(start, end), stop
            end = stop


# --- names ---------------------------------------------------------------------------------------------------------

# The pairs of letters that make up nine tenths of English text and of names made of it; of two random letters one pair
# in four is among them.
_PAIRS: Final = frozenset(
    """
    ab ac ad ag ai al am an ap ar as at au ay ba be bi bl bo bs bu ca ce ch ci ck cl co cr ct cu da dd de di dl
    do dr ds ea ec ed ee ef eg ek el em en ep eq er es et ev ew ex ey fa fe ff fi fl fo fr ga ge gh gi gl go gr
    gs gu ha he hi ho ht hu ia ib ic id ie if ig il im in io ip ir is it iv iz ke ki kl ks la ld le li ll lo ls
    lt lu ly ma me mi mo mp ms my na nc nd ne nf ng ni nk nn no ns nt nu nv ob oc od og ol om on oo op or os ot
    ou ov ow pa pe pi pl po pp pr pt qu ra rc rd re ri rl rm rn ro rr rs rt ru ry sa sc se sh si sk sl so sp ss
    st su ta tc te th ti tl to tp tr ts tt tu ty ub ue ui ul um un up ur us ut va ve vi wa we wh wi wo xe xt yp
    ze
    """.split()  # noqa: SIM905 - two hundred strings
)
_SHORT = re.compile(r"[A-Za-z]*\d*[A-Za-z]?\Z|\d+[A-Za-z]+\Z")
"""Of a piece of up to four characters only its build says something: v2, 8b and gpt4 are names, `a1B2` is none."""
_DATE = re.compile(r"(?:19|20)\d{6}(?:\d{2}|\d{4}|\d{6})?\Z|\d{1,8}\Z")
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_OF_ALL, _OF_ONE = 0.7, 0.55
"""The least share of frequent pairs in a name, and in each of its longer pieces; one that is random has a quarter."""
_LONG = 8


def frequent_pairs(piece: str) -> tuple[int, int]:
    """How many of a text's pairs of neighbours are frequent in names, and how many there are."""
    folded = piece.lower()
    return sum(first + second in _PAIRS for first, second in pairwise(folded)), len(folded) - 1


_CASED = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SHORTEST_WORDS = 2.5
"""Letters to a word, on average, in a long name in camel case; one that is random has fewer than two."""


def mixes_cases(piece: str) -> bool:
    """Whether capitals and digits come too often for a name in camel case."""
    return len(piece) >= 12 and len(piece) < _SHORTEST_WORDS * len(_CASED.findall(piece))


def reads_like_words(text: str) -> bool:
    """Whether what stands between the signs of a text are words, several in a row, numbers and dates."""
    frequent = pairs = 0
    for piece in _SIGNS.split(text):
        if len(piece) <= 4:
            if not _SHORT.match(piece):
                return False
        elif not _DATE.match(piece):
            more, among = frequent_pairs(piece)
            if (among >= _LONG and more < _OF_ONE * among) or mixes_cases(piece):
                return False
            frequent, pairs = frequent + more, pairs + among
    return frequent >= _OF_ALL * pairs
