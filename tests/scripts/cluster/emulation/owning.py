"""Server-side apply and its field managers: what becomes of an object, or who is in the way."""

import copy
from datetime import UTC, datetime
from typing import Any

from tests.scripts.cluster.emulation.fields import (
    Path,
    as_fields,
    changed,
    fields_of,
    from_fields,
    merged,
    value_at,
    without,
    written,
)
from tests.scripts.cluster.emulation.statuses import Failure

Owners = dict[tuple[str, str], set[Path]]


def apply(live: dict[str, Any] | None, applied: dict[str, Any], manager: str, *, force: bool) -> dict[str, Any]:
    """The object after `manager` applied it. Raises Failure 409 when others own what it changes."""
    before = live or {"apiVersion": applied["apiVersion"], "kind": applied["kind"], "metadata": {}}
    owners, me = _owners(before), (manager, "Apply")
    wanted = fields_of(applied)
    rivals = [
        (who, path)
        for who, theirs in owners.items()
        if who != me
        for path in sorted(wanted)
        if _touches(path, theirs) and value_at(before, path) != value_at(applied, path)
    ]
    if rivals and not force:
        raise _conflict(before, rivals)
    for who, path in rivals:
        owners[who] = {other for other in owners[who] if not _overlap(path, other)}
    dropped = {
        path for path in owners.get(me, set()) - wanted if not any(path in o for w, o in owners.items() if w != me)
    }
    after = merged(without(before, dropped), applied)
    owners[me] = wanted
    return _with_owners(after, owners, before)


def update(live: dict[str, Any], after: dict[str, Any], manager: str) -> dict[str, Any]:
    """The object after `manager` put `after` in its place: what it changed is its own now."""
    owners, me = _owners(live), (manager, "Update")
    mine = changed(live, after)
    present = fields_of(after)
    for who, theirs in owners.items():
        owners[who] = {path for path in theirs if path in present and (who == me or path not in mine)}
    owners[me] = owners.get(me, set()) | mine
    return _with_owners(after, owners, live)


def _owners(obj: dict[str, Any]) -> Owners:
    entries = obj.get("metadata", {}).get("managedFields") or []
    return {(entry["manager"], entry["operation"]): from_fields(entry["fieldsV1"]) for entry in entries}


def _with_owners(after: dict[str, Any], owners: Owners, before: dict[str, Any]) -> dict[str, Any]:
    former = {(entry["manager"], entry["operation"]): entry for entry in before["metadata"].get("managedFields") or []}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    entries = []
    for (manager, operation), paths in owners.items():
        if not paths:
            continue
        fields = as_fields(paths)
        same = former.get((manager, operation), {}).get("fieldsV1") == fields
        time = former[(manager, operation)]["time"] if same and not changed(before, after) & paths else now
        entries.append(
            {
                "manager": manager,
                "operation": operation,
                "apiVersion": after["apiVersion"],
                "time": time,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields,
            }
        )
    result = copy.deepcopy(after)
    result["metadata"]["managedFields"] = entries
    return result


def _conflict(live: dict[str, Any], rivals: list[tuple[tuple[str, str], Path]]) -> Failure:
    times = {(each["manager"], each["operation"]): each["time"] for each in live["metadata"]["managedFields"]}

    def named(who: tuple[str, str]) -> str:
        manager, operation = who
        using = f" using {live['apiVersion']} at {times[who]}" if operation == "Update" else ""
        return f'"{manager}"{using}'

    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {named(who)}", "field": written(path)}
        for who, path in rivals
    ]
    if len(rivals) == 1:
        message = f"Apply failed with 1 conflict: conflict with {named(rivals[0][0])}: {written(rivals[0][1])}"
    else:
        managers = dict.fromkeys(who for who, _ in rivals)
        parts = [
            f"conflicts with {named(who)}:\n" + "\n".join(f"- {written(path)}" for w, path in rivals if w == who)
            for who in managers
        ]
        message = f"Apply failed with {len(rivals)} conflicts: " + "\n".join(parts)
    return Failure(409, "Conflict", message, causes=causes)


def _touches(path: Path, theirs: set[Path]) -> bool:
    return any(_overlap(path, other) for other in theirs)


def _overlap(path: Path, other: Path) -> bool:
    length = min(len(path), len(other))
    return path[:length] == other[:length]
