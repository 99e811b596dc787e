"""A report as `concierge lint` makes it, of a text; a browser to look at it."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dialplan.applications import tables
from dialplan.lint import Report, lint
from dialplan.plan import loads
from dialplan.report.shown import Shown, add_sources
from dialplan.rule import rules
from dialplan.subject import from_files

Judge = Callable[[str], tuple[Report, Shown]]


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    monkeypatch.chdir(tmp_path)

    def of(text: str, name: str = "extensions.conf") -> tuple[Report, Shown]:
        data = text.encode()
        subject = from_files(loads(data, name), tables.load("22"), {name: text})
        lines: dict[tuple[str, int], str] = {}
        return add_sources(subject, lint(subject, rules()), lines), Shown(lines, version="1.2.3")

    return of


class Browser:
    """A headless Chromium that is spoken to over a pipe (Chrome DevTools Protocol); nothing listens on a port."""

    def __init__(self, program: str, folder: Path) -> None:
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        options = (
            "--headless=new --no-sandbox --disable-gpu --no-first-run --remote-debugging-pipe --window-size=1400,900"
        )
        # the protocol's pipes are the descriptors 3 and 4
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self.process = subprocess.Popen(
            [
                "/bin/bash",
                "-c",
                script,
                "sh",
                program,
                *options.split(),
                "--window-size=1400,900",
                f"--user-data-dir={folder}",
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._out, self._in, self._rest, self._count = ours_out, ours_in, b"", 0
        self._session, self._loaded = "", 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events that come meanwhile are looked at."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        method = event.get("method")
        if method == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        if method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.errors.append(json.dumps(event["params"]))
        self._loaded += method == "Page.loadEventFired"

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], 60)
            assert ready, "the browser does not answer"
            data = os.read(self._in, 1 << 16)
            assert data, "the browser has ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, page: Path) -> None:
        """Load a file and wait until its script has drawn."""
        before = self._loaded
        self.call("Page.navigate", url=page.as_uri())
        while self._loaded == before:
            self._note(self._read())
        assert self.run("document.documentElement.dataset.ready") == "1"

    def click(self, selector: str, number: int = 0) -> None:
        """As a user clicks: events bubble from the element itself."""
        self.run(
            f"document.querySelectorAll({json.dumps(selector)})[{number}]"
            ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
        )

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    made = Browser(program, tmp_path_factory.mktemp("browser"))
    yield made
    made.close()
