"""What the pages' templates can call beside Flask's own."""

from datetime import datetime

from flask import Flask, url_for

from frontend import formats, i18n, posters, purchases, standing
from frontend.qr import qr_svg
from frontend.shop import current_shop
from functions.orders import contract


def init_app(app: Flask) -> None:
    """Gives the templates of `app` the shop's words for money, dates, sales and posters."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        age=age,
        clock=clock,
        day_of_month=day_of_month,
        exact_clock=exact_clock,
        long_date=long_date,
        money=money,
        short_date=short_date,
        short_month=short_month,
    )
    app.jinja_env.globals.update(
        exponent=formats.exponent,
        format_locale=lambda: str(i18n.format_locale()).replace("_", "-"),
        is_today=is_today,
        language=i18n.language,
        language_links=i18n.language_links,
        limits=purchases,
        now=lambda: current_shop().now(),
        poster_url=poster_url,
        qr_svg=qr_svg,
        stock=standing,
    )


def money(amount: int, currency: str) -> str:
    """`amount` minor units of `currency` in this request's language."""
    return formats.money(amount, currency, i18n.format_locale())


def long_date(moment: datetime) -> str:
    """The day of `moment`, in words."""
    return formats.long_date(moment, i18n.format_locale())


def short_date(moment: datetime) -> str:
    """The day of `moment`, abbreviated."""
    return formats.short_date(moment, i18n.format_locale())


def short_month(moment: datetime) -> str:
    """The month of `moment`, abbreviated."""
    return formats.short_month(moment, i18n.format_locale())


def day_of_month(moment: datetime) -> str:
    """The day of `moment` without weekday and year."""
    return formats.day_of_month(moment, i18n.format_locale())


def clock(moment: datetime) -> str:
    """The time of day of `moment`."""
    return formats.clock(moment, i18n.format_locale())


def exact_clock(moment: datetime) -> str:
    """The time of day of `moment` to the second, in UTC."""
    return formats.exact_clock(moment, i18n.format_locale())


def age(moment: datetime) -> str:
    """How long ago `moment` was, in words."""
    return formats.age(current_shop().now() - moment, i18n.format_locale())


def is_today(moment: datetime) -> bool:
    """Whether `moment` is of this day, so that its time says enough."""
    return formats.same_day(moment, current_shop().now())


def poster_url(slug: str, show: contract.ListedShow | None = None) -> str:
    """The address of a show's picture: its own if it has one, else the drawn one."""
    if show is not None and show.image:
        return show.image
    return url_for("shop.poster", slug=slug, v=posters.DRAWING)
