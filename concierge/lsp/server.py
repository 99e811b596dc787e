"""The server over stdio: a document is judged when nothing was typed for a moment; the last judgement answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from concierge.linting.wanted import Wanted
from concierge.lsp import convert
from dialplan.editor import Analysis, analyse, complete, definitions, hover, references
from dialplan.plan import UnreadableError

QUIET = 0.3
KINDS = {
    "application": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "context": types.CompletionItemKind.Module,
    "extension": types.CompletionItemKind.Reference,
    "label": types.CompletionItemKind.Reference,
    "option": types.CompletionItemKind.EnumMember,
}


Positioned = types.HoverParams | types.DefinitionParams | types.ReferenceParams | types.CompletionParams


class Server(LanguageServer):
    """`known`: the last judgement of each document; `waiting`: judgements that will begin."""

    def __init__(self, wanted: Wanted, version: str) -> None:
        super().__init__("concierge", version or "0")
        self.wanted = wanted
        self.known: dict[str, Analysis] = {}
        self.waiting: dict[str, asyncio.Task[None]] = {}
        self.told: dict[str, set[str]] = {}

    def typed(self) -> dict[str, bytes]:
        """What is open, by path."""
        documents = self.workspace.text_documents
        return {path: one.source.encode() for uri, one in documents.items() if (path := to_fs_path(uri))}

    def look(self, uri: str) -> None:
        """Judge soon; what was asked before is forgotten."""
        if uri in self.waiting:
            self.waiting[uri].cancel()
        self.waiting[uri] = asyncio.get_running_loop().create_task(self._look(uri))

    async def _look(self, uri: str) -> None:
        await asyncio.sleep(QUIET)
        analysis = await self._analysed(uri)
        if analysis is not None:
            self._tell(uri, analysis)

    async def _analysed(self, uri: str) -> Analysis | None:
        path = to_fs_path(uri)
        if path is None:
            return None
        try:
            wanted = self.wanted
            found = await asyncio.to_thread(analyse, path, self.typed(), wanted.table, wanted.rules, wanted.prepare)
        except UnreadableError:
            return None
        found = found._replace(report=wanted.control.apply(found.report))
        self.known[uri] = found
        return found

    async def analysis(self, uri: str) -> Analysis | None:
        """Of the text as it is now where nothing is on its way, else the last one."""
        return self.known.get(uri) or await self._analysed(uri)

    def _tell(self, uri: str, analysis: Analysis) -> None:
        """Diagnostics of every file of the plan; files that have none any more are told so."""
        found: dict[str, list[types.Diagnostic]] = {uri: []}
        for finding in analysis.report.findings:
            file = finding.spot.place.file
            where = uri if file == analysis.file else Path(file).absolute().as_uri()
            found.setdefault(where, []).append(convert.diagnostic(analysis, finding))
        for where in self.told.get(uri, set()) - set(found):
            found[where] = []
        self.told[uri] = {where for where, diagnostics in found.items() if diagnostics}
        for where, diagnostics in found.items():
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=where, diagnostics=diagnostics))


def serve(wanted: Wanted, version: str) -> None:
    """Until the client says exit."""
    make(wanted, version).start_io()


def make(wanted: Wanted, version: str) -> Server:
    """The server with its answers."""
    server = Server(wanted, version)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(given: Server, params: types.DidOpenTextDocumentParams) -> None:
        given.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(given: Server, params: types.DidChangeTextDocumentParams) -> None:
        given.known.pop(params.text_document.uri, None)
        given.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(given: Server, params: types.HoverParams) -> types.Hover | None:
        where = await _place(given, params)
        text = hover(*where) if where else ""
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def defined(given: Server, params: types.DefinitionParams) -> list[types.Location]:
        where = await _place(given, params)
        return [convert.location(where[0], place) for place in definitions(*where)] if where else []

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def referred(given: Server, params: types.ReferenceParams) -> list[types.Location]:
        where = await _place(given, params)
        return [convert.location(where[0], place) for place in references(*where)] if where else []

    triggers = types.CompletionOptions(trigger_characters=["(", ",", "{", "?", ":", ">"])

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)
    async def completed(given: Server, params: types.CompletionParams) -> list[types.CompletionItem]:
        where = await _place(given, params)
        offers = complete(*where) if where else []
        return [types.CompletionItem(one.text, kind=KINDS[one.kind], detail=one.detail or one.kind) for one in offers]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    async def acted(given: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
        analysis = await given.analysis(params.text_document.uri)
        return _actions(analysis, params) if analysis else []

    return server


async def _place(server: Server, params: Positioned) -> tuple[Analysis, int, int] | None:
    analysis = await server.analysis(params.text_document.uri)
    if analysis is None:
        return None
    at = params.position
    lines = analysis.lines(analysis.file)
    text = lines[at.line] if at.line < len(lines) else ""
    return analysis, at.line + 1, convert.characters(text, at.character)


def _actions(analysis: Analysis, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The repairs of the findings on the lines that are selected."""
    made = []
    for finding in analysis.report.findings:
        place, fix = finding.spot.place, finding.fix
        here = place.file == analysis.file and params.range.start.line <= place.line - 1 <= params.range.end.line
        if fix is None or not here:
            continue
        edits: dict[str, list[types.TextEdit]] = {}
        for change in fix.changes:
            same = change.file == analysis.file
            uri = params.text_document.uri if same else Path(change.file).absolute().as_uri()
            edits.setdefault(uri, []).append(convert.edit(change))
        made.append(
            types.CodeAction(
                title=f"{finding.code}: {fix.title}",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[convert.diagnostic(analysis, finding)],
                edit=types.WorkspaceEdit(changes=edits),
            )
        )
    return made
