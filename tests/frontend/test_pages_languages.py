"""English and Spanish: which one a page is in, how it is changed, and that no word is missing."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from frontend import i18n
from tests.frontend.pages import Page, read, send

FRONTEND = Path(i18n.__file__).parent
TRANSLATED = sorted(set(i18n.LANGUAGES) - {"en"})


def folder(language: str) -> Path:
    return FRONTEND / "translations" / language / "LC_MESSAGES"


def catalogue(language: str) -> Catalog:
    with (folder(language) / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def meanings(compiled: Catalog) -> dict[str, object]:
    return {str(message.id): message.string for message in compiled if message.id}


def words_of_the_templates() -> Iterator[str | tuple[str, ...]]:
    found = extract_from_dir(
        str(FRONTEND / "templates"),
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"trimmed": "true"}},
    )
    for _, _, message, _, _ in found:
        yield message


@pytest.mark.parametrize("language", TRANSLATED)
class TestTranslations:
    def test_every_message_of_the_pages_is_translated(self, language: str) -> None:
        known = catalogue(language)
        asked = set(words_of_the_templates())
        assert asked
        for message in asked:
            entry = known.get(message[0] if isinstance(message, tuple) else message)
            assert entry is not None, message
            assert entry.id == message
            assert not entry.fuzzy, message
            assert all(entry.string if isinstance(entry.string, tuple) else [entry.string]), message

    def test_nothing_is_translated_that_no_page_says(self, language: str) -> None:
        known = {message.id for message in catalogue(language) if message.id}
        assert known == set(words_of_the_templates())

    def test_every_translation_keeps_its_placeholders(self, language: str) -> None:
        assert [list(errors) for _, errors in catalogue(language).check() if errors] == []

    def test_what_is_committed_is_what_the_translations_compile_to(self, language: str) -> None:
        """A fresh clone and an image have no step that compiles them."""
        compiled = io.BytesIO()
        write_mo(compiled, catalogue(language))
        compiled.seek(0)
        with (folder(language) / "messages.mo").open("rb") as file:
            committed = read_mo(file)
        assert meanings(committed) == meanings(read_mo(compiled))


class TestTheLanguageOfAPage:
    @pytest.mark.parametrize(
        ("asked", "language", "title"),
        [
            ("en", "en", "What's on"),
            ("es", "es", "Cartelera"),
            ("es-MX,es;q=0.9,en;q=0.5", "es", "Cartelera"),
            ("de, en;q=0.5", "en", "What's on"),
            ("fi", "en", "What's on"),
            ("", "en", "What's on"),
        ],
    )
    def test_the_browser_says_it(self, http: FlaskClient, asked: str, language: str, title: str) -> None:
        page = read(http, "/", asked)
        assert page.all("html")[0]["lang"] == language
        assert title in page.words

    def test_a_choice_is_kept(self, http: FlaskClient) -> None:
        answer = http.get("/shows/spring-gala?lang=es", headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.location) == (303, "/shows/spring-gala")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("lang=es;")
        assert "SameSite=Lax" in cookie
        assert "HttpOnly" in cookie
        page = read(http, "/shows/spring-gala", "en")
        assert page.all("html")[0]["lang"] == "es"
        assert "Pagas en la puerta" in page.words

    def test_a_switch_keeps_the_key_of_an_order(self, http: FlaskClient) -> None:
        links = read(http, "/orders?x=a%26b").all("a")
        (switch,) = [link for link in links if link.get("hreflang")]
        assert (switch["href"], switch["lang"]) == ("/orders?x=a%26b&lang=es", "es")
        assert http.get(str(switch["href"])).location == "/orders?x=a%26b"

    @pytest.mark.parametrize("asked", ["de", "", "es; Domain=example.org", "EN"])
    def test_no_other_language_is_taken(self, http: FlaskClient, asked: str) -> None:
        answer = http.get("/", query_string={"lang": asked})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        http.set_cookie("lang", asked.replace(";", ""))
        assert read(http, "/").all("html")[0]["lang"] == "en"

    @pytest.mark.parametrize(
        "address",
        [
            "//example.org/?lang=es",
            "//example.org/%2e%2e?lang=es",
            "/?lang=es&_external=1&_scheme=javascript",
            "/shows/x?lang=es&slug=y&endpoint=z",
            "/?lang=es&lang=en",
        ],
    )
    def test_a_switch_never_leads_to_another_site(self, http: FlaskClient, address: str) -> None:
        location = http.get(address).location
        assert location is None or (location.startswith("/") and not location.startswith("//"))

    def test_the_api_and_the_posters_have_no_language(self, http: FlaskClient) -> None:
        assert http.get("/api/shows?lang=es").status_code == 200

    def test_the_answer_to_a_form_has_no_switch_that_would_lose_it(self, http: FlaskClient) -> None:
        fields = read(http, "/shows/open-mic").fields
        page = Page(send(http, "/shows/open-mic/orders", fields, "es"))
        assert page.status == 422
        assert "Rellena este campo." in page.words
        assert not [link for link in page.all("a") if link.get("hreflang")]

    def test_an_error_is_in_the_language_too(self, http: FlaskClient) -> None:
        assert "Aquí no hay nada" in read(http, "/nowhere", "es").words


def test_a_purchase_reads_well_in_spanish(http: FlaskClient) -> None:
    fields = read(http, "/shows/spring-gala", "es").fields
    fields |= {"quantity-stalls": "2", "name": "Ada", "email": "ada@example.org"}
    answer = send(http, "/shows/spring-gala/orders", fields, "es")
    words = read(http, answer.location, "es").words.replace("\xa0", " ")
    assert "Tus 2 entradas para Spring Gala están confirmadas. 50,00 €: pagas en la puerta." in words
