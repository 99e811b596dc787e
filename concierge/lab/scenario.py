"""Puts the SIPp scenarios together from the parts in lab/sipp/: answer.xml or call.xml, each with talk.xml and sdp.txt."""

from __future__ import annotations

from importlib import resources

from concierge.lab.config import fill

PCAPS = "/usr/share/sip-tester"
KEYS = {**{digit: digit for digit in "0123456789"}, "*": "star", "#": "pound"}
FAILURES = (400, 401, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 501, 502, 503, 504, 600, 603, 604, 607)

KEY_TEST = '      <ereg regexp="Order: key {pattern}" search_in="msg" assign_to="key_{name}"/>'
KEY_JUMP = '  <nop test="key_{name}" next="press_{name}"/>'
KEY_PRESS = """  <label id="press_{name}"/>
  <nop next="talk">
    <action>
      <log message="key|[call_id]|{key}|[timestamp]"/>
      <exec play_pcap_audio="{pcaps}/dtmf_2833_{name}.pcap"/>
    </action>
  </nop>"""
FAILURE = """  <recv response="{code}" optional="true" next="failed">
    <action><log message="failed|[call_id]|{code}|[timestamp]"/></action>
  </recv>"""


def scenario(name: str, reject: str = "486 Busy Here") -> str:
    """The complete XML of scenario "answer" or "call"; `reject` is the status line of a rejection."""
    sdp = {"SDP": _part("sdp.txt").rstrip("\n")}
    talk = fill(_part("talk.xml"), sdp | _keys())
    failures = "\n".join(FAILURE.format(code=code) for code in FAILURES)
    return fill(_part(f"{name}.xml"), sdp | {"TALK": talk, "FAILURES": failures, "REJECT": reject})


def _keys() -> dict[str, str]:
    rows = [{"key": key, "name": name, "pattern": key.replace("*", "[*]"), "pcaps": PCAPS} for key, name in KEYS.items()]
    pieces = {"KEY_TESTS": KEY_TEST, "KEY_JUMPS": KEY_JUMP, "KEY_PRESSES": KEY_PRESS}
    return {place: "\n".join(piece.format(**row) for row in rows) for place, piece in pieces.items()}


def _part(name: str) -> str:
    return resources.files("concierge.lab").joinpath("sipp", name).read_text()
