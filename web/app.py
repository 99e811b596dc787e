"""The paths of the endpoint, and the OpenAPI document that describes them whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import FastAPI, Header, Path, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from models.consent import Act
from models.contact import Answer, Question
from models.gate import Gate, Judge
from models.number import Number, masked, without_numbers
from models.policy import Reason
from models.suppression import is_campaign_name
from web.consents import Facts
from web.listing import Listing
from web.once import OnceRoute, Twice
from web.owed import Desk, Outcome, Owed
from web.problem import MEDIA_TYPE, Mistake, Problem, Refused
from web.shapes import Check, Done, Key, NewEntry, NumberFacts, Overdue, PersonFacts, Removal, Verdict
from web.shapes_facts import (
    Answer as Answered,
)
from web.shapes_facts import (
    Complained,
    ComplaintDone,
    ComplaintFacts,
    ConsentDone,
    ConsentsFacts,
    NewComplaint,
    NewConsent,
    Withdrawal,
)
from web.tokens import Holder

_PATIENCE = 1.0  # seconds that a check waits for a lock to pass
_PAUSE = 0.01
_BEARER = HTTPBearer(auto_error=False, description="made by `concierge token add NAME`; --scope write for POST")
_KEY = Header(
    alias="Idempotency-Key",
    description="of the client's choosing: the same request with the same key is recorded once, however often it is "
    "sent; another request with it is a 409",
)
_NUMBER = Path(min_length=1, max_length=128, description="as people write it here; + may stand as it is")
_ID = Path(ge=1, le=2**53, description="of the callback")
_TOLD = {
    400: "the body is not JSON",
    401: "no token, or an unknown one",
    403: "the token is not made for this",
    404: "there is nothing of the kind",
    405: "another method is meant",
    408: "the request came too slowly",
    409: "the Idempotency-Key was used for another request, or it was done before by others",
    413: "the body is too large",
    422: "a field is wrong; `errors` says which",
    429: "more requests than the token may send; see Retry-After",
    500: "a mistake in Concierge; the log has the details",
    503: "busy, or the list cannot be read or written; see Retry-After",
}
_ALWAYS = (401, 403, 408, 413, 422, 429, 500, 503)
_WRITING = (400, 409)
_REPEATED = "The same had been recorded before"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoint is made of. `facts`: an answer as `concierge check --format json` gives it."""

    judge: Judge
    gate: Gate
    listing: Listing
    desk: Desk
    people: Facts
    facts: Callable[[Answer], dict[str, Any]]
    version: str = "1"


def build_app(parts: Parts) -> FastAPI:
    """The application; its OpenAPI document is made now, because it takes longer than an answer may."""
    app = FastAPI(
        title="Concierge",
        summary="May this number be called, and must it never be called again?",
        description="Tokens are made by `concierge token add NAME`. A token of scope read may GET, one of scope write "
        "may also POST, one of scope person may GET all that is kept on a person. What is listed holds for the next "
        "call.",
        version=parts.version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Security(_BEARER)],
        exception_handlers=_handlers(),
        license_info={"name": "Apache-2.0"},
        openapi_tags=[
            {"name": "list", "description": "who must not be called"},
            {"name": "check"},
            {"name": "callbacks"},
            {"name": "consents", "description": "who has agreed to be called about what"},
            {"name": "complaints"},
        ],
    )
    app.router.route_class = OnceRoute
    _add_list(app, parts.listing)
    _add_check(app, parts)
    _add_callbacks(app, parts.desk)
    _add_consents(app, parts)
    _add_complaints(app, parts)
    _complete(app.openapi())
    return app


def _complete(document: dict[str, Any]) -> None:
    """Problems have a media type of their own, which FastAPI does not know."""
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _add_list(app: FastAPI, listing: Listing) -> None:
    @app.post("/v1/entries", **_about("list", 201, _REPEATED, *_WRITING))
    async def add_entry(
        request: Request, response: Response, wanted: NewEntry, key: Annotated[Key | None, _KEY] = None
    ) -> Done:
        """List a number: it must not be called. Answered when it is durable."""
        number = _noted(request, listing.number(wanted.number, "body.number"), wanted.campaign)
        return _done(request, response, await listing.add(wanted, number, _holder(request), key))

    @app.post("/v1/removals", **_about("list", 201, _REPEATED, *_WRITING, 404))
    async def add_removal(
        request: Request, response: Response, wanted: Removal, key: Annotated[Key | None, _KEY] = None
    ) -> Done:
        """Take an entry back. Its history stays, and so does any other entry of the number."""
        number = _noted(request, listing.number(wanted.number, "body.number"), wanted.campaign)
        return _done(request, response, await listing.remove(wanted, number, _holder(request), key))

    @app.get("/v1/entries/{number}", **_about("list"))
    async def entries_of(request: Request, number: Annotated[str, _NUMBER]) -> NumberFacts:
        """What the list holds on a number: entries in force, expired and taken back; none is no error."""
        return await listing.look_up(_noted(request, listing.number(number, "path.number"), None), _holder(request))

    @app.get("/v1/persons/{number}", **_about("list"))
    async def person(request: Request, number: Annotated[str, _NUMBER]) -> PersonFacts:
        """Everything that this host keeps on a number, for the person who asks. It takes a token of scope person."""
        return await listing.person(_noted(request, listing.number(number, "path.number"), None), _holder(request))


def _add_check(app: FastAPI, parts: Parts) -> None:
    @app.get("/v1/check", **_about("check"))
    async def check(request: Request, asked: Annotated[Check, Query()]) -> Verdict:
        """May this number be called? The same decision as the dialplan's and as `concierge check`."""
        if asked.evidence and asked.at is not None:
            detail = "evidence is of a call that is placed now; leave out `at` or `evidence`"
            raise Refused(422, "evidence-of-another-time", detail, (Mistake(where="query.at", what=detail),))
        question = Question(asked.number, asked.campaign, "http", _holder(request).name, lead=asked.lead())
        ask = parts.gate.ask(question) if asked.evidence else _ask(parts.judge, question, asked.at)
        answer = await ask
        number = answer.destination if isinstance(answer.destination, Number) else None
        if number is not None:
            _noted(request, number, asked.campaign)
        if not asked.evidence and answer.decision.reason is not Reason.LIST_UNAVAILABLE:
            await parts.listing.note(_holder(request), "check", number, 1)
        request.scope["seen"].about |= {"verdict": answer.decision.verdict, "reason": answer.decision.reason}
        return Verdict(**parts.facts(answer))


def _add_callbacks(app: FastAPI, desk: Desk) -> None:
    @app.get("/v1/callbacks", **_about("callbacks"))
    async def callbacks(asked: Annotated[Overdue, Query()]) -> list[Owed]:
        """Promises and callers who are owed an apology, not done yet; the longest owed first."""
        return await desk.all(overdue=asked.overdue)

    @app.post("/v1/callbacks/{id}/claim", **_about("callbacks", 200, "", 404, 409))
    async def claim_callback(request: Request, id: Annotated[int, _ID]) -> Owed:  # noqa: A002 - the path's own word
        """This client calls back: no other one can claim it until it is released."""
        return await desk.claim(id, f"token {request.scope['holder'].name}")

    @app.post("/v1/callbacks/{id}/release", **_about("callbacks", 200, "", 404, 409))
    async def release_callback(request: Request, id: Annotated[int, _ID]) -> Owed:  # noqa: A002
        """Anybody may claim it again."""
        return await desk.release(id, f"token {request.scope['holder'].name}")

    @app.post("/v1/callbacks/{id}/done", **_about("callbacks", 200, "", *_WRITING, 404))
    async def finish_callback(request: Request, id: Annotated[int, _ID], told: Outcome) -> Owed:  # noqa: A002
        """Called back, or nothing more to do."""
        return await desk.finish(id, f"token {request.scope['holder'].name}", told.outcome)


def _add_consents(app: FastAPI, parts: Parts) -> None:
    @app.post("/v1/consents", **_about("consents", 201, _REPEATED, *_WRITING, model=ConsentDone))
    async def add_consent(
        request: Request, response: Response, wanted: NewConsent, key: Annotated[Key | None, _KEY] = None
    ) -> ConsentDone:
        """This person has agreed. Answered when it is durable."""
        number = _noted(request, parts.listing.number(wanted.number, "body.number"), None)
        done = await parts.people.consent(Act.GRANT, wanted, number, _holder(request), key)
        return _recorded(response, done)

    @app.post("/v1/withdrawals", **_about("consents", 201, _REPEATED, *_WRITING, model=ConsentDone))
    async def add_withdrawal(
        request: Request, response: Response, wanted: Withdrawal, key: Annotated[Key | None, _KEY] = None
    ) -> ConsentDone:
        """This person has taken it back. It holds for the next call, whether a consent is known or not."""
        number = _noted(request, parts.listing.number(wanted.number, "body.number"), None)
        done = await parts.people.consent(Act.WITHDRAW, wanted, number, _holder(request), key)
        return _recorded(response, done)

    @app.get("/v1/consents/{number}", **_about("consents"))
    async def consents_of(request: Request, number: Annotated[str, _NUMBER]) -> ConsentsFacts:
        """Grants and withdrawals of a number, and what holds now; none is no error."""
        known = _noted(request, parts.listing.number(number, "path.number"), None)
        return await parts.people.consents(known, _holder(request))


def _add_complaints(app: FastAPI, parts: Parts) -> None:
    @app.post(
        "/v1/complaints",
        **_about("complaints", 201, _REPEATED, *_WRITING, model=ComplaintDone),
    )
    async def add_complaint(
        request: Request, response: Response, wanted: NewComplaint, key: Annotated[Key | None, _KEY] = None
    ) -> ComplaintDone:
        """Keep it, and list the number for all campaigns, together."""
        number = _noted(request, parts.listing.number(wanted.number, "body.number"), None)
        return _recorded(response, await parts.people.complain(wanted, number, _holder(request), key))

    @app.get("/v1/complaints", **_about("complaints"))
    async def complaints(request: Request, asked: Annotated[Complained, Query()]) -> list[ComplaintFacts]:
        """The open ones, the oldest first."""
        return await parts.people.complaints(_holder(request), everything=asked.all)

    @app.post("/v1/complaints/{id}/answer", **_about("complaints", 200, "", *_WRITING, 404))
    async def answer_complaint(request: Request, id: UUID, told: Answered) -> ComplaintFacts:  # noqa: A002
        """Close it. The number stays listed."""
        return await parts.people.answer(id, told, _holder(request))


_Done = TypeVar("_Done", ConsentDone, ComplaintDone)


def _recorded(response: Response, done: _Done) -> _Done:
    if not done.recorded:
        response.status_code = 200
    return done


async def _ask(judge: Judge, question: Question, at: datetime | None) -> Answer:
    """Waits for a lock without keeping others waiting."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    answer = judge.answer(question, at)
    while judge.is_passing(answer) and loop.time() < until:
        await asyncio.sleep(_PAUSE)
        answer = judge.answer(question, at)
    return answer


def _holder(request: Request) -> Holder:
    """Whoever asks; the guard has found out."""
    found: Holder = request.scope["holder"]
    return found


def _noted(request: Request, number: Number, campaign: str | None) -> Number:
    """For the access line."""
    named = without_numbers(campaign) if campaign and is_campaign_name(campaign) else ""
    request.scope["seen"].about |= {"number": masked(number.e164), "campaign": named}
    return number


def _done(request: Request, response: Response, done: Done) -> Done:
    if not done.recorded:
        response.status_code = 200
    request.scope["seen"].about |= {"entry": done.entry.entry if done.entry else "", "event": done.event}
    return done


def _about(
    tag: str, status: int = 200, repeated: str = "", *more: int, model: type[BaseModel] = Done
) -> dict[str, Any]:
    """What the OpenAPI document says of an operation beside its parameters."""
    responses: dict[int | str, dict[str, Any]] = {code: _told(code) for code in sorted({*_ALWAYS, *more})}
    if repeated:
        responses[200] = {"description": repeated, "model": model}
    return {"tags": [tag], "status_code": status, "responses": responses, "generate_unique_id_function": _id}


def _id(route: Any) -> str:
    return str(route.name)


def _told(code: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": _TOLD[code],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if code == 401:
        told["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750"}}
    if code in (429, 503):
        told["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return told


def _handlers() -> dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]:
    return {
        Refused: _refused,
        Twice: _refused,
        RequestValidationError: _invalid,
        HTTPException: _http,
        Exception: _our_bug,
    }


async def _refused(_request: Request, error: Refused | Twice) -> Response:
    return error.response()


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    """What was sent is not in the answer: it may be a telephone number."""
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Refused(400, "not-json", "the body is not JSON; send Content-Type: application/json").response()
    mistakes = [
        Mistake(where=".".join(_place(one["loc"])), what=one["msg"].removeprefix("Value error, ")) for one in found
    ]
    detail = "; ".join(f"{one.where}: {one.what}" for one in mistakes[:5])
    return Refused(422, "invalid", detail, tuple(mistakes[:20])).response()


def _place(loc: tuple[int | str, ...]) -> list[str]:
    """Names of fields; of one that is unknown, no more than a beginning."""
    return [str(one)[:40] for one in loc]


async def _http(_request: Request, error: HTTPException) -> Response:
    reason, detail = {
        404: ("no-such-path", "no such path; see /openapi.json"),
        405: ("method", "another method is meant; see Allow and /openapi.json"),
    }.get(error.status_code, ("request", "the request cannot be read; send JSON as /openapi.json says"))
    return Refused(error.status_code, reason, detail, headers=error.headers).response()


async def _our_bug(_request: Request, _error: Exception) -> JSONResponse:
    return Refused(500, "our-bug", "this is a mistake in Concierge; its log has the details").response()


__all__ = ["Parts", "Problem", "build_app"]
