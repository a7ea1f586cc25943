"""The report of a run: one HTML page that needs no network, and a summary for the terminal."""

from scripts.proof.report.observed import latencies
from scripts.proof.report.page import page, write_report
from scripts.proof.report.record import (
    Activity,
    Compared,
    ExperimentRecord,
    Journal,
    RecordError,
    RunRecord,
    read_record,
    summarized,
    write_record,
)
from scripts.proof.report.summary import show, summary
from scripts.proof.report.view import Report, viewed

__all__ = [
    "Activity",
    "Compared",
    "ExperimentRecord",
    "Journal",
    "RecordError",
    "Report",
    "RunRecord",
    "latencies",
    "page",
    "read_record",
    "show",
    "summarized",
    "summary",
    "viewed",
    "write_record",
    "write_report",
]
