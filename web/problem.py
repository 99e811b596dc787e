"""What a client is told when it does not get what it wants: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
_STATUS = 400


class Mistake(BaseModel):
    """One field that is wrong."""

    where: str = Field(description="the part of the request and the field, such as body.number")
    what: str = Field(description="what is wrong with it")


class Problem(BaseModel):
    """RFC 9457 problem details; `reason` is a stable word for programs, `detail` is for people."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "title", "status", "reason", "detail", "errors"]})

    type: str = Field("about:blank", description="always about:blank: the status says what kind of problem it is")
    title: str = Field(description="the phrase of the status")
    status: int = Field(ge=_STATUS, le=599, description="the HTTP status")
    reason: str = Field(description="a stable word")
    detail: str = Field(description="what is wrong and what to do, for people; never holds a telephone number")
    errors: list[Mistake] = Field(default_factory=list, description="the fields that are wrong")


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str,
        errors: tuple[Mistake, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.problem = Problem(
            type="about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            reason=reason,
            detail=detail,
            errors=list(errors),
        )
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """As it is sent."""
        return JSONResponse(self.problem.model_dump(), self.problem.status, self.headers, MEDIA_TYPE)


def wrong(where: str, reason: str, detail: str) -> Refused:
    """422 for one field."""
    return Refused(422, reason, detail, (Mistake(where=where, what=detail),))
