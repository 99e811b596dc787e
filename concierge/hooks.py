"""The snippets that an administrator includes, with this site's settings in them."""

from __future__ import annotations

from importlib.resources import files

from concierge.settings import Settings

_GLOBALS = """\
[globals]
CONCIERGE_AGI=agi://{host}:{port}
CONCIERGE_OPERATOR={operator}
CONCIERGE_OPERATOR_RING={ring}
CONCIERGE_ROUNDS_MAX={rounds}
CONCIERGE_FEATURES={features}
"""


def extensions(settings: Settings, agi_port: int | None = None) -> str:
    """What goes into extensions.conf (`#include concierge.conf`): the globals and the contexts."""
    values = _GLOBALS.format(
        host=_in_url(settings.agi.host),
        port=agi_port or settings.agi.port,
        operator=settings.operator.dial,
        ring=settings.operator.ring,
        rounds=settings.menu.total,
        features="#".join(feature_names(settings)),
    )
    contexts = files("concierge").joinpath("asterisk/contexts.conf").read_text(encoding="utf-8")
    return values + "\n" + contexts


def features(settings: Settings) -> str:
    """What goes into features.conf: a key of the called person runs the opt-out, on that leg only."""
    lines = [
        f"{_feature(digit)} => {digit},self,Gosub(concierge-optout,{digit},1)" for digit in settings.opt_out.digits
    ]
    return "\n".join(["[applicationmap]", *lines, ""])


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def feature_names(settings: Settings) -> list[str]:
    """The features that `features` maps, one per key."""
    return [_feature(digit) for digit in settings.opt_out.digits]


def _feature(digit: str) -> str:
    return "concierge-" + {"*": "star", "#": "hash"}.get(digit, digit)


FREEPBX = """\
; extensions_custom.conf of FreePBX: the same gate in front of every trunk of a route. Emergency routes pass.
[macro-dialout-trunk-predial-hook]
exten => s,1,GotoIf($["${{EMERGENCYROUTE}}" = "YES"]?done)
 same => n,Gosub(concierge-outbound,s,1(${{OUTNUM}},${{CONCIERGE_CAMPAIGN}}))
 same => n,ExecIf($["${{CONCIERGE_VERDICT}}" != "ALLOW"]?Hangup(21))
 same => n,Set(DIAL_TRUNK_OPTIONS=${{DIAL_TRUNK_OPTIONS}}U(concierge-mark^s^1))
 same => n(done),{ending}()
"""


def freepbx(version: int) -> str:
    """The pre-dial hook of FreePBX 15, 16 (macros) or 17 (Gosub)."""
    return FREEPBX.format(ending="Return" if version >= 17 else "MacroExit")
