"""Posters drawn from a slug, and QR codes drawn from a ticket's code."""

import hashlib
import re
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from frontend import posters
from frontend.qr import qr_svg

SLUGS = [f"show-{number}" for number in range(60)]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_poster_is_a_whole_svg_of_shapes_alone(slug: str) -> None:
    root = ElementTree.fromstring(posters.poster(slug))  # noqa: S314 (our own words)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 600 800"
    kinds = {element.tag.partition("}")[2] for element in root.iter()}
    assert kinds <= {"svg", "g", "rect", "path", "circle", "ellipse"}
    assert not any("style" in element.attrib for element in root.iter())


def test_every_style_and_every_palette_is_used() -> None:
    drawn = [posters.poster(slug) for slug in SLUGS]
    grounds = {ground[1] for picture in drawn if (ground := re.search(r'height="800" fill="(#\w+)"', picture))}
    assert grounds == {palette.ground for palette in posters.PALETTES}
    assert len(set(drawn)) == len(SLUGS)


def test_a_poster_is_the_same_each_time_and_on_every_machine() -> None:
    assert posters.DRAWING == "1"
    digest = hashlib.sha256("".join(posters.poster(slug) for slug in SLUGS).encode()).hexdigest()
    assert digest == "6254df5469d3943d9e6a601dd3e944ed3bd0cb516ed11b75ab7fcde0ab241bae", (
        "a changed drawing needs another `DRAWING`, or caches show the old one"
    )


def test_a_poster_is_kept_for_good_by_browsers(http: FlaskClient) -> None:
    answer = http.get(f"/posters/spring-gala.svg?v={posters.DRAWING}")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == posters.poster("spring-gala")


@pytest.mark.parametrize("slug", ["A", "a--b", "-", "a" * 65, "<svg>"])
def test_what_is_no_slug_has_no_poster(http: FlaskClient, slug: str) -> None:
    assert http.get(f"/posters/{slug}.svg").status_code == 404


def test_a_qr_code_has_a_label_and_no_style() -> None:
    svg = qr_svg("7K3Q-M2XR", 'Ticket "<7K3Q>"')
    root = ElementTree.fromstring(svg)  # noqa: S314 (our own words)
    assert root.get("aria-label") == 'Ticket "<7K3Q>"'
    assert root.get("role") == "img"
    assert not any("style" in element.attrib for element in root.iter())


def test_each_code_has_a_qr_code_of_its_own() -> None:
    assert qr_svg("7K3Q-M2XR", "x") != qr_svg("7K3Q-M2XS", "x")
    assert qr_svg("7K3Q-M2XR", "x") == qr_svg("7K3Q-M2XR", "x")
