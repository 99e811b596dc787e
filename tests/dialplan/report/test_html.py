"""The HTML report: complete without a browser, and in a real one open, search, click, light up a path."""

from __future__ import annotations

import html.parser
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from concierge.cli import main
from dialplan.lint import Report
from dialplan.report import html as report_html
from dialplan.report.shown import Shown

PLAN = """[globals]
DBPASS=s3cretValue
[from-trunk]
exten => s,1,Answer()
 same => n,Goto(menu,s,1)
[menu]
exten => s,1,Background(welcome)
 same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/100,20)
exten => 2,1,Goto(sales,s,1)
exten => i,1,Dial(PJSIP/operator)
exten => t,1,Dial(PJSIP/operator)
[sales]
include => common
exten => s,1,Background(sales</script><b>)
 same => n,WaitExten(5)
exten => 7,1,Set(DBPASS=other4)
 same => n,Goto(nowhere,${DBPASS},1)
exten => i,1,Dial(PJSIP/operator)
exten => t,1,Dial(PJSIP/operator)
[common]
exten => 0,1,AGI(somewhere.py)
"""
Page = Callable[..., Path]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.chdir(tmp_path)

    def made(text: str, *options: str) -> Path:
        (tmp_path / "extensions.conf").write_text(text, encoding="utf-8")
        assert main(["lint", ".", "--format", "html", "--output", "report.html", *options]) in (0, 1)
        return tmp_path / "report.html"

    return made


class Tags(html.parser.HTMLParser):
    """Every tag that is opened, with what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [value for name in ("src", "href") if (value := given.get(name)) and not value.startswith("#")]
        self.ids += [value for value in [given.get("id")] if value]


def data(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made


def test_it_stands_alone_and_holds_everything_but_credentials(page: Page) -> None:
    text = page(PLAN).read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.loads == []
    assert len(tags.ids) == len(set(tags.ids))
    assert "<!--" not in text.replace("<!--…", "")
    assert not re.search("s3cretValue|other4", text)
    held = data(text)
    [finding] = [one for one in held["findings"] if one["c"] == "D101"]
    nodes, groups = held["graph"]["nodes"], held["graph"]["groups"]
    names = {number: f"{group['n']},{nodes[number]['x']}" for group in groups for number in group["k"]}
    assert names[finding["n"]] == "sales,7"
    assert [(step[3], names[step[4]]) for step in finding["way"] if step[3]] == [("2", "menu,s"), ("7", "sales,s")]
    assert [group["n"] for group in sorted(groups, key=lambda group: group["c"])][:3] == ["from-trunk", "menu", "sales"]
    assert held["unknown"][0][0] == "outside-program"
    assert "sales</script>" not in text


def test_without_a_finding_and_without_a_plan_it_is_a_page_too(page: Page) -> None:
    for text in ("[a]\nexten => s,1,Dial(PJSIP/1)\n", "; nothing\n", "[broken\n"):
        assert data(page(text).read_text(encoding="utf-8"))["graph"] is not None
    assert report_html.render(Report(), Shown()).startswith("<!DOCTYPE html>")


def test_a_path_lights_up_with_its_keys(page: Page, browser: Any) -> None:
    browser.open(page(PLAN))
    assert browser.run("document.querySelectorAll('.box').length") == 4
    number = browser.run(
        "[...document.querySelectorAll('#side .item')].findIndex(i=>i.textContent.includes('nowhere'))"
    )
    browser.click("#side .item", number)
    assert browser.run("document.querySelectorAll('path.lit').length") == 4
    assert browser.run("[...document.querySelectorAll('text.litlabel')].map(t=>t.textContent)") == ["2", "7"]
    lit = "[...document.querySelectorAll('.row.on')].map(r=>r.textContent.replace(/[^A-Za-z0-9]/g,''))"
    assert sorted(browser.run(lit)) == sorted(["s", "s", "2", "s", "7D101"])
    assert "2 → 7" in browser.run("document.getElementById('side').textContent")
    browser.click("#clear")
    assert browser.run("document.querySelectorAll('path.lit').length") == 0


def test_search_collapse_table_rules_and_gaps(page: Page, browser: Any) -> None:
    browser.open(page(PLAN))
    browser.click("[data-group] .head")
    assert browser.run("document.querySelectorAll('.row').length") == 10
    browser.click("#shut")
    assert browser.run("document.querySelectorAll('.row').length") == 0
    browser.run("search.value='sales'; search.dispatchEvent(new KeyboardEvent('keydown',{key:'Enter'}))")
    assert browser.run("document.querySelector('.found title').textContent") == "[sales]"
    assert browser.run("hits.textContent") == "1 of 1"
    browser.click("[data-tab=table]")
    everything = browser.run("document.querySelectorAll('#rows tr').length")
    browser.run("words.value='nowhere'; words.dispatchEvent(new Event('input'))")
    assert 0 < browser.run("document.querySelectorAll('#rows tr').length") < everything + 1
    assert browser.run("document.querySelector('#rows tr').textContent").startswith("D101")
    browser.click("#rows tr")
    assert browser.run("document.querySelectorAll('path.lit').length") > 0
    browser.click("[data-rule]")
    assert browser.run("document.querySelector('#rule-D101').open")
    browser.click("[data-tab=gaps]")
    assert "outside-program" in browser.run("unknown.textContent")
    assert "s3cret" not in browser.run("document.documentElement.outerHTML")


def test_light_and_dark_can_both_be_read(page: Page, browser: Any) -> None:
    colours = []
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.open(page(PLAN))
        pair = browser.run("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
        levels = [sum(map(int, re.findall(r"\d+", colour))) for colour in pair]
        assert abs(levels[0] - levels[1]) > 450
        colours.append(levels[0])
    assert colours[0] > colours[1]
    browser.call("Emulation.setEmulatedMedia", features=[])


def test_a_thousand_menus_can_be_looked_at(page: Page, browser: Any) -> None:
    text = "[from-trunk]\nexten => s,1,Goto(menu-0,s,1)\n"
    for n in range(1000):
        text += f"[menu-{n}]\nexten => s,1,Background(m)\n same => n,WaitExten(5)\n"
        text += "".join(f"exten => {key},1,Goto(menu-{(n * 3 + key) % 1000},s,1)\n" for key in (1, 2, 3))
    made = page(text, "--select", "D904")
    began = time.monotonic()
    browser.open(made)
    painted = browser.run("performance.getEntriesByName('first-contentful-paint').map(e=>e.startTime)[0]")
    assert browser.run("document.querySelectorAll('.box').length") == 1001
    assert time.monotonic() - began < 30
    assert painted is None or painted < 10_000  # 2 s are wanted, and measured by benchmarks/dialplan/painting.py
    browser.click("#side .item", 250)
    assert browser.run("document.querySelectorAll('path.lit').length") > 1
    size = browser.run("world.getBoundingClientRect().width")
    assert size > 0


def test_nothing_is_loaded_and_nothing_goes_wrong(page: Page, browser: Any) -> None:
    browser.requests.clear()
    browser.errors.clear()
    made = page(PLAN)
    browser.open(made)
    browser.run("1")
    assert browser.requests == [made.as_uri()]
    assert browser.errors == []
