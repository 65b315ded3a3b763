"""All settings, read once from the environment and an optional ``.env`` file, and passed down.

Names are the vendors' own where they have some (``SLACK_BOT_TOKEN``, ``OPENAI_API_KEY``, ``DD_API_KEY``, ``KUBECONFIG``);
the rest begins with ``SREBOT_``. ``.env.example`` lists them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list."""


def _group(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )


class SlackSettings(BaseSettings):
    """Slack: the app's tokens, and where alerts arrive."""

    model_config = _group("SLACK_")

    bot_token: SecretStr = SecretStr("")
    """xoxb-..., from "OAuth & Permissions"."""
    app_token: SecretStr = SecretStr("")
    """xapp-..., with connections:write; its presence chooses Socket Mode."""
    signing_secret: SecretStr = SecretStr("")
    """For HTTP mode; used when there is no app token."""
    api_url: str = "https://slack.com/api/"
    alert_channels: Names = ("alerts",)
    """Names or ids of channels whose alert messages are answered."""
    alert_senders: Names = ("datadog", "pagerduty", "alertmanager", "grafana")
    """Names of the senders that count as alert senders."""
    follow_seconds: float = 6 * 3600
    """How long replies in an investigation's thread are taken as meant for srebot."""
    support_channels: Names = ()
    """Names or ids of channels where tickets and developers' questions are heard."""
    knowledge_channels: Names = ()
    """Names or ids of public channels whose statements about systems are learned."""
    digest_channel: str = ""
    """Where the daily digest and emerging issues go; empty: the first alert channel."""
    messages_per_day: int = 40
    """How many messages srebot may post unasked in a channel in a day; beyond it they go to the digest."""


class ModelPrice(BaseModel):
    """What a model's tokens cost, in USD per million."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    """Prompt tokens that were read before; None: as the others."""
    completion: float = Field(ge=0)


class ModelSettings(BaseSettings):
    """The model; without a key the rules reasoner does all the thinking."""

    model_config = _group("OPENAI_")

    api_key: SecretStr = SecretStr("")
    base_url: str = "https://api.openai.com/v1"
    model: str = "gpt-5-mini"
    timeout_seconds: float = 45.0
    """For one thought with all its retries; after it the rules take the investigation over."""
    prices: dict[str, ModelPrice] = {}
    """Model -> its price, where ``bot/prices.yaml`` has none or another one."""
    usd_per_million_prompt_tokens: float = Field(default=0.25, ge=0)
    """Of a model that neither lists; once it is set, before ``bot/prices.yaml``."""
    usd_per_million_completion_tokens: float = Field(default=2.0, ge=0)


class EmbeddingSettings(BaseSettings):
    """An OpenAI-compatible embeddings endpoint, by which patterns are recalled by meaning as well; off by default."""

    model_config = _group("SREBOT_EMBEDDINGS_")

    model: str = ""
    """Empty: patterns are recalled by words, features and names alone."""
    url: str = ""
    """Empty: https://api.openai.com/v1."""
    key: SecretStr = SecretStr("")


class KubernetesSettings(BaseSettings):
    """The cluster, with a credential to read and, apart from it, one to write."""

    model_config = _group("KUBERNETES_")

    api_url: str = ""
    """Empty: the kubeconfig (KUBECONFIG or ~/.kube/config), or the Pod's own service account."""
    read_token: SecretStr = SecretStr("")
    write_token: SecretStr = SecretStr("")
    """Empty: srebot proposes changes but cannot apply them."""
    ca_file: str = ""
    context: str = ""
    write_context: str = ""
    cluster: str = ""
    """What the policy calls this cluster."""
    namespaces: Names = ("production", "staging", "development")
    """The namespaces that srebot looks after."""


class GithubSettings(BaseSettings):
    """The GitOps repository on GitHub; without a token changes are written to the cluster."""

    model_config = _group("GITHUB_")

    token: SecretStr = SecretStr("")
    """Fine-grained, for that repository alone: Contents and Pull requests, read and write."""
    repository: str = ""
    """``owner/name`` of the repository that Argo CD or Flux applies."""
    base_branch: str = ""
    """Where pull requests go to; empty: the repository's default branch."""
    api_url: str = "https://api.github.com"


class DatadogSettings(BaseSettings):
    """Datadog."""

    model_config = _group("DD_")

    api_key: SecretStr = SecretStr("")
    app_key: SecretStr = SecretStr("")
    site: str = "datadoghq.com"
    api_url: str = ""
    """Empty: https://api.<site>."""


class PagerDutySettings(BaseSettings):
    """PagerDuty."""

    model_config = _group("PAGERDUTY_")

    token: SecretStr = SecretStr("")
    from_email: str = ""
    """The user in whose name srebot pages; empty: it never pages."""
    api_url: str = "https://api.pagerduty.com"
    events_url: str = "https://events.pagerduty.com"
    page_above_impact: float = 2.0
    """Impact (0..1) from which a finding with a proposed fix pages whoever is on call; above 1: never."""
    page_for_forecasts: bool = False
    """Whether a finding of that impact pages as well when it has no fix to propose, but foretells worse."""
    routing_keys: dict[str, SecretStr] = {}
    """Service -> its Events API v2 integration key, as JSON; other services are paged by the REST API."""
    poll_seconds: float = Field(default=60.0, ge=0)
    """How often PagerDuty is asked what became of open pages, where WEBHOOK_PAGERDUTY_SECRET is not set; 0: never."""


class BotSettings(BaseSettings):
    """srebot itself."""

    model_config = _group("SREBOT_")

    data_folder: Path | None = None
    """Where the embedded PostgreSQL keeps its data; empty: the user's data folder."""
    host: str = "127.0.0.1"
    port: int = 8080
    """Of health, metrics and the investigation pages; 0 lets the system choose."""
    public_url: str = ""
    """How people reach those pages; empty: http://host:port."""
    log_level: str = "INFO"
    log_json: bool = True
    executor_id: str = "srebot"
    """Equal across restarts of one process, different between processes that share a database."""
    budget_seconds: float = 300.0
    budget_tool_calls: int = 60
    budget_tokens: int = 200_000
    budget_usd: float = 1.0
    proposal_expiry_seconds: float = 3600.0
    watch_seconds: float = 3600.0
    """How long the signals are watched after a change at most; how long in each case depends on the signals."""
    watch_hold_seconds: float = 120.0
    """How long a recovery has to last before it counts, at most."""
    watch_interval_seconds: float = 30.0
    patience_seconds: float = 30.0
    """How long to wait, once, before looking again at an alert that nothing explains."""
    remind_seconds: float = 1800.0
    """After which the thread is reminded of a question that nobody answered."""
    question_wait_seconds: float = 24 * 3600.0
    """After which a question that nobody answered is given up."""
    concurrent_investigations: int = 50
    raw_limit_bytes: int = Field(default=1_000_000, ge=0, le=100_000_000)
    """Of each answer of a vendor, what is kept at most; the record says what was cut."""
    verdict_first_seconds: float = Field(default=3600.0, gt=0)
    """How long after its end an investigation is looked back on: did the alert come back, did it stay mended?"""
    verdict_last_seconds: float = Field(default=24 * 3600.0, gt=0)
    """After which it is looked back on once more."""
    raw_retention_days: float = Field(default=30, ge=0)
    """How long raw answers, series and what models were shown are kept; 0: for ever."""
    journal_retention_days: float = Field(default=90, ge=0)
    """How long after its end an investigation can be played again; 0: for ever."""
    record_retention_days: float = Field(default=0, ge=0)
    """How long ended investigations, signals and changes of the graph are kept at all; 0: for ever."""
    policy_file: Path | None = None
    """YAML: what may be changed where, who approves it, when; empty: the rules that `srebot policy show` prints."""
    dry_run: bool = False
    """Everything as usual, but approved changes are tried by a server-side dry run and never applied."""
    change_approvers: Names = ("sre-approvers",)
    """User groups (handles) or user ids who may approve changes in production, where no policy file says it."""
    team_leads: Names = ("team-leads",)
    """User groups (handles) or user ids who may approve changes in staging, where no policy file says it."""


class KnowledgeSettings(BaseSettings):
    """What srebot learns about the company, and from where."""

    model_config = _group("SREBOT_")

    repositories: Names = ()
    """Git URLs (https://, file://) or folders with infrastructure code, runbooks and architecture notes."""
    repository_token: SecretStr = SecretStr("")
    """For Git over HTTPS; empty: public, or none."""
    scan_interval_seconds: float = 300.0
    """How often the company is scanned into the graph; 0 never."""
    watch_kubernetes: bool = True
    """Whether the graph follows the cluster's changes as they happen."""


class AwarenessSettings(BaseSettings):
    """What srebot notices by itself, and when it speaks of it."""

    model_config = _group("SREBOT_")

    weak_signal_interval_seconds: float = 300.0
    """How often weak signals are combined; 0 never."""
    digest_hour: int = Field(default=8, ge=0, le=23)
    """UTC hour of the daily digest."""
    digest: bool = True
    attention_after_seconds: float = 24 * 3600.0
    """After which silence on an unasked message counts as ignored."""


class WebhookSettings(BaseSettings):
    """Webhooks of alert senders: each is refused until its secret is set."""

    model_config = _group("WEBHOOK_")

    datadog_secret: SecretStr = SecretStr("")
    """Sent by Datadog's webhook in the custom header X-Srebot-Secret."""
    pagerduty_secret: SecretStr = SecretStr("")
    """Signing secret of the V3 webhook subscription."""
    alertmanager_secret: SecretStr = SecretStr("")
    """Bearer token of Alertmanager's http_config.authorization."""
    grafana_secret: SecretStr = SecretStr("")
    """HMAC secret of Grafana's webhook contact point."""


class DatabaseSettings(BaseSettings):
    """PostgreSQL."""

    model_config = _group("DATABASE_")

    url: SecretStr = SecretStr("")
    """Empty: the embedded PostgreSQL starts by itself."""


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(frozen=True)

    slack: SlackSettings = Field(default_factory=SlackSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    embeddings: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    kubernetes: KubernetesSettings = Field(default_factory=KubernetesSettings)
    github: GithubSettings = Field(default_factory=GithubSettings)
    datadog: DatadogSettings = Field(default_factory=DatadogSettings)
    pagerduty: PagerDutySettings = Field(default_factory=PagerDutySettings)
    bot: BotSettings = Field(default_factory=BotSettings)
    knowledge: KnowledgeSettings = Field(default_factory=KnowledgeSettings)
    awareness: AwarenessSettings = Field(default_factory=AwarenessSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
