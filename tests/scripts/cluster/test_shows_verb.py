"""The verb `shows`, over the emulated cluster."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.cluster import shows
from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError, NotReady
from scripts.cluster.results import Result
from scripts.cluster.shows import as_file, run
from scripts.local.shows import ShowsFileError, read_shows
from scripts.local.stack import SAMPLES
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.emulation.knobs import Play
from tests.scripts.cluster.shop import open_shop, options, progress, reports, words_of

SHOW = """\
- slug: {slug}
  title: "Nacht der Töne \\U0001F3B5: 'eins', \\"zwei\\""
  venue: Here
  starts_at: "+9d 20:00 +02:00"
  sales_start: 2026-01-01T10:00:00+01:00
  sales_end: "+8d 20:00 +02:00"
  ticket_types:
    - {{id: place, name: Place, price: 1250, currency: EUR, capacity: 10, limit_per_order: 4}}
"""
GOOD = {"command": "publish", "shows": [{"slug": "night", "status": "published", "tries": 1}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SHOW.format(slug="night"), encoding="utf-8")
    return path


def published(cluster: Cluster, file: Path, *words: str) -> Result:
    return run(cluster, options("shows", str(file), *words), progress()[0])


def test_the_file_is_published_by_a_job_which_is_gone_afterwards(
    cluster_api: ClusterApi, cluster: Cluster, file: Path
) -> None:
    open_shop(cluster_api, cluster)
    jobs, files = list[dict[str, Any]](), list[dict[str, Any]]()

    def play(job: dict[str, Any]) -> Play:
        jobs.append(job)
        files.extend(cluster_api.all("v1", "ConfigMap", "flametickets.org/role=job"))
        return reports(GOOD)

    cluster_api.knobs.play = play
    result = published(cluster, file)
    assert (result.code, result.lines) == (0, ("night: published",))
    assert result.data == {"shows": GOOD["shows"]}
    assert words_of(jobs[0]) == ["python3", "-m", "scripts.inside", "publish", "/files/shows.yaml"]
    (volume,) = (each for each in jobs[0]["spec"]["template"]["spec"]["volumes"] if each["name"] == "files")
    assert files[0]["metadata"]["name"] == volume["configMap"]["name"]
    assert set(files[0]["data"]) == {"shows.yaml"}
    assert cluster_api.all("batch/v1", "Job") == []
    assert cluster_api.all("v1", "ConfigMap", "flametickets.org/role=job") == []


def test_what_is_sent_says_the_same_on_any_day(tmp_path: Path, file: Path) -> None:
    today, later = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    for path in (file, SAMPLES):
        read = read_shows(path, today)
        sent = tmp_path / "sent.yaml"
        sent.write_text(as_file(read), encoding="utf-8")
        assert read_shows(sent, later) == read


def test_a_mistake_is_said_before_the_cluster_is_asked(cluster_api: ClusterApi, cluster: Cluster, file: Path) -> None:
    file.write_text(SHOW.format(slug="No Slug"), encoding="utf-8")
    with pytest.raises(ShowsFileError, match=r"mine\.yaml, line 1: .*slug"):
        published(cluster, file)
    assert cluster_api.requests == []


def test_a_file_without_shows_publishes_nothing(cluster_api: ClusterApi, cluster: Cluster, file: Path) -> None:
    file.write_text("[]")
    assert published(cluster, file).code == 0
    assert cluster_api.requests == []


def test_a_file_that_no_config_map_holds_is_said_to_be_too_large(
    cluster_api: ClusterApi, cluster: Cluster, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shows, "MOST_BYTES", 100)
    with pytest.raises(ClusterError, match="is too large to be sent at once"):
        published(cluster, file)
    assert cluster_api.requests == []


def test_a_show_that_is_refused_is_bad_and_says_why(cluster_api: ClusterApi, cluster: Cluster, file: Path) -> None:
    open_shop(cluster_api, cluster)
    why = "3 tickets of place are sold, more than its new capacity"
    refused = {"slug": "night", "status": "refused", "why": why, "tries": 1}
    cluster_api.knobs.play = lambda _job: reports({"command": "publish", "shows": [refused]}, exit_code=1)
    result = published(cluster, file)
    assert (result.code, result.lines) == (1, (f"night: refused: {why}",))


def test_what_the_pod_says_of_the_whole_file_is_told(cluster_api: ClusterApi, cluster: Cluster, file: Path) -> None:
    open_shop(cluster_api, cluster)
    report = {"command": "publish", "shows": [], "why": "SIGNING_SECRETS: is not set"}
    cluster_api.knobs.play = lambda _job: reports(report, exit_code=2)
    result = published(cluster, file)
    assert (result.code, result.lines) == (2, ("SIGNING_SECRETS: is not set",))


def test_an_image_without_the_command_is_named(cluster_api: ClusterApi, cluster: Cluster, file: Path) -> None:
    open_shop(cluster_api, cluster)
    line = "/usr/bin/python3: No module named scripts.inside"
    cluster_api.knobs.play = lambda _job: Play((line,), exit_code=1)
    with pytest.raises(NotReady, match="ended with exit code 1 and without a report") as caught:
        published(cluster, file, "--image", "registry.example/older:1")
    assert caught.value.lines == [line]
    assert "registry.example/older:1" in caught.value.hint
