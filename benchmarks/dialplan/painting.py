"""The HTML report of 10, 100 and 1,000 menus in a headless Chromium: seconds from opening to drawn.

    python benchmarks/dialplan/painting.py [--repeat 5]

`drawn` is when the script has put the picture and the list of findings into the page; the reference is a page of the
same size whose script does nothing, in the same run.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from concierge.cli import main

MENUS = (10, 100, 1_000)


def browser(folder: Path) -> Any:
    """The one that the tests look through."""
    path = ROOT / "tests" / "dialplan" / "report" / "conftest.py"
    spec = importlib.util.spec_from_file_location("looking", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["looking"] = module
    spec.loader.exec_module(module)
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("no Chromium here: apt-get install chromium")
    return module.Browser(program, folder)


def plan(menus: int) -> str:
    """Each menu leads to three others, and has neither `i` nor `t`."""
    text = "[from-trunk]\nexten => s,1,Goto(menu-0,s,1)\n"
    for n in range(menus):
        text += f"[menu-{n}]\nexten => s,1,Background(m)\n same => n,WaitExten(5)\n"
        text += "".join(f"exten => {key},1,Goto(menu-{(n * 3 + key) % menus},s,1)\n" for key in (1, 2, 3))
    return text


def drawn(looking: Any, page: Path, repeat: int) -> float:
    """The median of seconds from the start of the navigation to the end of the page's load event."""
    found = []
    for _ in range(repeat):
        looking.open(page)
        found.append(looking.run("performance.timing.loadEventEnd - performance.timing.navigationStart") / 1000)
    return statistics.median(found)


def run(repeat: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looking = browser(folder / "profile")
        print("| menus | page kB | drawn s | idle page of that size s |\n|---|---|---|---|")
        for menus in MENUS:
            (folder / "extensions.conf").write_text(plan(menus), encoding="utf-8")
            page, idle = folder / "report.html", folder / "idle.html"
            main(["lint", str(folder), "--format", "html", "--output", str(page)])
            size = page.stat().st_size
            filler = f'<script type="application/json">"{"x" * (size - 200)}"</script>'
            ready = "<script>document.documentElement.dataset.ready = 1</script>"
            idle.write_text(f"<!DOCTYPE html><title>idle</title>{filler}{ready}", encoding="utf-8")
            times = drawn(looking, page, repeat), drawn(looking, idle, repeat)
            print(f"| {menus:,} | {size // 1024:,} | {times[0]:.2f} | {times[1]:.2f} |")
        looking.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    run(parser.parse_args().repeat)
