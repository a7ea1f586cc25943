"""What is hidden stays hidden in the whole shop, from the shows file to the pages, and can be bought all the same."""

import uuid
from collections.abc import Callable
from pathlib import Path

import requests

from functions.orders import contract
from scripts.local.function_client import FunctionClient
from scripts.local.stack import Stack
from tests.faults.buyers import buy

SHOWS = """\
- &show
  slug: in-the-window
  title: In the window
  venue: Here
  starts_at: "+9d 20:00 +02:00"
  sales_start: "-2d 10:00 +02:00"
  sales_end: "+8d 20:00 +02:00"
  ticket_types:
    - {id: place, name: Place, price: 1250, currency: EUR, capacity: 10, limit_per_order: 4}
- <<: *show
  slug: behind-the-curtain
  title: Behind the curtain
  hidden: true
"""


def test_a_hidden_show_is_on_no_page_and_can_be_bought(start_stack: Callable[..., Stack], tmp_path: Path) -> None:
    (tmp_path / "shows.yaml").write_text(SHOWS)
    stack = start_stack(shows=tmp_path / "shows.yaml")
    listed = requests.get(f"{stack.url}/api/shows", timeout=5).json()["shows"]
    assert [show["slug"] for show in listed] == ["in-the-window"]
    assert set(listed[0]) == set(contract.ListedShow.__struct_fields__)
    front = requests.get(stack.url, timeout=5).text
    assert "In the window" in front
    assert "curtain" not in front
    assert requests.get(f"{stack.url}/shows/in-the-window", timeout=5).status_code == 200
    assert requests.get(f"{stack.url}/shows/behind-the-curtain", timeout=5).status_code == 404
    for url in stack.gateway_urls.values():
        client = FunctionClient(url, stack.signing_secret)
        assert [show.slug for show in client.catalogue().shows] == ["in-the-window"]
        client.close()
    bought = buy(stack.url, "behind-the-curtain", str(uuid.uuid4()))
    assert (bought.status, bought.body["status"], len(bought.body["tickets"])) == (201, "confirmed", 1)
