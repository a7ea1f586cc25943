"""Send many nearly right requests to the order function, and see that it answers each of them well.

`python tests/fuzz_orders.py --requests 200000 --seed 1` runs the function in this process, as functions-framework's own
local application on a real PostgreSQL. It prints what was answered and what was wrong, if anything. A seed and a number
make the same request again: `--first 1234 --requests 1 --seed 1`. Exit codes: 0 good, 1 something is wrong.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402  # after the path, so that the script runs from anywhere
from functions_framework.aio import create_asgi_app  # noqa: E402

from functions.orders import contract, ledger, service  # noqa: E402
from functions.orders.audit import audit, table  # noqa: E402
from scripts import migrate  # noqa: E402
from scripts.local.postgres import EmbeddedPostgres  # noqa: E402
from tests.functions.local_invoker import SECRET, Answer, LocalInvoker, make_show  # noqa: E402
from tests.functions.mutations import MARK, Request, hall, make_request  # noqa: E402

AT_ONCE: Final = 48
MOST_503: Final = 0.005  # of the requests that had time
SHOWN: Final = 20

# What only somebody who sees inside would know.
INTERNALS: Final = re.compile(
    r"Traceback|File \"|\.py\b|psycopg|msgspec|starlette|uvicorn|asyncio|cloudevents\.|\bSELECT\b|\bINSERT\b"
    r"|\bUPDATE\b|relation|constraint|stock_journal|Exception|[A-Za-z]+Error\b|0x[0-9a-f]{6}|postgres"
)
PROBLEM_FIELDS: Final = {"type", "title", "status", "detail"}
# Replies that hold what the sender wrote: the order's own fields, and the shows that were published.
ECHOES: Final = (contract.CONFIRMED, contract.FOUND, contract.CATALOGUE)
# What the function logs when something happened that nobody had thought of.
UNFORESEEN: Final = ("request.failed", "command.failed", "ledger.conflict")


@dataclass
class Findings:
    """`wrong` says of each bad answer what is wrong with it; `unforeseen` counts the errors that were caught."""

    statuses: Counter[int] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    hurried_503: int = 0
    other_503: int = 0
    wrong: list[str] = field(default_factory=list)
    unforeseen: Counter[str] = field(default_factory=Counter)

    def take(self, request: Request, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if answer.status == 503:
            self.hurried_503 += request.hurried
            self.other_503 += not request.hurried
        elif answer.status == 200:
            self.replies[answer.headers.get("ce-type", "structured")] += 1
        self.wrong += [
            f"request {request.number} ({', '.join(request.changes)}): {why}" for why in _wrong(request, answer)
        ]

    @property
    def is_good(self) -> bool:
        return not self.wrong and not self.unforeseen and self.other_503 <= MOST_503 * sum(self.statuses.values())


def _wrong(request: Request, answer: Answer) -> Sequence[str]:
    """What is wrong with an answer."""
    if answer.status == 200:
        return [] if request.method != "POST" else _wrong_reply(answer)
    text = answer.body.decode("utf-8", "replace") + repr(answer.headers)
    wrong = [f"it is {answer.status}"] if answer.status not in (400, 401, 503) else []
    wrong += [f"internals leak: {found[0]!r}"] if (found := INTERNALS.search(text)) else []
    wrong += ["what was sent comes back"] if MARK.lower() in text.lower() else []
    wrong += ["a valid request is refused or lost"] if request.sure else []
    return [*wrong, *_wrong_problem(answer)]


def _wrong_problem(answer: Answer) -> Sequence[str]:
    if answer.headers.get("content-type") != "application/problem+json":
        return ["it is no problem+json"]
    problem: dict[str, Any] = json.loads(answer.body)
    if set(problem) != PROBLEM_FIELDS or problem["status"] != answer.status:
        return ["its problem has other fields"]
    return ["it does not say when to return"] if answer.status == 503 and "retry-after" not in answer.headers else []


def _wrong_reply(answer: Answer) -> Sequence[str]:
    try:
        reply = contract.decode_event(answer.headers, answer.body)
    except contract.NotAnEvent as error:
        return [f"its reply is no event: {error}"]
    return ["a refusal echoes what was sent"] if reply.type not in ECHOES and MARK.encode() in reply.data else []


async def fuzz(invoker: LocalInvoker, seed: int, first: int, requests: int) -> Findings:
    """Send the requests, `AT_ONCE` at a time, to a function with `make_show()` and `hall()` on sale."""
    findings = Findings()
    numbers = iter(range(first, first + requests))

    async def send() -> None:
        for number in numbers:
            request = make_request(seed, number)
            try:
                answer = await invoker.post(request.headers, request.body, method=request.method)
            except Exception as error:
                findings.wrong.append(f"request {number} ({', '.join(request.changes)}): raises {error!r}")
            else:
                findings.take(request, answer)

    with watching(findings.unforeseen):
        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return findings


class Watch:
    """Stands in for the function's loggers, and counts what the function had not foreseen."""

    def __init__(self, unforeseen: Counter[str]) -> None:
        self._unforeseen = unforeseen

    def __getattr__(self, _level: str) -> Callable[..., None]:
        return self._take

    def _take(self, event: str, **fields: Any) -> None:
        if event in UNFORESEEN:
            error = sys.exception()
            where = traceback.extract_tb(error.__traceback__)[-1] if error else None
            line = f" in {Path(where.filename).name}:{where.lineno}" if where else ""
            self._unforeseen[f"{event}: {fields.get('error', '')} {error!r}{line}"] += 1


@contextmanager
def watching(unforeseen: Counter[str]) -> Iterator[None]:
    """Nothing is logged meanwhile."""
    watch = Watch(unforeseen)
    with mock.patch.object(service, "log", watch), mock.patch.object(ledger, "log", watch):
        yield


async def _run(database_url: str, seed: int, first: int, requests: int) -> Findings:
    os.environ |= {"ORDERS_DATABASE_URL": database_url, "SIGNING_SECRETS": SECRET, "LOG_LEVEL": "warning"}
    source = str(ROOT / "functions" / "orders" / "main.py")
    app = create_asgi_app(target="orders", source=source, signature_type="http")  # type: ignore[no-untyped-call]
    invoker = LocalInvoker(app, database_url)
    for show in (make_show(), hall()):
        assert (await invoker.send(contract.PUBLISH, show)).status == 200
    findings = await fuzz(invoker, seed, first, requests)
    await app.state.service.close()
    with psycopg.connect(database_url) as connection:
        results = audit(connection)
    if any(result.violations for result in results):
        findings.wrong.append("the audit finds violations:\n" + "\n".join(table(results)))
    return findings


def main() -> int:
    """Fuzz, print the findings, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first request")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flametickets-fuzz-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            with server:
                url = server.ensure_database("fuzz")
                migrate.apply("orders", url)
                findings = asyncio.run(_run(url, options.seed, options.first, options.requests))
        finally:
            server.remove()
    took_s = time.monotonic() - began
    last = options.first + options.requests - 1
    lines = (*report(findings), f"seed {options.seed}, requests {options.first} to {last}, {took_s:.0f} s")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0 if findings.is_good else 1


def report(findings: Findings) -> Sequence[str]:
    """The findings as lines."""
    lines = [f"{status}  {count:>8}" for status, count in sorted(findings.statuses.items())]
    lines += [f"     {count:>8}  {reply}" for reply, count in sorted(findings.replies.items())]
    lines.append(f"503  {findings.hurried_503:>8}  had no time, {findings.other_503} had")
    lines += [f"unforeseen {count} times: {what}" for what, count in findings.unforeseen.most_common(SHOWN)]
    lines += [f"wrong: {why}" for why in findings.wrong[:SHOWN]]
    lines.append(f"wrong answers: {len(findings.wrong)}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
