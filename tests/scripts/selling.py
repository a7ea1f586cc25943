"""Whether a running shop sells, seen from outside."""

from datetime import UTC, datetime, timedelta

import requests


def sells(url: str) -> bool:
    """Whether the shop at `url` shows what is left, fresh from the function."""
    try:
        answer = requests.get(f"{url}/api/shows", timeout=5)
    except requests.RequestException:
        return False
    if answer.status_code != 200:
        return False
    age = datetime.now(UTC) - datetime.fromisoformat(answer.json()["as_of"])
    return age < timedelta(seconds=2)
