"""Money, dates and times as people of a language write them."""

import re
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_skeleton, format_timedelta
from babel.dates import format_time as babel_time

# ISO 4217's exponents where they are not 2. CLDR's own table says how much of an amount is usually shown
# (no cents of a Serbian dinar): reading minor units by it would multiply a price.
# Source: https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html
_NO_DIGITS: Final = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905 (a list to read)
)
_THREE_DIGITS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_CODE_AT_NUMBER: Final = re.compile(r"(?<=[A-Z])(?=\d)")  # CLDR asks for a space there, which Babel leaves out


def exponent(currency: str) -> int:
    """How many decimal digits an amount in `currency` has."""
    if currency in _NO_DIGITS:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def money(amount: int, currency: str, locale: Locale) -> str:
    """`amount` minor units of `currency`, written out."""
    digits = exponent(currency)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    written = pattern.apply(Decimal(amount).scaleb(-digits), locale, currency=currency, currency_digits=False)
    return _CODE_AT_NUMBER.sub("\u00a0", written)


def long_date(moment: datetime, locale: Locale) -> str:
    """The day of `moment` where it takes place, with weekday and year."""
    return babel_date(moment, "full", locale=locale)


def short_date(moment: datetime, locale: Locale) -> str:
    """The day of `moment` where it takes place, short, without the year."""
    return format_skeleton("MMMEd", moment, moment.tzinfo, locale=locale)


def short_month(moment: datetime, locale: Locale) -> str:
    """The month of `moment` where it takes place, abbreviated."""
    return babel_date(moment, "LLL", locale=locale)


def day_of_month(moment: datetime, locale: Locale) -> str:
    """Day and month of `moment` where it takes place."""
    return format_skeleton("MMMMd", moment, moment.tzinfo, locale=locale)


def clock(moment: datetime, locale: Locale) -> str:
    """The time of day of `moment` by a clock where it takes place."""
    return babel_time(moment.timetz(), "HH:mm", tzinfo=moment.tzinfo, locale=locale)


def exact_clock(moment: datetime, locale: Locale) -> str:
    """The time of day of `moment` to the second, for readers who can be anywhere: in UTC, and it says so."""
    return babel_time(moment.astimezone(UTC).timetz(), "HH:mm:ss 'UTC'", tzinfo=UTC, locale=locale)


def age(passed: timedelta, locale: Locale) -> str:
    """How long ago something was, by its largest unit; a second at least."""
    passed = max(passed, timedelta(seconds=1))
    return format_timedelta(-passed, add_direction=True, threshold=1.0, locale=locale)


def same_day(moment: datetime, other: datetime) -> bool:
    """Whether two moments fall on one calendar day, seen from UTC."""
    return moment.astimezone(UTC).date() == other.astimezone(UTC).date()
