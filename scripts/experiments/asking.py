"""One look at a shop, for probes."""

from typing import Any, Final

import requests

from scripts.proof.sale.client import Address

_ANSWER_WITHIN_S: Final = 10.0
NOTHING: Final = 0


def ask(shop: Address, path: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer; NOTHING when none came, and an empty object for what is no JSON."""
    scheme = "https" if shop.is_secure else "http"
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                f"{scheme}://{shop.name}:{shop.port}{path}", headers={"Host": shop.host}, timeout=_ANSWER_WITHIN_S
            )
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status_code, answer.json() if is_json else {}
        except requests.RequestException:
            return NOTHING, {}
