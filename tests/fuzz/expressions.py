"""Differential fuzzing of dialplan.expression against real Asterisks.

    python tests/fuzz/expressions.py --count 5000 --seed 1 [--root DIR ...] [--show 50]

Each generated text becomes `Set(Rn=text)` in an extension of a private Asterisk (chroot DIR, needs root; loopback
only), whose result is read back over FastAGI and compared byte by byte with ours. A text that we call Unknown is
counted, not compared. Roots default to concierge/asterisk-22 and asterisk-16 below $XDG_CACHE_HOME or ~/.cache.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dialplan.expression import Unknown, World, evaluation

BATCH = 250
VARIABLES = {
    "A": "hello", "B": "12", "C": "a-b-c--d", "D": "1,2,3,4", "E": "", "F": "foo bar", "N": "5", "NEG": "-3",
    "Q": '"quoted"', "PH": "+48501502503", "IP": "10.1.2.30", "NAME": "B", "UTF": "zażółć", "FL": "2.50",
    "DOT": "1.2.3", "KEYS": "x:3,y:1,z:2", "SP": "a b  c", "P": "a(b", "ZERO": "0", "EXPR": "1+1", "REF": "${A}",
}  # fmt: skip
TARGETS = {("target", "100", 1), ("target", "100", 2), ("target", "s", 1)}
_REGEXES = ["^h", "a.c", "[0-9]+", "(", "\\\\d", "x|y", "(x)1", "^x.$"]
_ALLOWED = ["0-9", "a-z", "0-9a-f", "a", "z-a", "ab-", "a-", "\\\\x30-9"]
EFFECTS = re.compile(r"(INC|DEC|SET|SHIFT|POP)\(")


def exists(context: str, extension: str, priority: str) -> bool | None:
    """DIALPLAN_EXISTS in the generated plan."""
    if not context or not extension:
        return None if extension else context == "target"
    if priority and not priority.isdigit():
        return None
    return (context, extension, int(priority or "1")) in TARGETS


class Generator:
    """Random texts from a grammar, some of them then damaged."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        """One text."""
        pick = self.random.random()
        if pick < 0.35:
            text = self.expression()
        elif pick < 0.5:
            text = self.variable(3)
        elif pick < 0.8:
            text = self.function(2)
        else:
            text = "".join(self.piece(2) for _ in range(self.random.randint(2, 4)))
        if self.random.random() < 0.25:
            text = self.damaged(text)
        return text

    def one(self, choices: str | list[str]) -> str:
        return self.random.choice(choices if isinstance(choices, list) else choices.split(" "))

    def damaged(self, text: str) -> str:
        chars = list(text)
        for _ in range(self.random.randint(1, 3)):
            place = self.random.randint(0, len(chars))
            if self.random.random() < 0.5 and chars:
                del chars[min(place, len(chars) - 1)]
            else:
                chars.insert(place, self.random.choice("${}[]():,\"\\'?!=~|&+-*/% .;0a\tż<>@#^"))
        return "".join(chars)

    def piece(self, depth: int) -> str:
        pick = self.random.random()
        if pick < 0.3 or depth <= 0:
            return self.one(["abc", "7", "-", " ", ",", "(", ")", "x=y", '"', "\\", "$", "$$", ":", ";", "{", "}", "[",
                             "]", "é", "a b", "~", "'", "12.5"])
        if pick < 0.55:
            return self.variable(depth)
        return self.expression() if pick < 0.75 else self.function(depth - 1)

    def name(self, depth: int) -> str:
        if depth > 0 and self.random.random() < 0.15:
            return self.variable(depth - 1)
        return self.one([*VARIABLES, "UNSET", "A", "B", "C", "D"])

    def variable(self, depth: int) -> str:
        cut = ""
        if self.random.random() < 0.4:
            cut = ":" + self.one(["0", "1", "2", "-1", "-3", "9", "", " 1", "+1", "x", "-0", "99999999999", "1x"])
            if self.random.random() < 0.6:
                cut += ":" + self.one(["0", "1", "3", "-1", "-2", "9", "", "-99", "2147483647", "4294967297"])
        if self.random.random() < 0.1:
            return f"${{{self.name(depth)}{self.piece(depth - 1)}{cut}}}"
        return f"${{{self.name(depth)}{cut}}}"

    # -- $[…]
    def expression(self) -> str:
        return f"$[{self.formula(self.random.randint(1, 4))}]"

    def space(self) -> str:
        return self.one(["", "", " ", " ", "  ", "\t"])

    def operand(self) -> str:
        pick = self.random.random()
        if pick < 0.3:
            return self.number()
        if pick < 0.42:
            return self.one("abc foo b 5a 1.2.3 a.b _x a@b it's x#y a^b é -5 .5 5. 00 007 0.0 \\n $a $$ a$b 1e3".split())
        if pick < 0.55:
            return '"' + self.one(["", "abc", "a b", "5", "0", "a=b", "1+1", "(", "x'y", "${A}", "${E}", "[", "é"]) + '"'
        if pick < 0.7:
            return f"${{{self.name(0)}}}"
        if pick < 0.78:
            return f'"${{{self.name(0)}}}"'
        if pick < 0.84:
            return self.call()
        return self.function(0) if pick < 0.9 else self.variable(1)

    def number(self) -> str:
        pick = self.random.random()
        if pick < 0.5:
            return str(self.random.randint(0, 20))
        if pick < 0.7:
            return f"{self.random.randint(0, 999)}.{self.random.randint(0, 9999)}"
        if pick < 0.8:
            return str(self.random.randint(0, 10 ** self.random.randint(1, 24)))
        return self.one("0 1 2 0.1 0.2 0.5 1.5 2147483648 9223372036854775807 18446744073709551616 0.00001 1000000 0.3")

    def call(self) -> str:
        arguments = ",".join(self.formula(1) for _ in range(self.random.randint(1, 2)))
        return self.one("LEN FLOOR CEIL ROUND RINT TRUNC ABS SQRT POW REMAINDER TOUPPER NOPE abc MD5 IF 5") + f"({arguments})"

    def formula(self, depth: int) -> str:
        pick, space = self.random.random(), self.space()
        if depth <= 0 or pick < 0.1:
            return space + self.operand() + space
        if pick < 0.17:
            return f"({self.formula(depth - 1)})"
        if pick < 0.27:
            return self.one("- ! !! -- -!") + self.formula(depth - 1)
        if pick < 0.35:
            return f"{self.formula(depth - 1)}?{self.formula(depth - 1)}::{self.formula(depth - 1)}"
        if pick < 0.47:
            return f'"{self.one(["${A}", "${C}", "${PH}", "abc", "12ab"])}"{space}{self.one(": =~")}{space}{self.pattern()}'
        operator = self.one("+ - * / % + - | & = != < > <= >= || && == ~~ : =~ = = ,")
        return f"{self.formula(depth - 1)}{space}{operator}{space}{self.formula(depth - 1)}"

    def pattern(self) -> str:
        body = "".join(
            self.one([".", "a", "b", "[0-9]", "[^a]", "*", "+", "?", "(", ")", "(.)", "(a|hel)", "^", "$ ", "l", "\\+",
                      "[a-z]+", "(.*)-", "{2}", "|", "[[:digit:]]", "([0-9]+)", "\\."])
            for _ in range(self.random.randint(1, 5))
        )
        return f'"{body}"' if self.random.random() < 0.8 else body

    # -- functions
    def word(self) -> str:
        return self.one(["abc", "Hello", "a b", "5", "", "a-b", '"q"', "x\\,y", " s ", "${A}", "${F}", "${N}", "${UTF}", "1"])

    def function(self, depth: int) -> str:
        cut = self.one([""] * 8 + [":1", ":-2", ":0:2", ":1:-1"])
        return f"${{{self.invocation(depth)}{cut}}}"

    def invocation(self, depth: int) -> str:
        kinds = [self.plain, self.listy, self.logical, self.math, self.replacing, self.effects, self.other]
        if depth > 0 and self.random.random() < 0.3:
            return self.one("LEN TOUPPER EVAL PASSTHRU ISNULL EXISTS QUOTE MD5") + f"({self.piece(depth)})"
        return self.random.choice(kinds)()

    def plain(self) -> str:
        name = self.one(
            "LEN TOUPPER TOLOWER QUOTE CSV_QUOTE KEYPADHASH URIENCODE URIDECODE BASE64_ENCODE BASE64_DECODE MD5 SHA1 "
            "ISNULL EXISTS EVAL PASSTHRU TRIM LTRIM RTRIM DIGIT_SUM NOSUCH"
        )
        return f"{name}({self.one([self.word(), self.word(), 'a%20b%4', 'aGVsbG8=', '%41%4g', '  x  ', self.number()])})"

    def field(self) -> str:
        return self.one(["1", "2", "3", "1-2", "2-", "-2", "1&3", "0", "9", "", "x", "3-1", "2&1", "-", " 2", "-1-2"])

    def delimiter(self) -> str:
        return self.one(["-", "-", "\\,", ".", "", "ab", "\\\\x2d", "\\t", '","', " ", "&", "\\0"])

    def listy(self) -> str:
        name, field, delimiter = self.one("C C D IP UNSET SP KEYS E".split()), self.field(), self.delimiter()
        wanted = self.one(["a", "b", "B", "2", "", "zz", "1.2"])
        return self.one([
            f"CUT({name},{delimiter},{field})", f"CUT({name},{delimiter},{field})", f"FIELDQTY({name},{delimiter})",
            f"FIELDNUM({name},{delimiter},{wanted})", f"LISTFILTER({name},{delimiter},{wanted})", f"FIELDQTY({name})",
            f"SORT({self.one(['b:2,a:1', '${KEYS}', 'a:1.5,b:-2,c', 'a', ''])})", f"CUT({name},{delimiter})",
        ])  # fmt: skip

    def logical(self) -> str:
        test = self.one(["1", "0", "", "00", "-1", "abc", " 0", "0x", "$[1=2]", '$["${A}"="hello"]', "${E}", "(a", "[b"])
        yes, no = self.word(), self.word()
        return self.one([
            f"IF({test}?{yes}:{no})", f"IF({test}?{yes})", f"IF({test}?:{no})", f"IF({test}?{yes}:{no}:x)", f"IF({test})",
            f"IFTIME({self.timespec()}?{yes}:{no})", f"DIALPLAN_EXISTS({self.one(['target', 'none'])},100,{self.one('1 2 3')})",
            f"DIALPLAN_EXISTS({self.one(['target', 'none', ''])})", f"GLOBAL({self.one('GV NOGV')})",
            "STRFTIME(" + self.one("0 1000000000 1700000000") + ",UTC," + self.one(
                ["%Y-%m-%d", "%H:%M:%S", "%a %A %b %B", "%j %U %w %u", "%D %T %p %I", "%%", "%e|%k|%l", "%V %G %W %C %y",
                 "%c", "", "x"]) + ")",
            f'REGEX({self.pattern()} {self.one(["abc", "${A}", "${PH}", ""])})', f'REGEX("{self.one(_REGEXES)}" x1)',
        ])  # fmt: skip

    def timespec(self) -> str:
        hours = self.one(["*", "", "0:00-23:59", "00:00-12:00", "12:00-0:00", "9:5", "25:00-1:00", "8-9", "22:00-05:00"])
        days = self.one(["*", "mon-fri", "sat&sun", "sun", "2-6", "fri-mon", "xyz", "1&3&5", "Mon"])
        return f"{hours},{days},{self.one(['*', '1-31', '1-15', '16-31', '0', '31-1'])},{self.one('* jan-jun jul-dec 1-12 dec')}"

    def math(self) -> str:
        left, right = self.one([self.number(), "-4", "${N}", "x", ""]), self.one([self.number(), "-2", "0", "", "x", " 3"])
        sign = self.one("+ - * / % ^ << >> AND OR XOR < > <= >= == =")
        kind = self.one(["", "", ",f", ",int", ",i", ",hex", ",h", ",c", ",FLOAT", ",x"])
        return self.one([
            f"MATH({left}{sign}{right}{kind})", f"MATH({left}{sign}{right}{kind})", f"MIN({left},{right})",
            f"MAX({left},{right})", f"ABS({left})",
            "SPRINTF(" + self.one("%d %5d %-5d| %05d %x %X %o %u %c %i %+d %.2f %8.3f %e %g %s %10s| %.2s %% a%db %s-%s %z %".split())
            + f",{left},{right})",
        ])  # fmt: skip

    def replacing(self) -> str:
        name = self.one("A C PH F UNSET SP UTF".split())
        find = self.one(["l", "-", "a-c", "he", "\\,", " ", "", "o", "\\\\n", "b\\", "aeiou"])
        return self.one([
            f"REPLACE({name},{find},{self.one(['_', '', 'xy', '-'])})", f"REPLACE({name},{find})",
            f"STRREPLACE({name},{find},{self.one(['_', '', 'xy'])})", f"STRREPLACE({name},{find},z,{self.one('1 0 -1 x 2')})",
            f"STRBETWEEN({name},{find})", f"FILTER({self.one(_ALLOWED)},{self.word()})",
            f"FILTER({find},${{{name}}})", f"HASH({name},k)", f"ARRAY({name})", f"CALLERID({name})",
        ])  # fmt: skip

    def effects(self) -> str:
        name = self.one("N B D C UNSET E A NEG")
        return self.one([
            f"INC({name})", f"DEC({name})", f"SHIFT({name})", f"POP({name},{self.delimiter()})", f"SET(NEW={self.word()})",
            f"SHIFT({name},{self.delimiter()})}}${{{name}", f"SET({name}={self.word()})}}-${{{name}", f"INC({name})}}:${{{name}",
            f"SET(_{name}=1)}}${{{name}", f"SET({name})", f"SET(={name})",
        ])  # fmt: skip

    def other(self) -> str:
        return self.one(["LEN", "len", "IF", "CUT", "MATH", "REGEX", "SPRINTF", "UPPER"]) + "(" + self.piece(1) + self.one(["", ",", ",1"]) + ")"


# -- the real thing
MODULES = """
    pbx_config res_clioriginate res_speech res_agi app_verbose app_stack res_timing_timerfd codec_ulaw func_logic func_strings func_cut
    func_math func_uri func_base64 func_md5 func_sha1 func_sprintf func_dialplan func_global func_callerid func_channel
""".split()


class Asterisk:
    """A private Asterisk in a root directory, its files in a new folder below the root's /tmp."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Path(tempfile.mkdtemp(prefix="concierge-expressions-", dir=root / "tmp"))
        self.inside = Path("/") / self.folder.relative_to(root)
        self.process: subprocess.Popen[bytes] | None = None
        found = subprocess.run(["chroot", str(root), "asterisk", "-V"], capture_output=True, text=True, check=True)
        self.version = int(re.findall(r"[0-9]+", found.stdout)[0])

    def write(self, extensions: str) -> None:
        """All configuration."""
        modules = next(iter([*self.root.glob("usr/lib/*/asterisk/modules"), self.root / "usr/lib/asterisk/modules"]))
        folders = {"astetcdir": self.inside, "astmoddir": Path("/") / modules.relative_to(self.root)}
        for name in ("astvarlibdir", "astdbdir", "astkeydir", "astagidir", "astspooldir", "astrundir", "astlogdir"):
            folders[name] = self.inside
        folders["astdatadir"] = Path("/usr/share/asterisk")
        lines = [f"{name} => {value}" for name, value in folders.items()]
        files = {
            "asterisk.conf": "[directories]\n" + "\n".join(lines) + "\n[options]\nverbose = 0\n",
            "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in MODULES),
            "logger.conf": "[general]\n[logfiles]\nnone => error\n",
            "extensions.conf": extensions,
        }
        for name, text in files.items():
            (self.folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    def start(self) -> None:
        """Run until fully booted, at most 60 s."""
        command = ["chroot", str(self.root), "asterisk", "-C", str(self.inside / "asterisk.conf"), "-f"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=quiet, stdout=quiet, stderr=quiet, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}
        )
        limit = time.monotonic() + 60
        while "fully booted" not in self.cli("core waitfullybooted"):
            if time.monotonic() > limit or self.process.poll() is not None:
                raise RuntimeError(f"Asterisk in {self.root} did not start")
            time.sleep(0.1)

    def cli(self, command: str) -> str:
        """A command's output."""
        line = ["chroot", str(self.root), "asterisk", "-C", str(self.inside / "asterisk.conf"), "-rx", command]
        return subprocess.run(line, capture_output=True, check=False).stdout.decode("utf-8", "replace")

    def stop(self) -> None:
        """End it and remove its files."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


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
    return [f"same => n,Set({name}={value})" for name, value in values.items()] + ["same => n,Set(NEW=)", "same => n,Set(UNSET=)"]


class Collector(threading.Thread):
    """FastAGI server that reads the results of every batch that calls."""

    def __init__(self, count: int) -> None:
        super().__init__(daemon=True)
        self.count, self.results = count, dict[int, bytes]()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.finished = threading.Event()

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
            self.results[number] = value[1] if value else b""
        if len(self.results) == self.count:
            self.finished.set()


def measured(root: Path, texts: list[str]) -> tuple[int, dict[int, str]]:
    """The Asterisk's main version, and what it makes of each text (those of a batch that failed are missing)."""
    collector, asterisk = Collector(len(texts)), Asterisk(root)
    try:
        asterisk.write(plan(texts, collector.port))
        collector.start()
        asterisk.start()
        for batch in range((len(texts) + BATCH - 1) // BATCH):
            before = len(collector.results)
            asterisk.cli(f"channel originate Local/s@c{batch}/n application NoOp")
            limit = time.monotonic() + 20
            while len(collector.results) < min(before + BATCH, len(texts)) and time.monotonic() < limit:
                if asterisk.process is None or asterisk.process.poll() is not None:
                    print(f"Asterisk ended in batch {batch}", file=sys.stderr)
                    asterisk.start()
                    break
                time.sleep(0.005)
    finally:
        asterisk.stop()
        collector.server.close()
    return asterisk.version, {n: value.decode("utf-8", "surrogateescape") for n, value in collector.results.items()}


def expected(text: str, number: int, version: int, now: datetime) -> str | Unknown:
    """Our value, Unknown where we cannot tell."""
    world = World(globals={"GV": "gval"}, dialplan_exists=exists, version=version)
    value = evaluation(f"R{number}={text}", {**VARIABLES, "NEW": ""}, world=world, now=now).value
    if isinstance(value, Unknown):
        return value
    return value[len(f"R{number}=") :]


def compare(root: Path, texts: list[str], show: int) -> collections.Counter[str]:
    """Run and judge; prints at most `show` differences."""
    before = datetime.now(UTC)
    version, results = measured(root, texts)
    totals: collections.Counter[str] = collections.Counter(texts=len(texts), answered=len(results))
    for number, text in enumerate(texts):
        if number not in results:
            continue
        ours = expected(text, number, version, before)
        if isinstance(ours, Unknown):
            totals["unknown"] += 1
            totals[f"  unknown: {ours.reason[:60]}"] += 1
            continue
        if ours != results[number]:
            ours = expected(text, number, version, datetime.now(UTC))
        totals["equal" if ours == results[number] else "different"] += 1
        if ours != results[number] and totals["different"] <= show:
            print(f"{version}: {text!r}\n   Asterisk {results[number]!r}\n   ours     {ours!r}")
    return totals


def default_roots() -> Iterator[Path]:
    """The cached roots that are there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concierge"
    for name in ("asterisk-22", "asterisk-16"):
        if (cache / name).is_dir():
            yield cache / name


def main() -> int:
    """The command; 1 when something differs or is not answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=30)
    parser.add_argument("--reasons", action="store_true", help="also list why texts are unknown")
    parser.add_argument("--root", type=Path, action="append", help="an Asterisk root (repeatable)")
    arguments = parser.parse_args()
    generator = Generator(arguments.seed)
    texts = [generator.text() for _ in range(arguments.count)]
    failed = False
    for root in arguments.root or list(default_roots()):
        totals = compare(root.resolve(), texts, arguments.show)
        print(root, {name: value for name, value in totals.most_common() if not name.startswith(" ")})
        if arguments.reasons:
            print("\n".join(f"{name}: {value}" for name, value in totals.most_common() if name.startswith(" ")))
        failed |= bool(totals["different"]) or totals["answered"] < totals["texts"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
