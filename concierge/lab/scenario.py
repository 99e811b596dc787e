"""Puts a SIPp scenario together from the parts in lab/sipp/: answer.xml or call.xml, each with talk.xml and sdp.txt."""

from __future__ import annotations

from importlib import resources

from concierge.lab.config import fill

FAILURES = (400, 401, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 501, 502, 503, 504, 600, 603, 604, 607)
FAILURE = """  <recv response="{code}" optional="true" next="failed">
    <action><log message="failed|[call_id]|{code}|[timestamp]"/></action>
  </recv>"""


def answer_scenario(at_once: bool, reject: str = "486 Busy Here") -> str:
    """A called phone: answers at once or when told; `reject` is the status line of a rejection."""
    after = ' next="answer"' if at_once else ""
    return _whole("answer.xml", {"AFTER_RINGING": after, "REJECT": reject})


def call_scenario() -> str:
    """A calling phone."""
    return _whole("call.xml", {"FAILURES": "\n".join(FAILURE.format(code=code) for code in FAILURES)})


def _whole(name: str, values: dict[str, str]) -> str:
    sdp = {"SDP": _part("sdp.txt").rstrip("\n")}
    return fill(_part(name), sdp | values | {"TALK": fill(_part("talk.xml"), sdp)})


def _part(name: str) -> str:
    return resources.files("concierge.lab").joinpath("sipp", name).read_text()
