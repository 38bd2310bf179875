"""Settings, from the environment (or a `.env` file)."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set; each name in capitals is an environment variable."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(default="sqlite:///nutrients.db", description="SQLAlchemy URL of the database.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    workers: int = Field(default=1, ge=1, le=256, description="Number of server processes.")
    threads: int = Field(
        default=40, ge=1, le=1000, description="Threads of each server process that read; each has its own connection."
    )
    statement_timeout: float = Field(
        default=5, ge=0, le=600, description="Seconds after which PostgreSQL ends a query of the API; 0: never."
    )

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        """Hosting platforms write `postgres://`; SQLAlchemy wants the driver's name."""
        scheme, separator, rest = url.partition("://")
        if scheme in ("postgres", "postgresql"):
            scheme = "postgresql+psycopg"
        return scheme + separator + rest
