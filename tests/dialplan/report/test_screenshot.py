"""What the report looks like in a real browser, against pictures that a person has looked at.

The screen is cut into cells of 20 pixels: how light each is, and whether anything is drawn in it, so that fonts and the
edges of letters do not count. A reference is screenshots/NAME.txt, one letter a cell: a level of 16, in capitals where
something is drawn. When a change is wanted: `python tests/dialplan/report/test_screenshot.py FOLDER` writes the
references anew and the whole pictures to FOLDER: look at them.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REFERENCES = Path(__file__).parent / "screenshots"
WIDE, HIGH, CELL = 1400, 900, 20
LEVELS = "abcdefghijklmnop"
MEAN = 1.0
"""Levels that a cell may be off on average."""
LOST = 0.12
"""Cells with something drawn that may have nothing near in the other picture."""
PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Goto(menu,s,1)
[menu]
exten => s,1,Background(welcome)
 same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/100,20)
exten => 2,1,Goto(sales,s,1)
exten => 3,1,Goto(support,s,1)
exten => i,1,Dial(PJSIP/operator)
exten => t,1,Dial(PJSIP/operator)
[sales]
exten => s,1,Background(sales)
 same => n,WaitExten(5)
exten => 7,1,Goto(nowhere,s,1)
exten => i,1,Dial(PJSIP/operator)
exten => t,1,Dial(PJSIP/operator)
[support]
exten => s,1,Queue(support)
"""
Shot = Callable[[str], list[str]]


def view(browser: Any, page: Path, name: str) -> None:
    """Bring the page into the state that a picture shows: `light`, `dark-path`, `light-table`, …"""
    scheme, _, what = name.partition("-")
    browser.call("Emulation.setDeviceMetricsOverride", width=WIDE, height=HIGH, deviceScaleFactor=1, mobile=False)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page)
    if what == "path":
        items = "[...document.querySelectorAll('#side .item')]"
        browser.click("#side .item", browser.run(f"{items}.findIndex(i=>i.textContent.includes('nowhere'))"))
    if what == "table":
        browser.click("[data-tab=table]")
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def picture(browser: Any) -> str:
    """The screen as PNG, in base64."""
    made: str = browser.call("Page.captureScreenshot", format="png")["data"]
    return made


def cells(browser: Any, png: str) -> list[str]:
    """A letter for each cell; the browser itself takes the picture apart, on a page without a policy."""
    browser.call("Page.navigate", url="about:blank")
    script = f"""new Promise(done => {{
      const image = new Image();
      image.onload = () => {{
        const canvas = document.createElement('canvas');
        canvas.width = {WIDE}; canvas.height = {HIGH};
        const paint = canvas.getContext('2d');
        paint.drawImage(image, 0, 0);
        const data = paint.getImageData(0, 0, {WIDE}, {HIGH}).data, rows = [];
        for (let y = 0; y < {HIGH}; y += {CELL}) {{
          let row = '';
          for (let x = 0; x < {WIDE}; x += {CELL}) {{
            let sum = 0, least = 255, most = 0;
            for (let j = y; j < y + {CELL}; j++) for (let i = x; i < x + {CELL}; i++) {{
              const at = 4 * (j * {WIDE} + i);
              const grey = 0.3 * data[at] + 0.6 * data[at + 1] + 0.1 * data[at + 2];
              sum += grey; least = Math.min(least, grey); most = Math.max(most, grey);
            }}
            const letter = '{LEVELS}'[Math.min(15, Math.floor(sum / {CELL * CELL} / 16))];
            row += most - least > 48 ? letter.toUpperCase() : letter;
          }}
          rows.push(row);
        }}
        done(rows);
      }};
      image.src = 'data:image/png;base64,{png}';
    }})"""
    made: list[str] = browser.run(script)
    return made


def difference(one: list[str], other: list[str]) -> tuple[float, float]:
    """Levels between two pictures, on average, and the share of what is drawn in one with nothing near in the other."""
    pairs = list(zip("".join(one).lower(), "".join(other).lower(), strict=True))
    mean = sum(abs(LEVELS.index(a) - LEVELS.index(b)) for a, b in pairs) / len(pairs)
    return mean, max(_lost(one, other), _lost(other, one))


def _lost(one: list[str], other: list[str]) -> float:
    drawn = [(y, x) for y, row in enumerate(one) for x, letter in enumerate(row) if letter.isupper()]
    near = {
        (y + j, x + i)
        for y, row in enumerate(other)
        for x, letter in enumerate(row)
        if letter.isupper()
        for j in (-1, 0, 1)
        for i in (-1, 0, 1)
    }
    return sum(place not in near for place in drawn) / max(1, len(drawn))


def alike(one: list[str], other: list[str]) -> bool:
    mean, lost = difference(one, other)
    return mean <= MEAN and lost <= LOST


NAMES = ("light", "dark", "light-path", "dark-path", "light-table")


def made(folder: Path) -> Path:
    from concierge.cli import main

    (folder / "extensions.conf").write_text(PLAN, encoding="utf-8")
    with contextlib.chdir(folder):
        main(["lint", "extensions.conf", "--select", "D101,D906", "--format", "html", "--output", "report.html"])
    return folder / "report.html"


@pytest.fixture
def shot(tmp_path: Path, browser: Any) -> Any:
    page = made(tmp_path)

    def of(name: str, spoil: str = "") -> list[str]:
        view(browser, page, name)
        if spoil:
            browser.run(spoil)
        return cells(browser, picture(browser))

    yield of
    browser.call("Emulation.clearDeviceMetricsOverride")
    browser.call("Emulation.setEmulatedMedia", features=[])


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_it_was_approved(name: str, shot: Shot) -> None:
    reference = (REFERENCES / f"{name}.txt").read_text(encoding="utf-8").split()
    seen = shot(name)
    assert alike(seen, reference), (difference(seen, reference), seen)


SPOILT = {
    "no style": "document.querySelectorAll('style').forEach(s => s.remove()); 1",
    "no picture": "document.getElementById('world').remove(); 1",
    "no findings": "document.getElementById('side').remove(); 1",
    "the other colours": "document.getElementById('theme').click(); 1",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_page_that_is_broken_is_seen(spoil: str, shot: Any) -> None:
    reference = (REFERENCES / "light.txt").read_text(encoding="utf-8").split()
    assert not alike(shot("light", spoil), reference)


def test_other_fonts_are_not_seen_as_broken(shot: Any) -> None:
    reference = (REFERENCES / "light.txt").read_text(encoding="utf-8").split()
    other = "document.head.insertAdjacentHTML('beforeend', '<style>* {font-family: serif !important}</style>'); 1"
    assert alike(shot("light", other), reference)


def write(folder: Path) -> None:
    """The references anew, and the pictures into the folder."""
    sys.path.insert(0, os.fspath(Path(__file__).parents[3]))
    spec = importlib.util.spec_from_file_location("looking", Path(__file__).parent / "conftest.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["looking"] = module
    spec.loader.exec_module(module)
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    REFERENCES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        browser = module.Browser(program, Path(place))
        page = made(Path(place))
        for name in NAMES:
            view(browser, page, name)
            png = picture(browser)
            (folder / f"{name}.png").write_bytes(base64.b64decode(png))
            (REFERENCES / f"{name}.txt").write_text("\n".join(cells(browser, png)) + "\n", encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
