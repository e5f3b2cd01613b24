"""From a template to an answer: everything is escaped, what a template does not know is an error, and headers are strict."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from moderation.web import words
from moderation.web.keys import KEYS, key_of
from moderation.web.rooms import home_of, rooms_of
from moderation.web.visit import Visit

HERE = Path(__file__).parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # `no-referrer` would make browsers send `Origin: null` with our own forms (Fetch standard, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(visit: Visit, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The template as a page for this browser."""
    html = environment().get_template(template).render(visit=visit, **values)
    return HTMLResponse(html, status_code=status, headers=HEADERS)


@cache
def environment() -> Environment:
    """Templates are read once; the process is restarted to read others."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": words.clock, "moment": words.moment, "iso": words.iso, "named": words.named, "short": words.short,
    }  # fmt: skip
    made.globals |= {
        "age": words.age,
        "headline": words.headline,
        "static": static_url,
        "key": key_of,
        "keys": KEYS,
        "home": home_of,
        "rooms": rooms_of,
    }
    return made


@cache
def static_url(name: str) -> str:
    """The address of a file of ours; it changes with the content, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/review/static/{name}?v={digest}"
