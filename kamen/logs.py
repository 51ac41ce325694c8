"""How every process of the mall writes its log: one event, one line, to standard error; who runs it keeps it.

`line` is for people (demo, development, tests), `json` for machines (production).
"""

import logging
from typing import Any

import structlog
from structlog.dev import plain_traceback
from structlog.typing import EventDict, Processor, WrappedLogger

PROBES = {"/healthz", "/readyz", "/metrics"}

#: Loggers that would tell of every single sweep, every two seconds.
TALKATIVE = ["celery.app.trace", "celery.beat", "celery.worker.strategy", "kombu", "httpx"]


def configuration(form: str, *, level: str = "INFO") -> dict[str, Any]:
    """The logging settings for `form` (`line` or `json`); structlog is told the same."""
    if form not in {"line", "json"}:
        raise ValueError(f"LOG_FORMAT is `line` or `json`, not {form!r}.")
    stamp = structlog.processors.TimeStamper(
        fmt="iso" if form == "json" else "%H:%M:%S", utc=form == "json", key="timestamp"
    )
    every: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        without_twins,
        stamp,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *every[:3],
            structlog.stdlib.PositionalArgumentsFormatter(),
            stamp,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last += [
            without_bulk,
            structlog.dev.ConsoleRenderer(
                colors=False, pad_event_to=0, pad_level=False, exception_formatter=plain_traceback
            ),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": every,
                "processors": last,
            }
        },
        "filters": {"news": {"()": "kamen.logs.News"}},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "event", "filters": ["news"]}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            # Its lines say the same as the one of the request itself.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            **{name: {"level": "WARNING"} for name in TALKATIVE},
            # Gunicorn would add handlers of its own.
            "gunicorn.error": {"level": level if form == "json" else "WARNING", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


class News(logging.Filter):
    """Keeps what Django says of probes out: whoever asks them every few seconds sees the answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        return getattr(getattr(record, "request", None), "path", "") not in PROBES


def without_twins(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Celery gives the whole failure a second time, as data."""
    event.pop("data", None)
    return event


def without_bulk(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A person at a terminal needs neither the request's identifier nor which module wrote the line."""
    for name in ("request_id", "logger"):
        event.pop(name, None)
    if event.get("user_id") is None:
        event.pop("user_id", None)
    return event


#: What django-structlog says of each request: one line when it is finished.
REQUEST_STARTED = logging.DEBUG
