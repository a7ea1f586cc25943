"""The report as one HTML file that needs nothing else, and the writing of it."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from scripts.proof.report import words
from scripts.proof.report.latency_chart import said
from scripts.proof.report.observed import OUTCOMES
from scripts.proof.report.outcomes_chart import css, told
from scripts.proof.report.record import RunRecord, read_record, write_record
from scripts.proof.report.view import SAID, Report, losses, viewed

FILE: Final = "report.html"
_HERE: Final = "scripts.proof.report"


def page(report: Report) -> str:
    """The HTML."""
    environment = Environment(
        loader=PrefixLoader({"report": PackageLoader(_HERE), "shop": PackageLoader("frontend")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": words.number,
        "duration": words.duration,
        "moment": words.moment,
        "css": css,
        "quantiles": said,
        "told": told,
        "losses": losses,
    }
    environment.globals |= {"share": words.share, "counted": words.counted, "OUTCOMES": OUTCOMES, "SAID": SAID}
    return environment.get_template("report/report.html").render(report=report, style=_style())


def _style() -> Markup:
    """The shop's stylesheet, so that both are of one house, and what a report has beside it."""
    sheets = (files("frontend") / "static" / "shop.css", files(_HERE) / "templates" / "report.css")
    return Markup("\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets))  # noqa: S704  # our own


def write_report(folder: Path, record: RunRecord | None = None) -> tuple[Path, Report]:
    """Write a run's page into its folder, from `record` (which is kept there too) or the one that is there.

    Raises RecordError if there is none, and OSError.
    """
    if record is None:
        record = read_record(folder)
    else:
        write_record(folder, record)
    report = viewed(record, folder)
    path = folder / FILE
    path.write_text(page(report), encoding="utf-8")
    return path, report
