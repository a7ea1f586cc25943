"""Says in plain words what is wrong with a field of a shows file."""

import re
from collections.abc import Callable, Sequence
from typing import Final

_TYPES: Final = {
    "int": "a whole number",
    "float": "a number with a fraction",
    "str": "text",
    "bool": "yes or no",
    "null": "empty",
    "array": "a list",
    "object": "a mapping of fields",
    "datetime": "a time",
}
_TIME: Final = 'must be a time with an offset, as 2027-05-01T20:00:00+02:00, or one from today, as "+14d 20:00 +02:00"'
_SLUG: Final = "must be lower-case letters, digits and single hyphens, as jazz-night"
_LINE: Final = "must be one line of text that is not blank"
_FORMS: Final = {
    "slug": _SLUG,
    "id": _SLUG,
    "title": _LINE,
    "venue": _LINE,
    "name": _LINE,
    "currency": "must be the three capital letters of a currency, as EUR",
    "image": "must be an address that begins with https://",
}


def said_plainly(message: str, steps: Sequence[str | int]) -> str:
    """What the validator said of the field at the path `steps`, in words for whoever wrote the file."""
    field = str(steps[-1]) if steps else ""
    for pattern, say in _WORDS:
        if (form := pattern.search(message)) is not None:
            return say(form, field)
    return message[:1].lower() + message[1:]


def _wrong_type(form: re.Match[str], field: str) -> str:
    wanted = _TYPES.get(form[1].partition(" | ")[0], form[1])
    hint = " of minor units, as 1250 for 12.50" if field == "price" and form[2] == "float" else ""
    return f"must be {wanted}{hint}, not {_TYPES.get(form[2], form[2])}"


def _bound(form: re.Match[str], _field: str) -> str:
    return f"must be at {_END[form[1]]} {form[2]}"


def _length(form: re.Match[str], _field: str) -> str:
    return f"must have at {_END[form[2]]} {form[3]} {'characters' if form[1] == 'str' else 'entries'}"


_END: Final = {">=": "least", "<=": "most"}
_WORDS: Final[Sequence[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]]] = (
    (re.compile(r"unknown field"), lambda _form, _field: "there is no such field"),
    (re.compile(r"missing required field `(.*)`"), lambda form, _field: f"the field {form[1]} is missing"),
    (re.compile(r"datetime"), lambda _form, _field: _TIME),
    (re.compile(r"^Expected `([^`]+)`, got `([^`]+)`"), _wrong_type),
    (re.compile(r"^Expected `(?:int|float)` (>=|<=) (\d+)"), _bound),
    (re.compile(r"^Expected `(str|array)` of length (>=|<=) (\d+)"), _length),
    (re.compile(r"matching regex"), lambda _form, field: _FORMS.get(field, "has a form that is not allowed")),
)
