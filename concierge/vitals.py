"""How a daemon fares, as health checks and Prometheus want it. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ami.opt_out import ListenerStatus


@dataclass(frozen=True, slots=True)
class Vitals:
    """`writes`: evidence can be written. `waiting`: answers not written yet. `stalls`: times the loop was held up.

    `longest_stall`: seconds. `listeners`: by the name of the PBX.
    """

    writes: bool
    waiting: int
    stalls: int
    longest_stall: float
    listeners: Mapping[str, ListenerStatus] = field(default_factory=dict)


def ailments(vitals: Vitals) -> list[str]:
    """What is wrong now, a line each; empty when all is well."""
    found = [] if vitals.writes else ["the list cannot be written: outbound calls are refused"]
    for system, status in vitals.listeners.items():
        if not status.session.connected:
            found.append(
                f"no link to the manager of {system or 'the PBX'}: {status.session.failure or 'not yet linked'}"
            )
        if status.keeper.unsafe:
            found.append(f"{status.keeper.unsafe} key presses are neither recorded nor on disk")
    return found


def exposition(vitals: Vitals) -> str:
    """Prometheus' text format 0.0.4."""
    return "\n".join([*_own(vitals), *_listeners(vitals.listeners)]) + "\n"


def _own(vitals: Vitals) -> Iterator[str]:
    yield from _one(
        "concierge_up", "gauge", "1 when calls are answered and evidence is written.", int(not ailments(vitals))
    )
    yield from _one("concierge_evidence_waiting", "gauge", "Answers that are not written yet.", vitals.waiting)
    yield from _one("concierge_stalls_total", "counter", "Times the event loop was held up over 50 ms.", vitals.stalls)
    yield from _one("concierge_longest_stall_seconds", "gauge", "The longest of them.", round(vitals.longest_stall, 4))


def _one(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"


def _listeners(listeners: Mapping[str, ListenerStatus]) -> Iterator[str]:
    for name, kind, text, read in _SERIES:
        if listeners:
            yield f"# HELP {name} {text}"
            yield f"# TYPE {name} {kind}"
        for system, status in listeners.items():
            yield f'{name}{{system="{_escaped(system)}"}} {read(status)}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


_SERIES = (
    ("concierge_ami_connected", "gauge", "Is the manager linked?", lambda one: int(one.session.connected)),
    ("concierge_ami_events_total", "counter", "Events seen.", lambda one: one.session.events_seen),
    ("concierge_ami_events_missed_total", "counter", "Events lost in a queue.", lambda one: one.session.events_missed),
    ("concierge_ami_queue_depth", "gauge", "Events that wait.", lambda one: one.session.queue_depth),
    ("concierge_legs", "gauge", "Called legs in progress.", lambda one: one.legs),
    ("concierge_listener_gaps_open", "gauge", "Gaps that are not reconciled.", lambda one: one.gaps_open),
    ("concierge_deaf_calls_total", "counter", "Calls that hid their keys.", lambda one: one.deaf),
    ("concierge_opt_outs_recorded_total", "counter", "Opt-outs recorded by key.", lambda one: one.keeper.recorded),
    ("concierge_opt_outs_waiting", "gauge", "Key presses not recorded yet.", lambda one: one.keeper.waiting),
)
