"""What the experiments do to a shop: the actions that their files name. Each returns what the journal is to keep."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

from scripts.experiments.session import current
from scripts.experiments.target import How, LinkName, Part
from scripts.proof.sequential import Comparison

_TICKETS_A_BUYER: Final = 1.75  # by the habits' shares of quantities


class TooSlow(Exception):
    """Something that the experiment waits for has not happened in its time."""


def open_sale(buyers: int, over_s: float, wanted: float = 1.25, controls: float = 0.0) -> dict[str, Any]:
    """Put a show on sale to a crowd which wants `wanted` times what there is; `controls` of them meet no chaos."""
    places = max(1, round(buyers * _TICKETS_A_BUYER / wanted))
    current().open_sale(int(buyers), places, over_s, controls=controls)
    return {"buyers": int(buyers), "places": places}


def wait_for_sales(share: float = 0.1, within_s: float = 60.0) -> None:
    """Wait until a share of the buyers has tickets: the sale is under way. Raises TooSlow."""
    if not current().wait_for_confirmed(share, within_s):
        raise TooSlow(f"not one buyer in {1 / share:.0f} had tickets within {within_s:g} s")


def finish_sale(within_s: float | None = None, faults_go_on: bool = False) -> dict[str, int]:
    """Wait until everybody was answered and everything accepted is decided; how many saw what last."""
    current().finish_sale(within_s, faults_go_on=faults_go_on)
    sale = current().sale
    return {str(saw): number for saw, number in sale.saw.items() if number} if sale else {}


def deploy_chaos(faults: str, share: int = 100) -> None:
    """Give the chaos revision these faults, and this share of the traffic in percent."""
    session = current()
    session.target.deploy_chaos(faults, session.terms.seed)
    session.faults.shift(share)


def shift(share: int) -> None:
    """Give the chaos revision this share of the traffic, in percent."""
    current().faults.shift(share)


def end(part: Part, how: How = "killed", times: int = 1, pause_s: float = 0.0) -> list[float]:
    """End a part so many times, each time once it is back; the seconds that each took."""
    took = []
    for _ in range(times):
        took.append(round(current().faults.end(part, how), 3))
        time.sleep(pause_s)
    return took


def keep_down_and_end(parts: list[Part], part: Part, seconds: float) -> float:
    """Keep parts down for a while, and kill another in the middle of it; the seconds until all serve again."""
    session = current()
    with ThreadPoolExecutor(1) as pool:
        down = pool.submit(session.faults.keep_down, *parts, seconds=seconds)
        time.sleep(seconds / 2)
        ended = session.faults.end(part)
        return round(max(down.result(), ended), 3)


def shift_to_and_fro(shares: list[int], pause_s: float) -> None:
    """Give the chaos revision one share of the traffic after the other, in percent."""
    for share in shares:
        current().faults.shift(share)
        time.sleep(pause_s)


def open_control() -> None:
    """Open a shop for a control group, whose orders all go to the stable revision."""
    current().target.open_control()


def stop_at_harm(within_s: float, share: int = 100) -> dict[str, Any]:
    """Give the chaos revision a share of the traffic, compare, and take it away at the first sure sign of harm."""
    session = current()
    session.faults.shift(share)
    watch = session.compare(Comparison())
    if not watch.harm.wait(within_s):
        raise TooSlow(f"no harm was found within {within_s:g} s")
    session.faults.shift(0)
    found = {"seconds_to_detect": watch.seconds_to_detect, "buyers_affected": watch.affected}
    session.history.note("harm found, traffic taken away", **found)
    return found


def keep_down(parts: list[Part], seconds: float) -> float:
    """Keep parts down for a while; the seconds from then on until all serve."""
    return round(current().faults.keep_down(*parts, seconds=seconds), 3)


def deploy(part: Part) -> float:
    """Deploy a part anew in the middle of the sale; the seconds that took."""
    return round(current().faults.deploy(part), 3)


def link(name: LinkName, mode: Literal["cut", "silent", "slow"], seconds: float, delay_ms: int = 0) -> None:
    """Let the network between two parts misbehave for a while."""
    current().faults.link(name, mode, seconds, delay_ms)


def prepare_clock(part: Part) -> None:
    """Give a part a clock that can jump."""
    current().target.prepare_clock(part)


def jump(part: Part, by_s: int, seconds: float) -> None:
    """Set a part's clock off for a while."""
    current().faults.jump(part, by_s, seconds)


def storm(seconds: float) -> list[str]:
    """Everything that can fail from outside, one after the other, as the seed draws it; what came."""
    session = current()
    return session.faults.storm(seconds, session.terms.seed)


def calm() -> None:
    """All as it was: no faults, no share for chaos, an open network. The rollback of every experiment."""
    session = current()
    session.close_sale()
    session.faults.calm()
