"""Money, dates and times as people of a language write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel import Locale

from frontend import formats

ENGLISH, SPANISH = Locale("en", "GB"), Locale("es")
EVENING = datetime(2027, 5, 1, 20, 15, 3, tzinfo=timezone(timedelta(hours=-6)))


@pytest.mark.parametrize(
    ("amount", "currency", "english", "spanish"),
    [
        (0, "EUR", "€0.00", "0,00 €"),
        (1200, "EUR", "€12.00", "12,00 €"),
        (123456789, "EUR", "€1,234,567.89", "1.234.567,89 €"),
        (3500, "JPY", "JP¥3,500", "3.500 JPY"),
        (1850, "USD", "US$18.50", "18,50 US$"),
        (1234, "KWD", "KWD 1.234", "1,234 KWD"),
        (120050, "RSD", "RSD 1,200.50", "1.200,50 RSD"),
        (1, "QQQ", "QQQ 0.01", "0,01 QQQ"),
    ],
)
def test_money_has_the_digits_of_its_currency(amount: int, currency: str, english: str, spanish: str) -> None:
    written = (formats.money(amount, currency, ENGLISH), formats.money(amount, currency, SPANISH))
    assert tuple(text.replace("\xa0", " ") for text in written) == (english, spanish)


def test_a_day_is_told_as_it_is_where_the_show_takes_place() -> None:
    assert formats.long_date(EVENING, ENGLISH) == "Saturday, 1 May 2027"
    assert formats.long_date(EVENING, SPANISH) == "sábado, 1 de mayo de 2027"
    assert formats.short_date(EVENING, ENGLISH) == "Sat 1 May"
    assert formats.short_date(EVENING, SPANISH) == "sáb, 1 may"
    assert formats.short_month(EVENING, SPANISH) == "may"
    assert formats.day_of_month(EVENING, ENGLISH) == "1 May"
    assert formats.day_of_month(EVENING, SPANISH) == "1 de mayo"


def test_a_time_is_told_by_the_clock_of_the_place() -> None:
    assert formats.clock(EVENING, ENGLISH) == "20:15"
    assert formats.clock(EVENING.replace(tzinfo=UTC), SPANISH) == "20:15"


def test_a_moment_that_no_place_has_is_told_in_utc() -> None:
    assert formats.exact_clock(EVENING, ENGLISH) == "02:15:03 UTC"
    assert formats.exact_clock(EVENING.astimezone(UTC), SPANISH) == "02:15:03 UTC"


def test_one_day_is_the_same_from_every_place() -> None:
    assert formats.same_day(EVENING, EVENING.astimezone(UTC))
    assert not formats.same_day(EVENING, EVENING + timedelta(days=1))
