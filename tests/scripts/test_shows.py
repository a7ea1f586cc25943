"""Shows files: relative times, and problems named by line and field."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from functions.orders.contract import Show
from scripts.local.shows import ShowsFileError, read_shows

SAMPLES = Path(__file__).parents[2] / "scripts" / "shows.yaml"
NOW = datetime(2027, 3, 1, 23, 30, tzinfo=UTC)
GOOD = """\
- slug: a-show
  title: A show
  venue: Here
  starts_at: 2027-05-01T20:00:00+02:00
  sales_start: "-2d 10:00 +00:00"
  sales_end: "+14d 20:00 +02:00"
  ticket_types:
    - id: seat
      name: Seat
      price: 1250
      currency: EUR
      capacity: 10
      limit_per_order: 4
"""


def _read(folder: Path, text: str) -> tuple[Show, ...]:
    path = folder / "shows.yaml"
    path.write_text(text)
    return read_shows(path, NOW)


def _problem(folder: Path, text: str) -> str:
    with pytest.raises(ShowsFileError) as caught:
        _read(folder, text)
    return str(caught.value)


def test_times_are_absolute_or_from_today_where_the_show_is(tmp_path: Path) -> None:
    (show,) = _read(tmp_path, GOOD)
    assert show.starts_at == datetime.fromisoformat("2027-05-01T20:00:00+02:00")
    assert show.sales_start == datetime.fromisoformat("2027-02-27T10:00:00+00:00")
    assert show.sales_end == datetime.fromisoformat("2027-03-16T20:00:00+02:00")  # it is March 2nd already at +02:00


def test_a_show_is_hidden_only_if_the_file_says_so(tmp_path: Path) -> None:
    (hidden,) = _read(tmp_path, GOOD.replace("venue: Here", "venue: Here\n  hidden: true"))
    (listed,) = _read(tmp_path, GOOD)
    assert (hidden.hidden, listed.hidden) == (True, False)


def test_the_api_s_form_with_a_key_is_taken_too(tmp_path: Path) -> None:
    indented = "".join(f"  {line}\n" for line in GOOD.splitlines())
    assert _read(tmp_path, f"shows:\n{indented}") == _read(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("venue: Here", "venue: Here\n  hidden: maybe", "line 4: hidden: must be yes or no, not text"),
        ("price: 1250", "price: much", "line 10: ticket_types[0].price: must be a whole number, not text"),
        ("price: 1250", "price: 12.50", "line 10: ticket_types[0].price: must be a whole number of minor units"),
        ("price: 1250", "price: -1", "line 10: ticket_types[0].price: must be at least 0"),
        ("price: 1250", "prize: 1250", "line 10: ticket_types[0].prize: there is no such field"),
        ("      price: 1250\n", "", "line 8: ticket_types[0]: the field price is missing"),
        ("      price: 1250\n", "      price: 1\n      price: 2\n", "line 11: price: is given twice"),
        ("  venue: Here\n", "", "line 1: the field venue is missing"),
        ("title: A show", "title: ' '", "line 2: title: must be one line of text that is not blank"),
        ("title: A show", f"title: {'a' * 201}", "line 2: title: must have at most 200 characters"),
        ("slug: a-show", "slug: A Show", "line 1: slug: must be lower-case letters, digits"),
        ("limit_per_order: 4", "limit_per_order: 0", "line 13: ticket_types[0].limit_per_order: must be at least 1"),
        ("currency: EUR", "currency: XQQ", "line 11: ticket_types[0].currency: XQQ is no currency"),
        ("currency: EUR", "currency: DEM", "line 11: ticket_types[0].currency: DEM is no currency"),
        ("currency: EUR", "currency: euro", "line 11: ticket_types[0].currency: must be the three capital letters"),
        ("+02:00\n  sales_start", "\n  sales_start", "line 4: starts_at: must be a time with an offset"),
        ("+14d 20:00 +02:00", "+14d 25:00 +02:00", "line 6: sales_end: must be a time with an offset"),
        ("+14d 20:00 +02:00", "-14d 20:00 +02:00", "line 1: sales_end must be after sales_start"),
        ("  ticket_types:\n", "  ticket_types: none\n  more:\n", "line 7: ticket_types: must be a list, not text"),
        ("- slug: a-show", "- slug: [a", "line 2: is not YAML"),
    ],
)  # fmt: skip
def test_a_problem_names_its_line_and_field(tmp_path: Path, before: str, after: str, problem: str) -> None:
    assert before in GOOD
    assert f"shows.yaml, {problem}" in _problem(tmp_path, GOOD.replace(before, after, 1))


def test_a_repeated_slug_names_both_lines(tmp_path: Path) -> None:
    assert _problem(tmp_path, GOOD + GOOD) == "shows.yaml, line 14: slug: another show has this slug, at line 1"


def test_all_problems_are_told_in_the_order_of_the_lines(tmp_path: Path) -> None:
    problems = _problem(tmp_path, GOOD.replace("price: 1250", "price: x") + GOOD.replace("id: seat", "id: ''"))
    assert [line.partition(":")[0] for line in problems.splitlines()] == ["shows.yaml, line 10", "shows.yaml, line 21"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("just words", "line 1: must be a list of shows"),
        ("other: []", "line 1: must be a list of shows"),
        ("- 5", "line 1: must be a mapping of fields, not a whole number"),
        ("- &a [*a]", "line 1: "),
        ("- !!python/object:os.system {}", "line 1: cannot be read"),
        ("\x00", "is not YAML"),
    ],
)
def test_what_is_no_list_of_shows_is_told(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in _problem(tmp_path, text)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShowsFileError, match=r"none\.yaml: cannot be read: No such file or directory"):
        read_shows(tmp_path / "none.yaml", NOW)
    (tmp_path / "latin.yaml").write_bytes(b"- \xff")
    with pytest.raises(ShowsFileError, match="not UTF-8"):
        read_shows(tmp_path / "latin.yaml", NOW)


def test_the_samples_never_go_stale() -> None:
    for years in range(0, 30, 3):
        now = NOW + timedelta(days=365 * years)
        shows = {show.slug: show for show in read_shows(SAMPLES, now)}
        on_sale = {slug for slug, show in shows.items() if show.sales_start <= now < show.sales_end < show.starts_at}
        assert len(shows) == 6
        assert len(on_sale) == 4
        assert [slug for slug, show in shows.items() if show.sales_start > now] == ["fireflies-at-the-shrine"]
        assert [slug for slug, show in shows.items() if show.starts_at < now] == ["chimney-slam"]
        assert min(sum(kind.capacity for kind in show.ticket_types) for show in shows.values()) == 3
        assert any(all(kind.price == 0 for kind in show.ticket_types) for show in shows.values())


def test_the_samples_say_at_their_head_how_they_are_written() -> None:
    head = SAMPLES.read_text().partition("\n- ")[0]
    assert all(line.startswith("#") or not line for line in head.splitlines())
    example = '"+14d 20:00 +02:00"'
    assert example in head
    assert yaml.safe_load(SAMPLES.read_text())[0]["starts_at"] == "+9d 21:00 +01:00"
