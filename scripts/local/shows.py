"""Reads a shows file: a YAML list of shows, as `GET /api/shows` answers them without `on_sale` and `available`.

A time is RFC 3339 with an offset, or relative to today: "+14d 20:00 +02:00" is 20:00 at UTC+2, fourteen days
after the day that it is now at that offset.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from babel.core import get_global

from functions.orders.contract import PublishRejection, Show
from scripts.local.shows_errors import said_plainly

_TIMES: Final = ("starts_at", "sales_start", "sales_end")
_RELATIVE: Final = re.compile(r"([+-]\d{1,4})d ([01]\d|2[0-3]):([0-5]\d) ([+-](?:0\d|1[0-4]):[0-5]\d)")
_PATH: Final = re.compile(r"(?P<what>.*?)(?: - at `(?P<key>key in )?\$(?P<path>.*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(.*)`")


class ShowsFileError(ValueError):
    """The file is not a valid shows file; the message has one line for each problem, naming its line and field."""


class _Loader(yaml.SafeLoader):
    """Leaves times as the text that they are: the contract reads them, offset and all."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_shows(path: Path, now: datetime) -> tuple[Show, ...]:
    """The shows in the file, relative times taken from `now` (with an offset). Raises ShowsFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ShowsFileError(f"{path}: cannot be read: {why}") from error
    return _Reader(path.name, now).read(text)


class _Reader:
    """Collects the problems of one file."""

    def __init__(self, name: str, now: datetime) -> None:
        self._name = name
        self._now = now
        self._problems: list[tuple[int, str]] = []

    def read(self, text: str) -> tuple[Show, ...]:
        root = self._parse(text)
        entries = self._entries(root)
        shows = [(node, show) for node, value in entries if (show := self._show(node, value)) is not None]
        first: dict[str, yaml.Node] = {}
        for node, show in shows:
            if (other := first.setdefault(show.slug, node)) is not node:
                at = _find(node, ("slug",))
                self._problem(at, "slug", f"another show has this slug, at line {_line(_find(other, ('slug',)))}")
            self._check_currency(node, show)
        self._give_up_on_problems()
        return tuple(show for _, show in shows)

    def _parse(self, text: str) -> yaml.Node:
        try:
            root = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ShowsFileError(f"{self._name}, line {line}: is not YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            raise ShowsFileError(f"{self._name}: is not YAML: {error}") from error
        if root is None:
            raise ShowsFileError(f"{self._name}: is empty; it must be a list of shows")
        for key in _repeated_keys(root):
            self._problem(key, key.value, "is given twice")
        self._give_up_on_problems()
        return root

    def _entries(self, root: yaml.Node) -> list[tuple[yaml.Node, Any]]:
        """The nodes of the shows with what they hold; the list may be the value of a key `shows`, as in the API."""
        listed = _find(root, ("shows",)) if isinstance(root, yaml.MappingNode) else root
        if not isinstance(listed, yaml.SequenceNode):
            raise ShowsFileError(f"{self._name}, line {_line(root)}: must be a list of shows")
        try:
            loader = _Loader("")
            values = loader.construct_document(listed)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ShowsFileError(f"{self._name}, line {line}: cannot be read: {error.problem}") from error
        return list(zip(listed.value, values, strict=True))

    def _show(self, node: yaml.Node, value: Any) -> Show | None:
        if isinstance(value, dict):
            value = {key: self._moment(each) if key in _TIMES else each for key, each in value.items()}
        try:
            return msgspec.convert(value, type=Show)
        except msgspec.ValidationError as error:
            self._explain(node, str(error))
            return None

    def _moment(self, value: Any) -> Any:
        if not isinstance(value, str) or (form := _RELATIVE.fullmatch(value)) is None:
            return value
        days, hour, minute, offset = form.groups()
        zone = datetime.strptime(offset, "%z").tzinfo
        today = self._now.astimezone(zone).replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        return today + timedelta(days=int(days))

    def _explain(self, node: yaml.Node, message: str) -> None:
        form = _PATH.fullmatch(message)
        what, path = (form["what"], form["path"] or "") if form else (message, "")
        steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(path)]
        if unknown := _UNKNOWN_FIELD.fullmatch(what):
            steps.append(unknown[1])
            at = _find_key(_find(node, steps[:-1]), unknown[1])
        else:
            at = _find(node, steps)
        self._problem(at, _written(steps), said_plainly(what, steps))

    def _check_currency(self, node: yaml.Node, show: Show) -> None:
        currency = show.ticket_types[0].currency
        if currency not in _currencies():
            at = _find(node, ("ticket_types", 0, "currency"))
            self._problem(at, "ticket_types[0].currency", f"{currency} is no currency of ISO 4217 that is in use")

    def _problem(self, node: yaml.Node, field: str, what: str) -> None:
        self._problems.append((_line(node), f"{field}: {what}" if field else what))

    def _give_up_on_problems(self) -> None:
        if self._problems:
            lines = (f"{self._name}, line {line}: {what}" for line, what in sorted(self._problems))
            raise ShowsFileError("\n".join(lines))


@cache
def _currencies() -> frozenset[str]:
    """The currencies that are legal tender somewhere today."""
    return frozenset(
        code
        for history in get_global("territory_currencies").values()
        for code, _, end, is_tender in history
        if end is None and is_tender
    )


def _repeated_keys(root: yaml.Node) -> Iterator[yaml.Node]:
    """YAML's readers keep the last of two equal keys without a word."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            yield from (key for at, (key, _) in enumerate(node.value) if key.value in names[:at])
            waiting += [value for _, value in node.value]


def _find(node: yaml.Node, steps: Sequence[str | int]) -> yaml.Node:
    """The node at the path, or the nearest above it that is there."""
    for step in steps:
        if isinstance(step, int) and isinstance(node, yaml.SequenceNode) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), node)
    return node


def _find_key(node: yaml.Node, name: str) -> yaml.Node:
    keys = [key for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []
    return next((key for key in keys if key.value == name), node)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _written(steps: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def why_refused(refused: PublishRejection) -> str:
    """Why the function took a show not, in words."""
    if refused.reason == "capacity_below_sold":
        return f"{refused.sold} tickets of {refused.ticket_type} are sold, more than its new capacity"
    return refused.reason
