"""The figures as a person reads them, and as a program does."""

from typing import Any, Final

from scripts.measure import buying
from scripts.measure.figures import Figures
from scripts.measure.rounds import CONNECTIONS, MAIN_CONNECTIONS, OVERLOAD_CONNECTIONS, STORED

TARGETS: Final = {
    "orders_vs_hot_row": (">=", 4.0),
    "orders_vs_bare": (">=", 0.5),
    "p99_ms": ("<=", 50.0),
    "two_process_gain": (">=", 1.2),
    "growth_ratio": (">=", 0.9),
    "goodput_ratio": (">=", 0.8),
    "cold_start_ratio": ("<=", 1.5),
    "buyers_p99_ms": ("<=", 60.0),
    "faults_gain": (">=", 1.5),
    "resilience_cost": ("<=", 0.15),
}
_BUYERS: Final = {
    "buyers_rps": "buyers, form post to redirect",
    "bare_call_rps": "with a bare call in place of the resilient one",
    "plain_rps": "a plain shop",
    "buyers_faults_rps": "buyers confirmed, at 30 % faults",
    "plain_faults_rps": "a plain shop's, at 30 % faults",
}


def summarize(figures: Figures) -> dict[str, Any]:
    """The reported figures: medians of the rounds, and the ratios between them."""
    orders = figures.median_of(f"orders_rps_{MAIN_CONNECTIONS}")
    summary = {
        "hot_row_tps": figures.median_of("hot_row_tps"),
        "bare_rps": figures.median_of("bare_rps"),
        "orders_rps": orders,
        "orders_vs_hot_row": orders / figures.median_of("hot_row_tps"),
        "orders_vs_bare": orders / figures.median_of("bare_rps"),
        "p99_ms": figures.median_of(f"p99_ms_{MAIN_CONNECTIONS}"),
        "two_process_gain": figures.median_of("two_processes_rps") / orders,
        "growth_ratio": figures.median_of(f"stored_{STORED[-1]}_rps") / orders,
        "goodput_ratio": figures.median_of("overload_rps")
        / max(figures.median_of(f"orders_rps_{connections}") for connections in CONNECTIONS),
        "cold_start_ratio": figures.median_of("cold_start_s") / figures.median_of("bare_cold_start_s"),
        **{name: figures.median_of(name) for name in (*_BUYERS, "buyers_p99_ms", "faults_gain", "resilience_cost")},
    }
    rounded: dict[str, Any] = {name: round(figure, 3) for name, figure in summary.items()}
    return {**rounded, "rounds": {name: [round(one, 3) for one in all_] for name, all_ in figures.rounds.items()}}


def missed(summary: dict[str, Any]) -> list[str]:
    """The names of the targets that are not met."""
    return [name for name in TARGETS if not _is_met(name, summary[name])]


def table(figures: Figures, summary: dict[str, Any]) -> str:
    """What was measured, a line each, then the targets."""
    lines = [
        _line("pgbench, a hot row, 16 clients", figures, "hot_row_tps"),
        _line(f"the bare framework, {MAIN_CONNECTIONS} connections", figures, "bare_rps"),
    ]
    for connections in CONNECTIONS:
        times = f"p50 {figures.median_of(f'p50_ms_{connections}'):.1f} ms, "
        times += f"p99 {figures.median_of(f'p99_ms_{connections}'):.1f} ms"
        lines.append(
            _line(f"orders, one hot type, {connections} connections", figures, f"orders_rps_{connections}", times)
        )
    lines += [
        _line(f"orders, {OVERLOAD_CONNECTIONS} connections", figures, "overload_rps"),
        _line("orders, twenty types", figures, "types_rps"),
        _line("orders, two processes", figures, "two_processes_rps"),
        *(_line(f"orders, {count:,} stored before", figures, f"stored_{count}_rps") for count in STORED),
        *(
            _line(f"{what}, {buying.CONNECTIONS} connections", figures, name, _p99(figures, name))
            for name, what in _BUYERS.items()
        ),
        f"{'cold start to the first decided order':62}{figures.median_of('cold_start_s'):9.2f} s",
        f"{'cold start of the bare framework':62}{figures.median_of('bare_cold_start_s'):9.2f} s",
        "",
    ]
    for name, (sign, target) in TARGETS.items():
        verdict = "met" if _is_met(name, summary[name]) else "missed"
        lines.append(f"{name:62}{summary[name]:9.2f}   {sign} {target:g}: {verdict}")
    return "\n".join(lines)


def _p99(figures: Figures, name: str) -> str:
    return f"p99 {figures.median_of(name.removesuffix('_rps') + '_p99_ms'):.1f} ms"


def _line(what: str, figures: Figures, name: str, more: str = "") -> str:
    rounds = figures.rounds[name]
    spread = f"({min(rounds):,.0f} to {max(rounds):,.0f})"
    return f"{what:62}{figures.median_of(name):9,.0f} /s {spread:20} {more}".rstrip()


def _is_met(name: str, figure: float) -> bool:
    sign, target = TARGETS[name]
    return figure >= target if sign == ">=" else figure <= target
