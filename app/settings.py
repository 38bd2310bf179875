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

    cache_bytes: int = Field(
        default=32 * 2**20, ge=0, description="Bytes of memory a worker may spend on ready responses; 0 keeps none."
    )
    cache_max_age: int = Field(default=60, ge=0, description="Seconds for which nobody need ask again.")
    release_interval: float = Field(
        default=1.0, gt=0, le=60, description="Seconds between looks for a new release of the dataset."
    )

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        """Hosting platforms write `postgres://`; SQLAlchemy wants the driver's name."""
        scheme, separator, rest = url.partition("://")
        if scheme in ("postgres", "postgresql"):
            scheme = "postgresql+psycopg"
        return scheme + separator + rest
