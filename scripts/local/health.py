"""Health checks over HTTP."""

import requests


def is_ready(url: str, timeout_s: float = 5.0) -> bool:
    """Whether the process at `url` answers `/readyz` with 200."""
    with requests.Session() as session:
        session.trust_env = False  # it is on this machine: never through the user's proxy
        try:
            return session.get(f"{url}/readyz", timeout=timeout_s).status_code == 200
        except requests.RequestException:
            return False
