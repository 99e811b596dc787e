"""A whole session with the language server over stdio, as an editor has it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Goto(menu,s,1)
[menu]
include => common
exten => s,1,Background(willkömmen) ; 😀
 same => n(again),WaitExten(5)
exten => 1,1,Goto(nowhere,s,1)
exten => 2,1,Goto(s,again)
exten => t,1,Dial(PJSIP/1,20)
exten => i,1,Dial(PJSIP/1,20)
[common]
exten => 0,1,Goto(sub|s|1)
[sub]
exten => s,1,Dial(PJSIP/0,20)
"""


class Editor:
    """Speaks JSON-RPC with headers; every wait has a limit."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = "import sys; from concierge.cli import main; sys.exit(main(['lsp', '--stdio', *sys.argv[1:]]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        self.count = 0
        self.rest = b""
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.capabilities = self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities={})
        self.tell("initialized")

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self._send(method=method, params=params)

    def ask(self, method: str, **params: Any) -> Any:
        self.count += 1
        self._send(id=self.count, method=method, params=params)
        while True:
            answer = self._hear()
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]

    def wait_for(self, uri: str) -> list[dict[str, Any]]:
        """The next diagnostics of a document."""
        self.diagnostics.pop(uri, None)
        while uri not in self.diagnostics:
            self._hear()
        return self.diagnostics[uri]

    def _hear(self) -> dict[str, Any]:
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        length = int(next(line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")))
        while len(self.rest) < length:
            self._more()
        message: dict[str, Any] = json.loads(self.rest[:length])
        self.rest = self.rest[length:]
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _more(self) -> None:
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready, "the server does not answer"
        data = self.process.stdout.raw.read(1 << 16)  # type: ignore[attr-defined]
        assert data, "the server has ended"
        self.rest += data


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    made = Editor(tmp_path)
    yield made
    close(made)


def close(made: Editor) -> None:
    """As an editor ends it."""
    made.ask("shutdown")
    made.tell("exit")
    code = made.process.wait(20)
    assert made.process.stdin and made.process.stdout
    made.process.stdin.close()
    made.process.stdout.close()
    assert code == 0


def opened(editor: Editor, path: Path, text: str) -> str:
    uri = path.as_uri()
    editor.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "asterisk", "version": 1, "text": text})
    return uri


def where(text: str, mark: str, uri: str, shift: int = 1) -> dict[str, Any]:
    """The place of a piece of text, in UTF-16."""
    at = text.index(mark) + shift
    line, start = text[:at].count("\n"), text.rfind("\n", 0, at) + 1
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": len(text[start:at].encode("utf-16-le")) // 2},
    }


def lines(locations: list[dict[str, Any]]) -> list[int]:
    return [location["range"]["start"]["line"] + 1 for location in locations]


def test_a_session(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    uri = opened(editor, path, PLAN)
    found = {one["code"]: one for one in editor.wait_for(uri)}
    assert {"D101", "D102"} <= set(found)
    assert found["D101"]["range"] == {"start": {"line": 7, "character": 13}, "end": {"line": 7, "character": 30}}
    assert found["D101"]["severity"] == 1
    assert found["D101"]["relatedInformation"][-1]["location"]["range"]["start"]["line"] == 7

    said = editor.ask("textDocument/hover", **where(PLAN, "Background", uri))["contents"]["value"]
    assert said.startswith("`BackGround(filenames,[options]")
    said = editor.ask("textDocument/hover", **where(PLAN, "menu,s,1", uri))["contents"]["value"]
    assert "**menu,s,1** (extensions.conf:6)" in said
    assert "1 jumps lead here" in editor.ask("textDocument/hover", **where(PLAN, "[menu]", uri))["contents"]["value"]

    assert lines(editor.ask("textDocument/definition", **where(PLAN, "menu,s,1", uri))) == [6]
    assert lines(editor.ask("textDocument/definition", **where(PLAN, "s,again", uri))) == [7]
    assert lines(editor.ask("textDocument/definition", **where(PLAN, "include => common", uri, 12))) == [12]
    context = {"includeDeclaration": False}
    assert lines(editor.ask("textDocument/references", **where(PLAN, "[menu]", uri), context=context)) == [3]
    assert lines(editor.ask("textDocument/references", **where(PLAN, "(again)", uri), context=context)) == [9]
    assert lines(editor.ask("textDocument/references", **where(PLAN, "[common]", uri), context=context)) == [5]


def test_what_is_typed_is_judged_before_it_is_saved(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    uri = opened(editor, path, PLAN)
    editor.wait_for(uri)
    better = PLAN.replace("nowhere,s,1", "menu,s,1")
    word = {"start": {"line": 7, "character": 18}, "end": {"line": 7, "character": 25}}
    change = {"range": word, "text": "menu"}
    editor.tell("textDocument/didChange", textDocument={"uri": uri, "version": 2}, contentChanges=[change])
    assert "D101" not in {one["code"] for one in editor.wait_for(uri)}
    assert path.read_text(encoding="utf-8") == PLAN
    assert lines(editor.ask("textDocument/definition", **where(better, "1,1,Goto(menu", uri, 10))) == [6]


def test_completion_and_quick_fixes(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    typed = PLAN + " same => n,Goto(menu,s,ag\n same => n,Dial(PJSIP/1,20,t\n same => n,Pl\n"
    typed += "include => co\nexten => 9,1,Set(A=${CH\n"
    uri = opened(editor, path, typed)
    found = {one["code"]: one for one in editor.wait_for(uri)}

    def offered(mark: str) -> set[str]:
        items = editor.ask("textDocument/completion", **where(typed, mark, uri, len(mark)))
        return {item["label"] for item in items}

    assert {"Playback", "Dial", "Goto"} <= offered("same => n,Pl")
    assert {"menu", "sub", "common"} <= offered("n,Goto(menu,s,ag"[:-9])
    assert offered("n,Goto(menu,s,") == {"1", "again"}
    assert {"s", "1", "2", "i", "t"} <= offered("n,Goto(menu,")
    assert {"t", "T", "g"} <= offered("Dial(PJSIP/1,20,t")
    assert {"common", "menu"} <= offered("include => co")
    assert "CHANNEL" in offered("${CH")

    place = found["D102"]["range"]
    actions = editor.ask(
        "textDocument/codeAction", textDocument={"uri": uri}, range=place, context={"diagnostics": [found["D102"]]}
    )
    [action] = [one for one in actions if one["title"].startswith("D102")]
    assert action["kind"] == "quickfix"
    assert action["edit"]["changes"][uri][0]["newText"] == "exten => 0,1,Goto(sub,s,1)"


def test_a_part_is_judged_with_its_whole(editor: Editor, tmp_path: Path) -> None:
    whole = '#include "menus.conf"\n[in]\nexten => s,1,Goto(menu,s,1)\n'
    (tmp_path / "extensions.conf").write_text(whole, encoding="utf-8")
    part = tmp_path / "menus.conf"
    text = "[menu]\nexten => s,1,Goto(in,9,1)\n"
    part.write_text(text, encoding="utf-8")
    uri = opened(editor, part, text)
    assert {one["code"] for one in editor.wait_for(uri)} == {"D101"}
    assert lines(
        editor.ask("textDocument/references", **where(text, "[menu]", uri), context={"includeDeclaration": False})
    ) == [3]


def test_a_file_that_cannot_be_found_ends_nothing(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "none" / "x.conf").as_uri()
    opened(editor, tmp_path / "none" / "x.conf", "[a]\n")
    assert editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 9, "character": 9}) is None


def test_what_the_settings_say_counts_in_the_editor_too(tmp_path: Path) -> None:
    path, settings = tmp_path / "extensions.conf", tmp_path / "settings.yaml"
    text = PLAN + "exten => 5,1,Macro(old)\n"
    path.write_text(text, encoding="utf-8")
    settings.write_text(
        "lint:\n  ignore: [D102]\n  severity: {D101: info}\n  asterisk: '18'\n  entries: [from-trunk]\n",
        encoding="utf-8",
    )
    editor = Editor(tmp_path, "--config", str(settings))
    try:
        found = {one["code"]: one["severity"] for one in editor.wait_for(opened(editor, path, text))}
        assert found["D101"] == 3
        assert "D102" not in found
        assert "C103" not in found, "Asterisk 18 has Macro"
    finally:
        close(editor)


def test_the_asterisk_that_freepbx_has_written_down_counts(editor: Editor, tmp_path: Path) -> None:
    path, text = tmp_path / "extensions.conf", PLAN + "exten => 5,1,Macro(old)\n"
    older = f"[globals]\nASTVERSION=18.9.0\n{text}"
    found = {one["code"] for one in editor.wait_for(opened(editor, path, older))}
    assert "D101" in found
    assert "C103" not in found, "Asterisk 18 has Macro"


def test_what_is_wrong_beside_the_dialplan_is_shown_in_its_own_file(editor: Editor, tmp_path: Path) -> None:
    path, beside = tmp_path / "extensions.conf", tmp_path / "pjsip.conf"
    text = "[from-trunk]\nexten => s,1,Dial(PJSIP/nobody,20)\n same => n,Dial(PJSIP/operator,30)\n"
    beside.write_text("[operator]\ntype = endpoint\ncontext = nowhere\n", encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    uri = opened(editor, path, text)
    assert "C117" in {one["code"] for one in editor.wait_for(uri)}
    while beside.as_uri() not in editor.diagnostics:
        editor._hear()
    [found] = editor.diagnostics[beside.as_uri()]
    assert (found["code"], found["range"]["start"]["line"]) == ("C118", 2)
