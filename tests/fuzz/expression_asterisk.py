"""What a real Asterisk makes of application data, read back over FastAGI."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
import time
from pathlib import Path

from expression_texts import VARIABLES
from lab import Lab

BATCH = 250
EFFECTS = re.compile(r"(INC|DEC|SET|SHIFT|POP)\(")
MODULES = [
    *("pbx_config", "res_clioriginate", "res_speech", "res_agi", "app_verbose", "app_stack", "codec_ulaw"),
    *("res_timing_timerfd", "func_logic", "func_strings", "func_cut", "func_math", "func_uri", "func_base64"),
    *(
        "func_md5",
        "func_sha1",
        "func_sprintf",
        "func_dialplan",
        "func_global",
        "func_callerid",
        "func_channel",
    ),
]


def _escaped(text: str) -> str:
    return text.replace(";", "\\;")


def plan(texts: list[str], port: int) -> str:
    """extensions.conf with one context per batch."""
    lines = ["[general]", "[globals]", "GV=gval", "[target]", "exten => 100,1,NoOp()", "same => n,NoOp()"]
    lines.append("exten => s,1,NoOp()")
    for batch in range(0, len(texts), BATCH):
        lines += [f"[c{batch // BATCH}]", "exten => s,1,NoOp()", *_base()]
        for number, text in enumerate(texts[batch : batch + BATCH], batch):
            if EFFECTS.search(text):
                lines += _base()
            lines.append(f"same => n,Set(R{number}={_escaped(text)})")
            if EFFECTS.search(text):
                lines += _base()
        lines += [f"same => n,AGI(agi://127.0.0.1:{port}/{batch // BATCH})", "same => n,Hangup()"]
    return "\n".join(lines) + "\n"


def _base() -> list[str]:
    values = {**VARIABLES, "REF": "$${E}{A}"}
    values |= {"NEW": "", "UNSET": "", "": ""}
    return [f"same => n,Set({name}={value})" for name, value in values.items()]


class Collector(threading.Thread):
    """FastAGI server that reads the results of every batch that calls."""

    def __init__(self, count: int) -> None:
        super().__init__(daemon=True)
        self.count, self.results = count, dict[int, bytes]()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.changed = threading.Condition()

    def run(self) -> None:
        """Serve until closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                with connection:
                    self.batch(connection)

    def batch(self, connection: socket.socket) -> None:
        """One call's variables."""
        head = b""
        while not head.endswith(b"\n\n"):
            head += connection.recv(65536)
        found = re.search(rb"agi_network_script: ([0-9]+)", head)
        start = int(found[1]) * BATCH if found else 0
        for number in range(start, min(start + BATCH, self.count)):
            connection.sendall(b"GET FULL VARIABLE ${R%d}\n" % number)
            answer = b""
            while not answer.endswith((b")\n", b"result=0\n")):
                part = connection.recv(65536)
                if not part:
                    return
                answer += part
            value = re.fullmatch(rb"200 result=1 \((.*)\)\n", answer, re.DOTALL)
            with self.changed:
                self.results[number] = value[1] if value else b""
                self.changed.notify()

    def wait_for(self, count: int) -> None:
        """Until `count` results are there; raises TimeoutError after 20 s."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.results) >= count, timeout=20):
                raise TimeoutError


def measured(root: Path, texts: list[str]) -> tuple[int, dict[int, str]]:
    """The Asterisk's main version, and what it makes of each text (without those of a batch that failed)."""
    collector = Collector(len(texts))
    collector.start()
    configuration, position, version = plan(texts, collector.port), 0, 0
    while position < len(texts):
        with Lab(root, MODULES) as lab, contextlib.closing(lab._socket), contextlib.closing(lab._reader):
            version = _version(lab)
            (lab.etc / "extensions.conf").write_bytes(configuration.encode("utf-8", "surrogateescape"))
            lab.command("dialplan reload")
            position = _batches(lab, collector, position, len(texts))
    collector.server.close()
    values = collector.results.items()
    return version, {number: value.decode("utf-8", "surrogateescape") for number, value in values}


def _version(lab: Lab) -> int:
    """The main version, once Asterisk is up and has all its commands; raises TimeoutError after 20 s."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        found = re.match("Asterisk ([0-9]+)", "".join(lab.command("core show version")))
        if found and "fully booted" in "".join(lab.command("core waitfullybooted")):
            return int(found[1])
        time.sleep(0.05)
    raise TimeoutError("Asterisk does not come up")


def _batches(lab: Lab, collector: Collector, position: int, count: int) -> int:
    """Run batches from `position` until all are done or Asterisk ends; where to go on."""
    while position < count:
        wanted = len(collector.results) + min(BATCH, count - position)
        try:
            lab.command(f"channel originate Local/s@c{position // BATCH}/n application NoOp")
            collector.wait_for(wanted)
        except (OSError, StopIteration, TimeoutError):
            print(f"no answer to the texts from {position} on", file=sys.stderr)
            return position + BATCH
        position += BATCH
    return position
