"""Names of images, as Docker and Knative read them."""

import pytest

from scripts.image.names import ImageName

DIGEST = f"sha256:{'0f' * 32}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("python", "docker.io", "library/python", None),
        ("ann/shop:1.0", "docker.io", "ann/shop", "1.0"),
        ("index.docker.io/ann/shop", "docker.io", "ann/shop", None),
        ("ghcr.io/ann/shop:1.0", "ghcr.io", "ann/shop", "1.0"),
        ("localhost/shop", "localhost", "shop", None),
        ("localhost:5001/shop", "localhost:5001", "shop", None),
        ("dev.local/flametickets:a-b_c", "dev.local", "flametickets", "a-b_c"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(text: str, registry: str, repository: str, tag: str | None) -> None:
    assert ImageName.parse(text) == ImageName(registry, repository, tag)


def test_a_digest_may_stand_beside_a_tag_and_a_pinned_name_has_no_tag() -> None:
    name = ImageName.parse(f"ghcr.io/ann/shop:1.0@{DIGEST}")
    assert (name.tag, name.digest, str(name)) == ("1.0", DIGEST, f"ghcr.io/ann/shop:1.0@{DIGEST}")
    assert name.pinned(DIGEST) == f"ghcr.io/ann/shop@{DIGEST}"


@pytest.mark.parametrize(
    "text",
    ["", "ghcr.io/", "ghcr.io/Ann", "ann/shop:", "ann/shop:a b", "ann/shop@sha256:12", "ann//shop", "-/shop", "a b"],
)
def test_what_is_no_name_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|must come") as caught:
        ImageName.parse(text)
    assert str(caught.value).startswith(f"{text}:")
