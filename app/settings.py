"""Settings, from the environment (or a `.env` file)."""

from typing import Any, Literal

from limits import parse_many
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set; each name in capitals is an environment variable."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(default="sqlite:///nutrients.db", description="SQLAlchemy URL of the database.")
    host: str = Field(
        default="127.0.0.1", description="Address to listen on; `0.0.0.0`: all of IPv4, `::`: all of IPv6 and IPv4."
    )
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    uds: str = Field(default="", description="Path of a Unix socket to listen on in place of `HOST` and `PORT`.")
    forwarded_allow_ips: str = Field(
        default="127.0.0.1",
        description="Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, networks, or `*` "
        "for all, which a proxy on a Unix socket needs.",
    )
    root_path: str = Field(
        default="", description="Path below which a proxy serves the API, as `/api/nutrients`; empty: at the root."
    )
    public_url: str = Field(
        default="", description="URL of the API for clients, as `https://example.org/api/nutrients`: that of `servers`."
    )
    trust_forwarded_prefix: bool = Field(
        default=False,
        description="Whether `X-Forwarded-Prefix` is believed: only where every request comes through a proxy that "
        "sets it.",
    )
    hsts: str = Field(
        default="", description="`Strict-Transport-Security` to send over TLS, as `max-age=31536000`; empty: none."
    )
    security_contact: str = Field(
        default="",
        pattern=r"^((mailto:|https://|tel:)\S+)?$",
        description="Whom to tell of a weakness, as `mailto:security@example.org`: makes a security.txt; empty: none.",
    )
    content_url: str = Field(
        default="",
        description="URL of the folder that holds the content's files, as "
        "`https://example.org/repository/blob/main/seed/content`: pages link there to have a fact corrected.",
    )
    workers: int = Field(default=1, ge=1, le=256, description="Number of server processes.")
    threads: int = Field(
        default=40, ge=1, le=1000, description="Threads of each server process that read; each has its own connection."
    )
    max_streams: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Whole lists (CSV, NDJSON) that each server process sends at once, each from its own connection; "
        "else 503.",
    )
    statement_timeout: float = Field(
        default=5, ge=0, le=600, description="Seconds after which PostgreSQL ends a query of the API; 0: never."
    )

    database_patience: float = Field(
        default=5,
        ge=0,
        le=60,
        description="Seconds that a request waits for a PostgreSQL that has just gone, as when it restarts; then 503, "
        "and at once while it stays away.",
    )

    verify_content: bool = Field(
        default=False,
        description="Whether the server compares the database with what was loaded before it starts, and does not "
        "start where they differ.",
    )

    reader_password: SecretStr | None = Field(
        default=None, description="Password that `make grant ARGS=--execute` gives the role; without it, none."
    )
    log_format: Literal["console", "json"] = Field(default="console", description="Form of the log.")
    access_log: bool = Field(default=True, description="Whether each request is logged.")
    log_query: bool = Field(
        default=False, description="Whether query strings are logged: they hold what people search for."
    )
    tracing: bool = Field(
        default=False,
        description="Whether OpenTelemetry spans are sent; needs the `tracing` extra, set up by `OTEL_*`.",
    )
    metrics_port: int = Field(default=0, ge=0, le=65535, description="Port for Prometheus to scrape; 0: no metrics.")
    metrics_host: str = Field(default="127.0.0.1", description="Address on which Prometheus is listened for.")

    keep_alive_timeout: int = Field(default=5, ge=1, le=600, description="Seconds that an idle connection is kept.")
    request_timeout: float = Field(
        default=10, gt=0, le=600, description="Seconds in which a request has to arrive, and a client to read on."
    )
    shutdown_timeout: int = Field(
        default=30, ge=1, le=600, description="Seconds that requests may still take when the server is to stop."
    )
    max_url_bytes: int = Field(default=8192, ge=256, le=65536, description="Longest path and query; else 414.")
    max_header_bytes: int = Field(default=32768, ge=1024, le=65536, description="Longest headers together; else 431.")
    max_concurrency: int = Field(
        default=1000, ge=1, description="Requests that each server process answers at once; else 503."
    )
    rate_limit: str = Field(
        default="", description="How often one client may ask, as `100/minute`; else 429. Empty: as often as it likes."
    )
    rate_limit_storage: str = Field(
        default="memory://",
        description="Where it is counted: `memory://` in each process, or a server that all share, as `redis://host`.",
    )

    cache_bytes: int = Field(
        default=32 * 2**20, ge=0, description="Bytes of memory a worker may spend on ready responses; 0 keeps none."
    )
    cache_max_age: int = Field(default=60, ge=0, description="Seconds for which nobody need ask again.")
    index_dir: str = Field(
        default="",
        description="Folder for the search index, which all processes of a machine share; empty: one in the temporary "
        "folder.",
    )
    release_interval: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between looks for a new release of the dataset."
    )

    @field_validator("public_url", "content_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("rate_limit")
    @classmethod
    def _readable(cls, limit: str) -> str:
        if limit:
            parse_many(limit)
        return limit

    @field_validator("rate_limit_storage")
    @classmethod
    def _supported(cls, storage: str) -> str:
        if storage != "memory://" and not storage.startswith(("redis://", "rediss://", "redis+unix://")):
            raise ValueError("it is `memory://`, `redis://host:port`, `rediss://host:port` or `redis+unix:///path`")
        return storage

    @model_validator(mode="before")
    @classmethod
    def _without_service_links(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Kubernetes describes a service named `metrics` by `METRICS_PORT=tcp://10.0.0.1:9090`: that is no setting."""
        return {
            name: value
            for name, value in values.items()
            if not (isinstance(value, str) and value.startswith(("tcp://", "udp://")))
        }
