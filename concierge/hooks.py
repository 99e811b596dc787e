"""The snippets that an administrator includes, with this site's settings in them."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

from concierge.settings import Settings
from models.demands import KEYS, feature_of
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
        "app_channelredirect",
        "app_softhangup",
        "app_userevent",
        "bridge_builtin_features",
    ),
    *("func_callerid", "func_channel", "func_cut", "func_db", "func_global", "func_logic", "func_rand"),
    *("func_strings", "func_timeout"),
)
# what `concierge selftest` needs beside them, and nothing else of ours
SELFTEST_MODULES = ("app_senddtmf", "app_waitforsilence", "res_clioriginate")


PARTY = "concierge-list-party"
_PARTS = ("contexts", "callers", "selftest")
_HOLIDAYS = 20  # days in one expression


def extensions(settings: Settings, agi_port: int | None = None) -> str:
    """What goes into extensions.conf (`#include concierge.conf`): the globals and the contexts."""
    values = "\n".join(
        ["[globals]", *(f"{name}={value}" for name, value in global_values(settings, agi_port).items()), ""]
    )
    parts = [files("concierge").joinpath(f"asterisk/{name}.conf").read_text(encoding="utf-8") for name in _PARTS]
    parts += [opening_lines(settings), code_lines(settings)]
    needed = [f"; modules used: {' '.join(MODULES)}", f"; by `concierge selftest` too: {' '.join(SELFTEST_MODULES)}\n"]
    return "\n".join([values, *needed, *parts])


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
        "CONCIERGE_AFTER": settings.opt_out.after,
        **{f"CONCIERGE_AFTER_{name.lower()}": after for name, after in settings.opt_out.after_campaign.items()},
        "CONCIERGE_SYSTEM": settings.ami.system,
        "CONCIERGE_OPERATOR": settings.operator.dial or settings.operator.second,
        # nobody hears the ringing tone for longer without a word
        "CONCIERGE_OPERATOR_RING": str(min(settings.operator.ring, settings.menu.orientation)),
        "CONCIERGE_SECOND": settings.operator.second if settings.operator.dial else "",
        "CONCIERGE_PATIENCE": str(settings.operator.patience),
        "CONCIERGE_ORIENTATION": str(settings.menu.orientation),
        "CONCIERGE_ROUNDS_MAX": str(settings.menu.total),
        "CONCIERGE_WRONG_MAX": str(settings.menu.wrong),
        "CONCIERGE_SILENCE_MAX": str(settings.menu.silences),
        "CONCIERGE_SECONDS_MAX": str(settings.menu.seconds),
        "CONCIERGE_CALLBACKS": "yes" if settings.callbacks.offer else "no",
        "CONCIERGE_ABANDONED": str(settings.callbacks.abandoned),
        "CONCIERGE_FEATURES": "#".join(feature_names(settings)),
        "CONCIERGE_AGENT_FEATURES": PARTY if settings.codes.party else "",
        "CONCIERGE_EMERGENCY": "|".join(_emergency(settings)),
    }


def opening_lines(settings: Settings) -> str:
    """`concierge-open`: CONCIERGE_OPEN is 1 in opening hours, by the PBX's clock. No hours: always open."""
    hours = settings.hours
    lines = ["[concierge-open]", "exten => s,1,Set(CONCIERGE_OPEN=0)"]
    lines += [f" same => n,Set(CONCIERGE_DAY=${{STRFTIME({_NOW},,%Y-%m-%d)}})"] if hours.holidays else []
    for start in range(0, len(hours.holidays), _HOLIDAYS):
        days = "|".join(_dates(day) for day in hours.holidays[start : start + _HOLIDAYS])
        lines.append(f' same => n,GotoIf($["${{CONCIERGE_DAY}}" =~ "^({days})$"]?end)')
    for days, times in hours.open.items():
        lines += [f" same => n,GotoIfTime({_inclusive(one)},{days},*,*?open)" for one in times.split()]
    if hours.open:
        lines.append(" same => n,Goto(end)")
    return "\n".join([*lines, " same => n(open),Set(CONCIERGE_OPEN=1)", " same => n(end),Return()", ""])


_NOW = "${EPOCH}"


def _dates(day: str) -> str:
    """12-25 is that day of every year."""
    return day if len(day) > 5 else f"....-{day}"


def _inclusive(times: str) -> str:
    """09:00-17:00 ends as 16:59 does: Asterisk's last minute is inside."""
    begin, end = times.split("-")
    last = (int(end[:2]) * 60 + int(end[3:]) - 1) % 1440
    return f"{begin}-{last // 60:02}:{last % 60:02}"


def features(settings: Settings) -> str:
    """What goes into features.conf: a key of the called person runs the opt-out, on that leg only; the staff's code
    for the other party runs on the staff's leg only. All keys are there, for a campaign may have its own at any time;
    which of them work on a leg is said when it is marked.
    """
    lines = [f"{feature_of(key)} => {key},self,Gosub(concierge-optout,{key},1)" for key in KEYS]
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
    """The features of every called person's leg, one per key of the settings; a campaign's own come beside them."""
    return [feature_of(digit) for digit in settings.opt_out.digits]


FREEPBX_HOOKS = ("macro-dialout-trunk-predial-hook", "macro-dialout-dundi-predial-hook")
KEPT = "concierge-kept-"  # a hook that was there before ours: [macro-concierge-kept-…]

_HOOK = """\
[{name}]
exten => s,1,NoOp(Concierge: may this number be called now?)
{kept} same => n,GotoIf($["${{PREDIAL_HOOK_RET}}" = "BYPASS" | "${{EMERGENCYROUTE}}" = "YES"]?done)
 same => n,Gosub(concierge-freepbx,s,1)
 same => n(done),{ending}()
"""

_FREEPBX = """\
; The same gate in front of every trunk of a route. Emergency routes pass. CONCIERGE_CAMPAIGN is yours to set before,
; e.g. Set(__CONCIERGE_CAMPAIGN=spring) in a context of the dialler; without a campaign no opt-out key is listened to.
; A refused call ends here: PREDIAL_HOOK_RET=BYPASS would try the next trunk.
; Another U() that is among the options already is run after ours: of two only the last would.
[concierge-freepbx]
exten => s,1,Gosub(concierge-outbound,s,1(${OUTNUM},${CONCIERGE_CAMPAIGN}))
 same => n,ExecIf($["${CONCIERGE_VERDICT}" != "ALLOW"]?Hangup(21))
 same => n,GotoIf($["${DIAL_TRUNK_OPTIONS}" =~ "U[(]"]?chain)
 same => n,Set(DIAL_TRUNK_OPTIONS=${DIAL_TRUNK_OPTIONS}U(concierge-mark))
 same => n,Return()
 same => n(chain),Set(DIAL_TRUNK_OPTIONS=${STRREPLACE(DIAL_TRUNK_OPTIONS,U\\(,U\\(concierge-mark-and^)})
 same => n,Return()

[concierge-mark-and]
exten => s,1,Gosub(concierge-mark,s,1)
 same => n,Gosub(${ARG1},s,1(${ARG2},${ARG3},${ARG4},${ARG5},${ARG6},${ARG7},${ARG8},${ARG9}))
 same => n,Return()

"""

_DIRECT = """\
; Where FreePBX calls no hook: ENUM trunks, and destinations that are a trunk. The first step of the generated
; extension is replaced by the gate, which then does what that step did.
"""

_ENUM = """\
[macro-dialout-enum]
exten => s,1,Gosub(concierge-freepbx-direct,enum,1(${ARG1},${ARG2},${ARG3}))

"""

_TRUNK = """\
[ext-trunk]
exten => {exten},1,Gosub(concierge-freepbx-direct,trunk,1)

"""

_DIRECT_GATE = """\
[concierge-freepbx-direct]
exten => enum,1,MSet(DIAL_TRUNK=${ARG1},DIAL_NUMBER=${ARG2})
 same => n,GosubIf($["${PREFIX_TRUNK_${DIAL_TRUNK}}" != ""]?sub-flp-${DIAL_TRUNK},s,1())
 same => n,GotoIf($["${EMERGENCYROUTE}" = "YES"]?pin)
 same => n,Gosub(concierge-outbound,s,1(${DIAL_NUMBER},${CONCIERGE_CAMPAIGN}))
 same => n,ExecIf($["${CONCIERGE_VERDICT}" != "ALLOW"]?Hangup(21))
 same => n(pin),Set(CONCIERGE_PINLESS=${DB(AMPUSER/${AMPUSER}/pinless)})
 same => n,GosubIf($["${ARG3}" != "" & "${CONCIERGE_PINLESS}" != "NOPASSWD"]?sub-pincheck,s,1(${ARG3}))
 same => n,Return()
exten => trunk,1,MSet(OUTBOUND_GROUP=OUT_${DIAL_TRUNK},DIAL_NUMBER=${FROM_DID})
 same => n,GosubIf($["${PREFIX_TRUNK_${DIAL_TRUNK}}" != ""]?sub-flp-${DIAL_TRUNK},s,1())
 same => n,Gosub(concierge-outbound,s,1(${OUTPREFIX_${DIAL_TRUNK}}${DIAL_NUMBER},${CONCIERGE_CAMPAIGN}))
 same => n,ExecIf($["${CONCIERGE_VERDICT}" != "ALLOW"]?Hangup(21))
 same => n,Return()
"""


def freepbx(version: int, kept: Collection[str] = ()) -> str:
    """The pre-dial hooks of FreePBX 15, 16 (macros) or 17 (Gosub). `kept`: those of FREEPBX_HOOKS that somebody else
    has written; ours runs theirs first, and asks about the number that they leave.
    """
    return _FREEPBX + "\n".join(_hook(name, version, name in kept) for name in FREEPBX_HOOKS)


def _hook(name: str, version: int, kept: bool) -> str:
    bare = name.removeprefix("macro-")
    call = f"Gosub(macro-{KEPT}{bare},s,1())" if version >= 17 else f"Macro({KEPT}{bare})"
    ending = "Return" if version >= 17 else "MacroExit"
    return _HOOK.format(name=name, kept=f" same => n,{call}\n" if kept else "", ending=ending)


def freepbx_direct(enum: bool, trunks: Collection[str]) -> str:
    """What extensions_override_freepbx.conf needs for ENUM trunks and for the extensions `trunks` of [ext-trunk]."""
    if not enum and not trunks:
        return ""
    return _DIRECT + (_ENUM if enum else "") + "".join(_TRUNK.format(exten=one) for one in trunks) + _DIRECT_GATE
