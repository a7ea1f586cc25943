"""A page as a test reads it: its words, its fields, its links."""

from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
Attributes = dict[str, str | None]


class Page(HTMLParser):
    """What a test asks of a page; `fields` are the named inputs with their values.

    What stands in a template is not part of the page until a script puts it there.
    """

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.html = answer.text
        self.fields: dict[str, str] = {}
        self.tags: list[tuple[str, Attributes]] = []
        self._words: list[str] = []
        self._templates = 0
        self.feed(answer.text)

    @property
    def words(self) -> str:
        """All text of the page, with single spaces, and apostrophes as a keyboard has them."""
        return " ".join(" ".join(self._words).split()).replace("\u2019", "'")

    def all(self, tag: str) -> list[Attributes]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def by_id(self, element: str) -> Attributes:
        """The attributes of the one element with this id."""
        (found,) = [attributes for _, attributes in self.tags if attributes.get("id") == element]
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        if self._templates:
            return
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "input" and attributes.get("name"):
            self.fields[str(attributes["name"])] = attributes.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"

    def handle_data(self, data: str) -> None:
        if not self._templates:
            self._words.append(data)


def read(http: FlaskClient, address: str, language: str = "en") -> Page:
    """The page at an address."""
    return Page(http.get(address, headers={"Accept-Language": language}))


def send(http: FlaskClient, address: str, fields: dict[str, str], language: str = "en") -> TestResponse:
    """What a form of ours that a browser sends is answered with."""
    return http.post(address, data=fields, headers={"Accept-Language": language, **SAME_ORIGIN})


def filled_form(http: FlaskClient) -> dict[str, str]:
    """The fields of a form of one order: two stalls and one balcony of the paid sample show, €68.00 in all."""
    return read(http, "/shows/spring-gala").fields | {
        "quantity-stalls": "2",
        "quantity-balcony": "1",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
    }
