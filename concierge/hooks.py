"""The snippets that an administrator includes, with this site's settings in them."""

from __future__ import annotations

from importlib.resources import files

from concierge.settings import Settings
from models.number import emergency_numbers

# what the contexts use; a PBX with autoload=no must load them
MODULES = (
    *(
        "res_agi",
        "app_stack",
        "app_playback",
        "app_db",
        "app_dial",
        "app_exec",
        "app_originate",
        "app_read",
        "bridge_builtin_features",
    ),
    *("func_callerid", "func_channel", "func_cut", "func_db", "func_logic", "func_rand"),
    *("func_strings", "func_timeout"),
)


PARTY = "concierge-list-party"


def extensions(settings: Settings, agi_port: int | None = None) -> str:
    """What goes into extensions.conf (`#include concierge.conf`): the globals and the contexts."""
    values = "\n".join(
        ["[globals]", *(f"{name}={value}" for name, value in global_values(settings, agi_port).items()), ""]
    )
    contexts = files("concierge").joinpath("asterisk/contexts.conf").read_text(encoding="utf-8")
    return f"{values}\n; modules used: {' '.join(MODULES)}\n\n{contexts}\n{code_lines(settings)}"


def code_lines(settings: Settings) -> str:
    """The codes that a telephone of the staff dials, in the context that the settings name."""
    codes, lines = settings.codes, [f"[{settings.codes.context}]"]
    if codes.last:
        lines.append(f"exten => {codes.last},1,Goto(concierge-codes,last,1)")
    if codes.number:
        lines.append(f"exten => {codes.number},1,Goto(concierge-codes,number,1)")
        lines.append(f"exten => _{codes.number}X.,1,Set(CONCIERGE_KEYED=${{EXTEN:{len(codes.number)}}})")
        lines.append(" same => n,Goto(concierge-codes,number,1)")
    return "\n".join([*lines, ""])


def global_values(settings: Settings, agi_port: int | None = None) -> dict[str, str]:
    """The global variables that the contexts read."""
    return {
        "CONCIERGE_AGI": f"agi://{_in_url(settings.agi.host)}:{agi_port or settings.agi.port}",
        "CONCIERGE_OPERATOR": settings.operator.dial,
        "CONCIERGE_OPERATOR_RING": str(settings.operator.ring),
        "CONCIERGE_ROUNDS_MAX": str(settings.menu.total),
        "CONCIERGE_FEATURES": "#".join(feature_names(settings)),
        "CONCIERGE_AGENT_FEATURES": PARTY if settings.codes.party else "",
        "CONCIERGE_EMERGENCY": "|".join(_emergency(settings)),
    }


def features(settings: Settings) -> str:
    """What goes into features.conf: a key of the called person runs the opt-out, on that leg only; the staff's code
    for the other party runs on the staff's leg only.
    """
    lines = [
        f"{_feature(digit)} => {digit},self,Gosub(concierge-optout,{digit},1)" for digit in settings.opt_out.digits
    ]
    if settings.codes.party:
        lines.append(f"{PARTY} => {settings.codes.party},self,Gosub(concierge-codes,party,1)")
    return "\n".join(["[applicationmap]", *lines, ""])


def _emergency(settings: Settings) -> list[str]:
    """As dialled here: with and without the digit for an outside line."""
    numbers = emergency_numbers(settings.site.country)
    heads = dict.fromkeys(["", settings.site.outside_line])
    return [head + number for head in heads for number in numbers]


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def feature_names(settings: Settings) -> list[str]:
    """The features of a called person's leg that `features` maps, one per key."""
    return [_feature(digit) for digit in settings.opt_out.digits]


def _feature(digit: str) -> str:
    return "concierge-" + {"*": "star", "#": "hash"}.get(digit, digit)


FREEPBX = """\
; The same gate in front of every trunk of a route. Emergency routes pass. CONCIERGE_CAMPAIGN is yours to set before,
; e.g. Set(__CONCIERGE_CAMPAIGN=spring) in a context of the dialler; without a campaign no opt-out key is listened to.
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
