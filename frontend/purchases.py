"""What a buyer asks for, read from a form or from JSON into the contract's command.

A form has the fields `order_id`, `name`, `email`, `expected_total` and, for each ticket type, `quantity-<id>`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from email_validator import EmailNotValidError, validate_email

from functions.orders import contract

Code = Literal[
    "required",
    "too_long",
    "too_many",
    "bad_characters",
    "bad_email",
    "bad_quantity",
    "bad_show",
    "bad_ticket_type",
    "bad_total",
    "duplicate",
    "no_tickets",
]
QUANTITY_FIELD: Final = "quantity-"
MAX_QUANTITY: Final = 100
MAX_LINES: Final = 20
MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_TOTAL: Final = 1_000_000_000

_SLUG: Final = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_ORDER_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a purchase; `lines` stands for the quantities together."""

    field: str
    code: Code


class UnreadablePurchaseError(ValueError):
    """A body that is not the JSON of a purchase; the message says why, without quoting what arrived."""


@dataclass(frozen=True)
class AskedLine:
    """One line as it was asked for, unchecked; `field` is what an error is reported under."""

    field: str
    ticket_type: str
    quantity: str | int


class _JsonLine(msgspec.Struct, forbid_unknown_fields=True):
    ticket_type: str
    quantity: int


class _JsonPurchase(msgspec.Struct, forbid_unknown_fields=True):
    show: str
    lines: list[_JsonLine]
    name: str
    email: str
    expected_total: int | None = None


def is_order_id(text: str) -> bool:
    """Whether `text` is a UUID in lower case, as every order id is."""
    return _ORDER_ID.fullmatch(text) is not None


def read_form(show: str, form: Mapping[str, str]) -> contract.PlaceOrder | tuple[FieldError, ...]:
    """The purchase that a form asks for; an empty quantity is none. Otherwise every error, in the form's order."""
    lines = [
        AskedLine(field, field.removeprefix(QUANTITY_FIELD), quantity.strip())
        for field, quantity in form.items()
        if field.startswith(QUANTITY_FIELD) and quantity.strip().strip("0")
    ]
    return read_purchase(show, lines, form.get("name", ""), form.get("email", ""), form.get("expected_total") or None)


def read_json(body: bytes) -> contract.PlaceOrder | tuple[FieldError, ...]:
    """The purchase that a JSON body asks for, or every error in it. Raises UnreadablePurchaseError."""
    try:
        asked = msgspec.json.decode(body, type=_JsonPurchase)
    except msgspec.ValidationError as error:
        unknown = "unknown field" in str(error)  # the field's name is the sender's own text
        raise UnreadablePurchaseError("There is a field that is not known." if unknown else f"{error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadablePurchaseError("The body is not JSON.") from error
    lines = [
        AskedLine(f"lines[{index}].quantity", line.ticket_type, line.quantity) for index, line in enumerate(asked.lines)
    ]
    return read_purchase(asked.show, lines, asked.name, asked.email, asked.expected_total)


def read_purchase(
    show: str, lines: list[AskedLine], name: str, email: str, expected_total: str | int | None
) -> contract.PlaceOrder | tuple[FieldError, ...]:
    """The command that buys this, its texts trimmed and normalised; otherwise every error."""
    name = _tidy(name)
    email, email_errors = _read_email(_tidy(email))
    errors = (
        *_show_errors(show),
        *_line_errors(lines),
        *_name_errors(name),
        *email_errors,
        *_total_errors(expected_total),
    )
    if errors:
        return errors
    return contract.PlaceOrder(
        show=show,
        lines=tuple(contract.OrderLine(line.ticket_type, int(line.quantity)) for line in lines),
        name=name,
        email=email,
        expected_total=None if expected_total is None else int(expected_total),
    )


def _show_errors(show: str) -> Iterator[FieldError]:
    if not _SLUG.fullmatch(show):
        yield FieldError("show", "bad_show")


def _line_errors(lines: list[AskedLine]) -> Iterator[FieldError]:
    if not lines:
        yield FieldError("lines", "no_tickets")
    if len(lines) > MAX_LINES:
        yield FieldError("lines", "too_many")
        return
    seen: set[str] = set()
    for line in lines:
        if not _SLUG.fullmatch(line.ticket_type):
            yield FieldError(line.field, "bad_ticket_type")
        elif line.ticket_type in seen:
            yield FieldError(line.field, "duplicate")
        elif not _is_number(line.quantity, low=1, high=MAX_QUANTITY):
            yield FieldError(line.field, "bad_quantity")
        seen.add(line.ticket_type)


def _name_errors(name: str) -> Iterator[FieldError]:
    yield from _text_errors("name", name, MAX_NAME)


def _read_email(email: str) -> tuple[str, tuple[FieldError, ...]]:
    """The normal form of an address, and its errors. Syntax alone is judged: no DNS, and the domain `test` will do."""
    if errors := tuple(_text_errors("email", email, MAX_EMAIL)):
        return email, errors
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized, ()
    except EmailNotValidError:
        return email, (FieldError("email", "bad_email"),)


def _total_errors(total: str | int | None) -> Iterator[FieldError]:
    if total is not None and not _is_number(total, low=0, high=MAX_TOTAL):
        yield FieldError("expected_total", "bad_total")


def _text_errors(field: str, text: str, limit: int) -> Iterator[FieldError]:
    if not text:
        yield FieldError(field, "required")
    elif len(text) > limit:
        yield FieldError(field, "too_long")
    elif any(_is_control(character) for character in text):
        yield FieldError(field, "bad_characters")


def _is_control(character: str) -> bool:
    """Controls, lone surrogates and line separators; also what turns the direction of the text around it."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _BIDI_CONTROLS


def _is_number(value: str | int, *, low: int, high: int) -> bool:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 10):
        return False
    return low <= int(value) <= high


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
