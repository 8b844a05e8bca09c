"""Run the campaigns whose figures are missing or stale, and keep what they find.

`python -m tests.evidence` runs all, `python -m tests.evidence NAME ...` some; `--fresh` runs those
as well whose figures are those of these files. What is kept stays kept when a run is interrupted.
"""

from __future__ import annotations

import argparse
import json
import time

from rich.console import Console

from analysis.problems import did_you_mean
from analysis.publishing.store import build_folder
from tests.campaigns import (
    ROOT,
    Campaign,
    campaign_names,
    fingerprints,
    load_campaign,
    trouble,
    write_evidence,
)

TOLD = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.evidence", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help="campaigns; all without a name")
    asked.add_argument("--fresh", action="store_true", help="run those that are fresh as well")
    said = asked.parse_args()
    known = campaign_names()
    for name in said.names:
        if name not in known:
            there = ", ".join(known)
            asked.error(f"there is no {name}; there are {there}.{did_you_mean(name, known)}")
    campaigns = [load_campaign(name) for name in said.names or known]
    waiting = [one for one in campaigns if said.fresh or trouble(one)]
    TOLD.print(f"{len(campaigns) - len(waiting)} fresh, {len(waiting)} to run{_left(waiting)}")
    failed = [one.name for place, one in enumerate(waiting) if not _run(one, waiting[place:])]
    if failed:
        raise SystemExit(f"Not kept, since they failed: {', '.join(failed)}")


def _run(campaign: Campaign, waiting: list[Campaign]) -> bool:
    """Run one; one that fails is told, and the others go on."""
    TOLD.print(f"{campaign.name}: {campaign.question}{_left(waiting)}")
    start, before = time.monotonic(), fingerprints(campaign)
    try:
        figures = campaign.figures(full=True)
    except Exception:  # noqa: BLE001 (whatever a campaign meets, the others are run)
        TOLD.print_exception()
        return False
    if fingerprints(campaign) != before:
        TOLD.print("  a file on which it rests changed while it ran; run it again")
        return False
    path = write_evidence(campaign, figures)
    _write_seconds(campaign.name, time.monotonic() - start)
    for name, figure in figures.items():
        TOLD.print(f"  {name}: {figure}")
    TOLD.print(f"  wrote {path.relative_to(ROOT)}")
    return True


def _left(waiting: list[Campaign]) -> str:
    """Say how long those that wait took the last time, if they ran here before."""
    took = [_read_seconds().get(one.name) for one in waiting]
    known = [seconds for seconds in took if seconds is not None]
    if not known:
        return ""
    unknown = f" and {len(took) - len(known)} that never ran here" if len(known) < len(took) else ""
    return f" (about {max(1, round(sum(known) / 60))} min left{unknown})"


def _read_seconds() -> dict[str, float]:
    path = build_folder() / "evidence.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write_seconds(name: str, seconds: float) -> None:
    path = build_folder() / "evidence.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_read_seconds() | {name: round(seconds, 1)}), encoding="utf-8")


if __name__ == "__main__":
    main()
