"""Requests that say one thing twice: which of the two was meant is not ours to guess, least of all of two numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from web.problem import Mistake, Refused


class Twice(HTTPException):
    """A name stands twice in one object of the body: FastAPI lets exceptions of this kind through its reading."""

    def __init__(self) -> None:
        super().__init__(422)

    def response(self) -> Response:
        """As it is sent."""
        return _refused("body").response()


def _refused(where: str) -> Refused:
    what = "a name stands twice in it"
    return Refused(422, "invalid", f"{where}: {what}; send each once", (Mistake(where=where, what=what),))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Twice
    return found


class _OnceRequest(Request):
    async def json(self) -> Any:
        """The body. Raises ValueError, Twice."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=_object)
        return self._json


class OnceRoute(APIRoute):
    """Refuses such queries and bodies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """With requests of ours."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            names = [name for name, _ in request.query_params.multi_items()]
            if len(names) > len(set(names)):
                raise _refused("query")
            return await handler(_OnceRequest(request.scope, request.receive))

        return handle
