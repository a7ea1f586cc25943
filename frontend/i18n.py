"""The shop's languages: which one a request is answered in, and how the buyer changes it."""

from typing import Final
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, g, redirect, request, url_for
from flask_babel import Babel  # type: ignore[import-untyped]
from werkzeug.wrappers import Response

LANGUAGES: Final = {"en": "English", "es": "Español"}
COOKIE: Final = "lang"
PAGES: Final = frozenset({"shop", "orders"})  # the blueprints whose answers are pages
_YEAR_S: Final = 365 * 24 * 3600
# How a language writes dates and money; English as in Europe, with the day before the month and 24 hours.
_FORMATS: Final = {"en": Locale("en", "GB"), "es": Locale("es")}


def init_app(app: Flask) -> None:
    """Gives `app` its languages: translated templates, and `?lang=` on every page."""
    Babel(app, locale_selector=language)
    app.before_request(_switch_language)


def language() -> str:
    """The language of this request: the one chosen before, else the browser's, else English."""
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(list(LANGUAGES), "en")
    return str(g.language)


def format_locale() -> Locale:
    """The locale in which this request's money and dates are written."""
    return _FORMATS[language()]


def language_links() -> list[tuple[str, str, str]]:
    """The other languages as (code, own name, address of this page in it)."""
    return [(code, name, _here(lang=code)) for code, name in LANGUAGES.items() if code != language()]


def _switch_language() -> Response | None:
    """Keeps the choice of `?lang=` in a cookie, and goes on to the same page without it."""
    if request.method != "GET" or request.blueprint not in PAGES or request.args.get("lang") not in LANGUAGES:
        return None
    response = redirect(_here(), 303)
    response.set_cookie(
        COOKIE,
        request.args["lang"],
        max_age=_YEAR_S,
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
    )
    return response


def _here(**changed: str) -> str:
    """This page's address with its query, `lang` aside, and what is `changed`.

    It is built from the route, for a path as sent may begin with two slashes and so lead to another site.
    """
    query = {name: value for name, value in request.args.items() if name != "lang"} | changed
    path = url_for(str(request.endpoint), **(request.view_args or {}))
    return f"{path}?{urlencode(query)}" if query else path
