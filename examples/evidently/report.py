"""Makes a report on drift with Evidently: how a model's inputs of today differ from those that it was made with.

python report.py [--legacy] REFERENCE.csv CURRENT.csv REPORT.json [CURRENT.csv REPORT.json]...
"""

import sys
from pathlib import Path

import pandas as pd


def report(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    """Evidently's report, as JSON, in the form that it has had since 0.7."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    return str(Report([DataDriftPreset()]).run(current_data=current, reference_data=reference).json())


def legacy_report(reference: pd.DataFrame, current: pd.DataFrame) -> str:
    """The same in the form that was before."""
    from evidently.legacy.metric_preset import DataDriftPreset
    from evidently.legacy.report import Report

    made = Report([DataDriftPreset()])
    made.run(reference_data=reference, current_data=current)
    return str(made.json())


def main(arguments: list[str]) -> None:
    """Writes each report."""
    make = report
    if arguments[0] == "--legacy":
        make, arguments = legacy_report, arguments[1:]
    reference = pd.read_csv(arguments[0])
    for current, place in zip(arguments[1::2], arguments[2::2], strict=True):
        Path(place).write_text(make(reference, pd.read_csv(current)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
