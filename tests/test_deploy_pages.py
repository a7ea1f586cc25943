"""What the README and docs/deploy.md say of deploying is so: commands, names, numbers, links."""

import math
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from frontend.pending.database import MAX_SESSIONS
from functions.orders.contract import Show
from scripts.cluster import canary_watch, results, secrets
from scripts.cluster.arguments import VERBS, parse
from scripts.cluster.building import DEFAULT_IMAGE
from scripts.cluster.databases import KEYS, DatabaseChoice
from scripts.cluster.manifests import FOLDER, namespace, plan
from scripts.cluster.registry import NOT_RESOLVED
from scripts.cluster.targets import NEXT
from scripts.cluster.wanted import NAMESPACE
from scripts.inside import hidden_show
from scripts.local.split import REVISIONS
from tests.scripts.cluster.wanting import DEMO, PRODUCTION, environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DEPLOY_IT = README.split("\n## Deploy it\n")[1].split("\n## ")[0]
PAGE = (ROOT / "docs/deploy.md").read_text()
BOTH = DEPLOY_IT + PAGE
SERVICES = ("orders", "frontend")
SCALE = "autoscaling.knative.dev/"
TIMES = " \u00d7 "


def lines(program: str, text: str = BOTH) -> list[list[str]]:
    """The words of each command line in a block of code that begins with `program`."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found = [shlex.split(line, comments=True) for block in blocks for line in block.replace("\\\n", "").splitlines()]
    return [words for words in found if shlex.join(words).startswith(program)]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables' rows, without their code marks."""
    found = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip().replace("`", "") for cell in row] for row in found]


def commands() -> Iterator[list[str]]:
    """What follows `python3 scripts/deploy.py`, wherever it is said: in a block, within a line, or in the table."""
    yield from (words[2:] for words in lines("python3 scripts/deploy.py"))
    for said in re.findall(r"`python3 scripts/deploy\.py ([^`]*[^`…])`", README + PAGE):
        yield shlex.split(said.split(" > ")[0])
    yield from (row[0].split() for row in rows(DEPLOY_IT)[1:])


def parsed(words: list[str]) -> Namespace:
    return parse(["01980000-0000-7000-8000-000000000000" if word == "ORDER_ID" else word for word in words])


def test_each_command_line_can_be_read_and_each_verb_is_told_of() -> None:
    assert {parsed(words).verb for words in commands()} == set(VERBS)


def test_the_options_that_it_names_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        with pytest.raises(SystemExit):
            parse([verb, "--help"])
    there = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    of_kn = {"--tls"}
    named = {option for said in re.findall(r"`(--[^`]+)`", BOTH) for option in re.findall(r"--[a-z-]+", said)}
    assert len(named) > 10
    assert named - there == of_kn


def test_the_defaults_are_those_of_the_command_line() -> None:
    canary = parse(["canary", "chaos"])
    steps = ", ".join(map(str, canary.steps[:-1])) + f" and {canary.steps[-1]} %, watches each for {canary.watch:.0f} s"
    assert steps in DEPLOY_IT
    assert f"`--limit {canary.limit}`" in DEPLOY_IT
    assert f"more than {canary.limit:.1%}".replace("%", " %") in DEPLOY_IT
    assert (canary.metric, canary_watch.Measure("calls", 0).bad) == ("buyers", "undecided first tries")
    assert f"`--timeout` ({canary.timeout / 60:.0f}m)" in PAGE
    assert f"`{canary.namespace}`" in PAGE


def test_the_exit_codes_are_those_of_the_verbs() -> None:
    codes = (results.GOOD, results.BAD, results.NOT_DONE, results.INTERRUPTED)
    assert [int(row[0]) for row in rows(section("Exit codes"))[1:]] == list(codes)


def test_what_kn_is_told_names_what_is_there() -> None:
    updates = lines("kn service update")
    assert len(updates) == 4
    made = set[str]()
    for _, _, _, name, *words in updates:
        options = [*zip(words[::2], words[1::2], strict=True)]
        assert name in SERVICES
        assert ("--namespace", NAMESPACE) in options
        revision = dict(options).get("--revision-name", "")
        assert revision.startswith(f"{name}-") or {option for option, _ in options} == {"--namespace", "--traffic"}, (
            "Knative refuses another template under the same name"
        )
        made.add(revision)
        shares = dict(value.split("=") for option, value in options if option == "--traffic")
        assert set(shares) <= {*REVISIONS, *made}
        assert not shares or sum(map(int, shares.values())) == 100
    assert set(_values(updates, "--env")) == {"LOG_LEVEL=debug"}
    assert "| `LOG_LEVEL` |" in README
    ((*_, service),) = lines("kn domain create")
    assert service == "frontend"


def _values(found: list[list[str]], option: str) -> list[str]:
    return [words[at + 1] for words in found for at, word in enumerate(words) if word == option]


def test_the_image_without_a_registry_is_the_one_that_is_made() -> None:
    assert DEFAULT_IMAGE.split("/")[0] in NOT_RESOLVED
    builder = (ROOT / "scripts/build_image.py").read_text()
    assert f'default="{DEFAULT_IMAGE}"' in builder
    assert 'ROOT / ".flametickets" / "image.tar"' in builder
    assert lines("kind load") == [["kind", "load", "image-archive", ".flametickets/image.tar", "--name", "knative"]]
    assert f"{DEFAULT_IMAGE}:TAG" in DEPLOY_IT


def test_the_scaling_is_that_of_the_manifests() -> None:
    table = rows(section("Before a sale"))[:8]
    templates = [
        form for planned in (plan(DEMO), plan(PRODUCTION)) for form in (planned.orders["stable"], planned.frontend)
    ]
    annotations: list[Mapping[str, str]] = [each["spec"]["template"]["metadata"]["annotations"] for each in templates]
    named = {f"{SCALE}{row[0]}": row[1:] for row in table[1:]}
    assert named == {name: [each.get(name, "") for each in annotations] for name in named}
    assert set().union(*annotations) == set(named)


def test_the_figures_of_a_sale_are_reckoned_right() -> None:
    text = section("Before a sale").replace(",", "")
    frontend, orders = ((FOLDER / "base" / f"{name}.Service.yaml").read_text() for name in ("frontend", "orders"))
    purchases, pages = map(int, re.findall(r"(\d+) purchases or (\d+) pages", text)[0])
    assert f"about {purchases} purchases a second" in frontend
    assert f"{re.findall(r'([0-9]+) orders; ', text)[0]} orders a second" in orders.replace(",", "")
    assert f"| {MAX_SESSIONS} |" in text
    needed = re.findall(r"\| (\d+) / (\d+) \| (\d+) / (\d+) \| (\d+) \|", text)
    assert len(needed) == 2
    for bought, by_pod, read, read_by_pod, pods in (map(int, row) for row in needed):
        assert (by_pod, read_by_pod) == (purchases, pages)
        assert math.ceil(bought / by_pod + read / read_by_pod) == pods
    products = re.findall(rf"(\d+(?:{TIMES}\d+)+) = (\d+)", text)
    assert len(products) == 2
    assert all(math.prod(map(int, factors.split(TIMES))) == int(product) for factors, product in products)
    scale = plan(DEMO).orders["stable"]["spec"]["template"]["metadata"]["annotations"][f"{SCALE}max-scale"]
    assert products[1][0] == f"{scale}{TIMES}2{TIMES}2"


def test_the_secrets_are_those_that_a_deploy_makes() -> None:
    (order_key,) = secrets.secrets_for(None, DatabaseChoice(), "keep", lambda: "x" * 32, namespace="n").objects[:1]
    assert f"| `{order_key['metadata']['name']}` |" in PAGE
    ((key, _),) = order_key["stringData" if "stringData" in order_key else "data"].items()
    assert f".data.{key}}}" in PAGE
    assert f"--from-literal={key}=" in PAGE
    assert all(f"--from-literal={variable}=postgresql://" in PAGE for variable in KEYS.values())
    assert NEXT["stable"] in PAGE


def test_ports_and_labels_are_those_of_the_manifests() -> None:
    policy = (FOLDER / "base/frontend.NetworkPolicy.yaml").read_text()
    assert "flametickets.org/monitoring=true" in policy
    assert "flametickets.org/monitoring=true" in PAGE
    port = environment(plan(DEMO).frontend)["METRICS_PORT"]
    assert f"port {port} of its pods, those of Knative's proxy on 9091" in PAGE
    assert f"port: {port}\n        - port: 9091" in policy
    labels = namespace(NAMESPACE)["metadata"]["labels"]
    assert f"pod-security.kubernetes.io/enforce={labels['pod-security.kubernetes.io/enforce']}" in PAGE
    private = "networking.knative.dev/visibility"
    assert f"`{private}: {plan(DEMO).orders['stable']['metadata']['labels'][private]}`" in PAGE


def test_the_hidden_show_is_hidden_and_named_so() -> None:
    assert "hidden" in Show.__struct_fields__
    assert f"`{hidden_show.SLUG}`" in PAGE


def test_files_and_links_lead_somewhere() -> None:
    for said in re.findall(r"`((?:knative|scripts|docs)/[^`\s]*)`", BOTH):
        assert (ROOT / said).exists(), said
    pages = {"README.md": README, "deploy.md": PAGE}
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE + README) if not link.startswith("http")]
    assert len(links) > 8
    for link in links:
        path, _, anchor = link.partition("#")
        if anchor:
            text = pages[Path(path).name or "README.md"]
            assert anchor in {
                re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
                for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            }, link
    assert not [link for link in re.findall(r"\]\(([^)#]+)", PAGE) if not (ROOT / "docs" / link).exists()]


def test_python_is_called_as_it_is_found() -> None:
    """Outside a virtual environment many systems have no `python`."""
    texts = [
        README,
        PAGE,
        (ROOT / "CHANGELOG.md").read_text(),
        *(p.read_text() for p in (ROOT / "scripts").rglob("arguments.py")),
    ]
    assert not [said for text in texts for said in re.findall(r"(?<![\w/.])python (?:-m|scripts)\S*", text)]
