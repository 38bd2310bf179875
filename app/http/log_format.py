"""Logs. What people ask for may concern their health: by default no query string and no address is logged."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from app.settings import Settings

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def json_line(when: float, level: str, logger: str, message: str, identifier: str | None, **more: Any) -> str:
    """A line of the log, without its end; `when` as `time.time()`."""
    time = datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
    fields = {"time": time, "level": level, "logger": logger, "message": message, "request_id": identifier, **more}
    return _encode(fields)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        error = {"error": self.formatException(record.exc_info)} if record.exc_info else {}
        level = record.levelname.lower()
        return json_line(record.created, level, record.name, record.getMessage(), request_id.get(), **error)


class ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {request_id.get() or ''}".rstrip()


def log_config(settings: Settings) -> dict[str, Any]:
    formatter = {
        "json": {"()": "app.http.log_format.JsonFormatter"},
        "console": {"()": "app.http.log_format.ConsoleFormatter", "format": "%(asctime)s %(levelname)s %(message)s"},
    }[settings.log_format]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"app": {"level": "INFO"}},
    }
