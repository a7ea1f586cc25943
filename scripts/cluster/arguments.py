"""The command line of deploy.py. Only Python's own library is used here, so that --help needs no set-up."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from functions.orders import faults
from scripts.local import split

_DESCRIPTION: Final = """\
Takes FlameTickets from a checkout to a shop on a Knative cluster, and operates it there.

  deploy.py --image REGISTRY/flametickets@sha256:…    deploys a ready image; --build makes one first
  deploy.py traffic chaos=20                          sends 20 % of the orders to the chaos revision
  deploy.py canary chaos                              shifts in steps, and back at the first breach
  deploy.py status                                    one screen: what runs, and why something doesn't

Without a verb it deploys; `deploy.py VERB --help` says what a verb can do.
Exit codes: 0 good, 1 the thing asked about is bad (refused, not ready, breached, a promise missed), 2 it could not be
done (no cluster, no right, wrong usage), 130 stopped by Ctrl-C; the same command goes on from there.
"""
VERBS: Final = {
    "deploy": "bring the cluster to what this checkout says (the default)",
    "traffic": "show or shift the split between the revisions",
    "canary": "shift traffic in steps, watching, and back at the first breach",
    "rollback": "go back to an earlier split or revision",
    "shows": "publish the shows of a file",
    "pending": "list, replay or refuse pending purchases",
    "status": "one screen: services, revisions, split, pods, why something is not ready",
    "logs": "the lines of both services, merged by time",
    "verify": "check self-healing and isolation on the running shop",
    "render": "print the manifests; needs no cluster",
    "destroy": "remove the shop; asks first",
}
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes asks
_ORDER_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIDES: Final = ("orders", "frontend")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments; `verb` is always set. Exits with 2 and one line for what can't be read."""
    common = _common()
    given, rest = common.parse_known_args(arguments)
    if not rest or (rest[0].startswith("-") and rest[0] not in ("-h", "--help")):
        rest = ["deploy", *rest]
    parsed = _parser().parse_args(rest, given)
    _check(parsed)
    return parsed


def _check(parsed: argparse.Namespace) -> None:
    """What argparse can't check by itself. Exits with 2 and one line for what doesn't go together."""
    parser = _verb_parsers()[parsed.verb]
    try:
        _CHECK.get(parsed.verb, _check_nothing)(parsed)
    except ValueError as error:
        parser.error(str(error))


def _check_traffic(parsed: argparse.Namespace) -> None:
    parsed.split = split.read_split(parsed.shares)


def _check_databases(parsed: argparse.Namespace) -> None:
    sides = {side: [getattr(parsed, f"{side}_database_{what}") for what in ("url", "secret")] for side in _SIDES}
    for side, given in sides.items():
        if all(given):
            raise ValueError(f"--{side}-database-url and --{side}-database-secret name the same thing; give one")
    if any(map(any, sides.values())) != all(map(any, sides.values())):
        raise ValueError("give both databases or none: the demo's are two servers of its own, or none")


def _check_deploy(parsed: argparse.Namespace) -> None:
    _check_databases(parsed)
    if parsed.rotate_signing_secret and parsed.retire_signing_secret:
        raise ValueError("--rotate-signing-secret and --retire-signing-secret are two deploys, one after the other")
    if parsed.hold and (parsed.rotate_signing_secret or parsed.retire_signing_secret):
        raise ValueError("--hold leaves buyers on a revision that knows the former secrets alone; rotate without it")


def _check_render(parsed: argparse.Namespace) -> None:
    _check_databases(parsed)
    if not parsed.image:
        raise ValueError("--image: which image the manifests are to name")


def _check_pending(parsed: argparse.Namespace) -> None:
    if not parsed.words:
        raise ValueError("say what: list, replay ORDER_ID …, or refuse ORDER_ID --message TEXT")


def _check_nothing(_parsed: argparse.Namespace) -> None:
    """All was checked when it was read."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deploy.py",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common()],
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, what in VERBS.items():
        own = verbs.add_parser(verb, help=what, description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False)
        _add_common(own.add_argument_group("options of every verb"), is_help=True)
        _ADD[verb](own)
    return parser


def _verb_parsers() -> dict[str, argparse.ArgumentParser]:
    """The parsers by verb, for their usage lines."""
    action = next(each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


def _common() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deploy.py", add_help=False, allow_abbrev=False)
    _add_common(parser, is_help=False)
    return parser


def _add_common(parser: argparse._ActionsContainer, *, is_help: bool) -> None:
    """The options of every verb. In a verb's own parser they are for its help alone: they were read before."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if is_help else value

    parser.add_argument("--context", default=default(None), help="of the kubeconfig (default: its current one)")
    parser.add_argument("--namespace", type=_namespace, default=default("flametickets"), help="(default: flametickets)")
    parser.add_argument(
        "--image", default=default(None), help="REGISTRY/NAME@sha256:… (default, beside deploy: the deployed one)"
    )
    parser.add_argument(
        "--timeout", type=_duration, default=default(300.0), metavar="TIME",
        help="longest wait for one thing, such as 90s or 5m (default: 5m)",
    )  # fmt: skip
    parser.add_argument("--output", choices=("text", "json"), default=default("text"), help="(default: text)")


def _add_deploy(parser: argparse.ArgumentParser) -> None:
    _add_wanted(parser)
    parser.add_argument("--build", action="store_true", help="make the image first, by Cloud Native Buildpacks (pack)")
    parser.add_argument("--builder", help="the builder for --build")
    parser.add_argument("--rotate-signing-secret", action="store_true", help="a new one beside the old one, for now")
    parser.add_argument("--retire-signing-secret", action="store_true", help="the new one alone, in a later deploy")
    parser.add_argument(
        "--hold", action="store_true", help="leave buyers on the old stable; `canary stable` takes them to the new one"
    )
    _add_take_over(parser)


def _add_wanted(parser: argparse.ArgumentParser) -> None:
    """What deploy and render have in common: what is to be there."""
    for side, what in (("orders", "the ledger"), ("frontend", "the pending purchases")):
        parser.add_argument(f"--{side}-database-url", metavar="URL", help=f"PostgreSQL of {what}, postgresql://…")
        parser.add_argument(
            f"--{side}-database-secret", metavar="NAME",
            help=f"a Secret with that URL in the key {side.upper()}_DATABASE_URL",
        )  # fmt: skip
    parser.add_argument("--postgres-image", help="of the demo's databases, without databases of your own")
    parser.add_argument(
        "--chaos-faults", type=_faults, metavar="FAULTS",
        help="of the chaos revision, as CHAOS_FAULTS in the README (default: as before, at first error:0.3)",
    )  # fmt: skip
    parser.add_argument("--chaos-seed", help="of its faults (default: as before, at first 0)")


def _add_traffic(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shares", nargs="*", metavar=split.SHARES_METAVAR, help=split.SHARES_HELP)
    _add_take_over(parser)


def _add_canary(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", choices=split.REVISIONS, help="chaos, or the new stable that a deploy left at 0 %%")
    parser.add_argument("--steps", type=_steps, default=(5, 20, 50), help="shares in turn, in %% (default: 5,20,50)")
    parser.add_argument("--watch", type=_duration, default=60.0, metavar="TIME", help="of each step (default: 60s)")
    parser.add_argument(
        "--metric", choices=("buyers", "calls"), default="buyers",
        help="buyers: answers that are a visible error; calls: first tries that decided nothing (default: buyers)",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=_share, default=0.001, metavar="SHARE", help="more than this is a breach (default: 0.001)"
    )
    _add_take_over(parser)


def _add_rollback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="REVISION", help="this revision alone (default: the split before the last change)"
    )
    _add_take_over(parser)


def _add_shows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="YAML, in the form of scripts/shows.yaml")


def _add_pending(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="list | replay | refuse",
        help="with what `python3 -m frontend.pending` takes after it",
    )  # fmt: skip


def _add_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--order", type=_order_id, metavar="ORDER_ID", help="only the lines of this order")
    parser.add_argument("--since", type=_duration, metavar="TIME", help="such as 10m (default: all there is)")
    parser.add_argument("--follow", action="store_true", help="go on as they come, until Ctrl-C")


def _add_destroy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_take_over(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--take-over", action="store_true", help="also when kn or somebody else set the split last")


def _add_nothing(_parser: argparse.ArgumentParser) -> None:
    """The verb has no options of its own."""


_CHECK: Final = {
    "traffic": _check_traffic,
    "deploy": _check_deploy,
    "render": _check_render,
    "pending": _check_pending,
}
_ADD: Final = {
    "deploy": _add_deploy,
    "traffic": _add_traffic,
    "canary": _add_canary,
    "rollback": _add_rollback,
    "shows": _add_shows,
    "pending": _add_pending,
    "status": _add_nothing,
    "logs": _add_logs,
    "verify": _add_nothing,
    "render": _add_wanted,
    "destroy": _add_destroy,
}


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text} is no name of a namespace: small letters, digits and hyphens")
    return text


def _faults(text: str) -> str:
    """Read here, for in the cluster a bad value would show only in a chaos revision that never starts."""
    try:
        faults.parse(text)
    except faults.FaultsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _order_id(text: str) -> str:
    if not _ORDER_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text} is no order id, which is a UUID in small letters")
    return text


def _duration(text: str) -> float:
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _SECONDS else (text, "s")
    if not (number.isascii() and number.isdigit() and len(number) <= 6 and int(number) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no time such as 90s, 5m or 1h")
    return float(int(number) * _SECONDS[unit])


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is no share; one is from 0 to below 1, as 0.001")
    return share


def _steps(text: str) -> tuple[int, ...]:
    words = text.split(",")
    if not all(word.isascii() and word.isdigit() and 1 <= len(word) <= 3 for word in words):
        raise argparse.ArgumentTypeError(f"{text} is no list of shares such as 5,20,50")
    steps = tuple(int(word) for word in words)
    if not all(0 < step <= 100 for step in steps) or list(steps) != sorted(set(steps)):
        raise argparse.ArgumentTypeError(f"{text}: shares are from 1 to 100 and grow")
    return steps
