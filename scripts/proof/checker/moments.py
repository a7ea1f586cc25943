"""What an order went through, moment by moment: its buyers' tries, faults and splits, logs, journal and stores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.log_lines import OrderLog, trace_of
from scripts.proof.checker.snapshots import StoredOrder, StoredPurchase
from scripts.proof.history import Attempt, FaultLine, Shifted

AT_THE_END = float("inf")


@dataclass(frozen=True, order=True)
class Moment:
    """Something that happened at `at`, in Unix seconds, to one order."""

    at: float
    who: str = field(compare=False)
    what: str = field(compare=False)


def moments(order_id: str, evidence: Evidence, attempts: Sequence[Attempt], log: OrderLog) -> list[Moment]:
    """All of them by time; those of one time in the order of their causes."""
    order, heard = evidence.ledger.orders.get(order_id), evidence.heard
    waiting = evidence.pending.purchases.get(order_id) if evidence.pending else None
    began = min((attempt.start for attempt in attempts), default=order.decided_at if order else heard.run.at)
    ended = max([attempt.end for attempt in attempts] + ([order.decided_at] if order else []), default=began)
    found = [
        *_faults(heard.faults, began, ended),
        *_splits(heard.splits, began, ended),
        *(moment for attempt in sorted(attempts, key=lambda attempt: attempt.start) for moment in _attempt(attempt)),
        *(Moment(line.at, line.process, line.text) for line in log.lines),
        *_journal(evidence, order_id, order),
        *(_stored(order) if order else [Moment(AT_THE_END, "ledger", "has no such order")]),
        *(_waiting(waiting) if waiting else ()),
    ]
    return sorted(found)


def _attempt(attempt: Attempt) -> Iterator[Moment]:
    trace = trace_of(attempt.traceparent)
    asks = f"{attempt.action} {attempt.quantity} {attempt.ticket_type}".rstrip()
    yield Moment(attempt.start, f"buyer {attempt.buyer}", f"{asks} ..." + (f" trace={trace[:8]}" if trace else ""))
    details = [
        f"status {attempt.status}",
        f"reason {attempt.reason}" if attempt.reason else "",
        f"tickets {' '.join(attempt.tickets)}" if attempt.tickets else "",
        f"total {attempt.total}" if attempt.total is not None else "",
        f"left {dict(attempt.available)}" if attempt.available else "",
        f"retry after {attempt.retry_after:g} s" if attempt.retry_after else "",
        "the last answer" if attempt.last else "",
    ]
    told = f"{attempt.action} -> told {attempt.told} ({', '.join(word for word in details if word)})"
    yield Moment(attempt.end, f"buyer {attempt.buyer}", f"{told} after {attempt.end - attempt.start:.3f} s")


def _faults(faults: Iterable[FaultLine], began: float, ended: float) -> Iterator[Moment]:
    """Each fault that was there while the order lived, with all of its lines."""
    open_since: dict[tuple[str, str], list[FaultLine]] = {}
    groups: list[list[FaultLine]] = []
    for fault in faults:
        key = (fault.name, fault.target)
        if fault.what == "begins" or key not in open_since:
            groups.append(open_since.setdefault(key, []) if key not in open_since else [])
            open_since[key] = groups[-1]
        open_since[key].append(fault)
    for lines in groups:
        is_over = any(line.what != "begins" for line in lines)
        if lines[0].at <= ended and (not is_over or lines[-1].at >= began):
            yield from (Moment(line.at, "fault", _fault(line)) for line in lines)


def _fault(line: FaultLine) -> str:
    took = f" after {line.seconds:.2f} s" if line.seconds is not None else ""
    words = (line.name, f"of {line.target}" if line.target else "", f"{line.what}{took}", line.detail)
    return " ".join(word for word in words if word)


def _splits(splits: Sequence[Shifted], began: float, ended: float) -> Iterator[Moment]:
    """The split that the order met, and those that came while it lived."""
    met = [split for split in splits if split.at <= began][-1:]
    for split in [*met, *(split for split in splits if began < split.at <= ended)]:
        shares = " ".join(f"{revision}={percent}" for revision, percent in split.split.items())
        yield Moment(split.at, "split", f"{shares} {split.why}".rstrip())


def _journal(evidence: Evidence, order_id: str, order: StoredOrder | None) -> Iterator[Moment]:
    """The lines that name the order, and those of the versions that it was refused by."""
    refused_by = {(left.ticket_type, left.version) for left in (order.available if order else ())}
    for kind, steps in evidence.ledger.journal.items():
        for step in steps:
            if step.order_id == order_id or (kind, step.version) in refused_by:
                what = f"version {step.version} of {kind}: {step.sold} of {step.capacity} sold, {step.cause}"
                by = f" by {step.order_id}" if step.order_id and step.order_id != order_id else ""
                yield Moment(step.at, "journal", what + by)


def _stored(order: StoredOrder) -> Iterator[Moment]:
    lines = ", ".join(f"{line.quantity} {line.ticket_type}" for line in order.lines) or "no lines"
    tickets = f", tickets {' '.join(order.codes)}" if order.tickets else ""
    left = ", ".join(f"{each.available} {each.ticket_type} left at version {each.version}" for each in order.available)
    by = f", by {order.revision}" if order.revision else ""
    yield Moment(
        order.decided_at, "ledger", f"{order}: {lines}, total {order.total}{tickets}{left and f', {left}'}{by}"
    )


def _waiting(purchase: StoredPurchase) -> Iterator[Moment]:
    trace = trace_of(purchase.traceparent)
    yield Moment(purchase.accepted_at, "pending", "accepted" + (f" trace={trace[:8]}" if trace else ""))
    tries = f"after {purchase.tries} tries" + (f", at last: {purchase.last_failure}" if purchase.last_failure else "")
    outcome = " ".join(word for word in (purchase.kind, purchase.reason, *purchase.codes) if word)
    at = AT_THE_END if purchase.decided_at is None else purchase.decided_at
    yield Moment(at, "pending", f"{purchase.state} {tries}" + (f": {outcome}" if outcome else ""))
