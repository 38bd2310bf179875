"""Settings, from the environment (or a `.env` file)."""

from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set; each name in capitals is an environment variable, described in docs/deployment.md."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: str = "sqlite:///nutrients.db"
    reader_password: SecretStr | None = None
    statement_timeout: float = Field(default=5, ge=0, le=600)  # seconds; 0: none
    database_patience: float = Field(default=5, ge=0, le=60)  # seconds
    verify_content: bool = False
    release_interval: float = Field(default=1.0, gt=0, le=60)  # seconds

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    uds: str = ""
    workers: int = Field(default=1, ge=1, le=256)
    threads: int = Field(default=40, ge=1, le=1000)
    max_streams: int = Field(default=10, ge=1, le=1000)
    max_concurrency: int = Field(default=1000, ge=1)
    cache_bytes: int = Field(default=32 * 2**20, ge=0)
    cache_max_age: int = Field(default=60, ge=0)  # seconds
    index_dir: str = ""

    forwarded_allow_ips: str = "127.0.0.1"
    root_path: str = ""
    public_url: str = ""
    trust_forwarded_prefix: bool = False
    hsts: str = ""
    security_contact: str = Field(default="", pattern=r"^((mailto:|https://|tel:)\S+)?$")
    content_url: str = ""

    keep_alive_timeout: int = Field(default=5, ge=1, le=600)  # seconds
    request_timeout: float = Field(default=10, gt=0, le=600)  # seconds
    shutdown_timeout: int = Field(default=30, ge=1, le=600)  # seconds
    max_url_bytes: int = Field(default=8192, ge=256, le=65536)
    max_header_bytes: int = Field(default=32768, ge=1024, le=65536)
    rate_limit: str = ""
    rate_limit_storage: str = "memory://"

    log_format: Literal["console", "json"] = "console"
    access_log: bool = True
    log_query: bool = False
    tracing: bool = False
    metrics_port: int = Field(default=0, ge=0, le=65535)  # 0: no metrics
    metrics_host: str = "127.0.0.1"

    @field_validator("public_url", "content_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("rate_limit")
    @classmethod
    def _readable(cls, limit: str) -> str:
        if limit:
            # most do without
            from limits import parse_many  # noqa: PLC0415

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
