"""Random small dialplans full of what decides where a call goes, and callers for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from walk_menus import Menus, broken

STUB = "walk-stub"
PROMPTS, SHORT = ("menu", "ask"), ("beep", "note")
MISSING = ("nothing-here",)
"""Named, and not there."""
RESULTS = (*("BUSY", "CONGESTION", "NOANSWER", "CHANUNAVAIL", "ANSWER") * 3, "1", "2", "*")
"""Of Dial; a key is pressed while it rings."""
KEYS = "1234509*#"
MANY_RESULTS = 40

STUB_CONTEXT = f"""[{STUB}]
exten => BUSY,1,Busy(1)
exten => CONGESTION,1,Congestion(1)
exten => NOANSWER,1,Wait(30)
exten => _[0-9*#],1,Wait(30)
exten => ANSWER,1,Answer()
 same => n,Wait(0.2)
 same => n,Hangup()
"""


@dataclass(frozen=True)
class Walk:
    """One dialplan (contexts with names of its own) and one caller. `results`: of Dial, in order."""

    name: str
    lines: tuple[str, ...]
    keys: tuple[str, ...]
    results: tuple[str, ...]

    @property
    def context(self) -> str:
        """Where the call begins."""
        return self.name + "a"

    def renamed(self, name: str) -> Walk:
        """The same with other names, so that both can be loaded."""
        return replace(self, name=name, lines=tuple(line.replace(self.name, name) for line in self.lines))

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass
class Writer:
    """Writes one dialplan; `name` begins every context's name."""

    random: Random
    name: str
    contexts: list[str] = field(default_factory=list)
    extens: dict[str, list[str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    context: str = ""
    exten: str = ""
    length: int = 1

    def plan(self) -> list[str]:
        """The lines of the contexts."""
        self.contexts = [f"{self.name}{letter}" for letter in "abc"[: self.random.randint(1, 3)]]
        for context in self.contexts:
            self.extens[context] = ["s", *self._some_extens()]
        lines: list[str] = []
        for context in self.contexts:
            self.context = context
            lines.append(f"[{context}]")
            for exten in self.extens[context]:
                self.exten = exten
                lines += self._extension()
            if self.random.random() < 0.25:
                # never in a circle: with one, a While that looks for its EndWhile overflows Asterisk's stack
                later = [name for name in self.contexts if name > self.context]
                lines.append(f"include => {self._pick([*later, self.name + 'zz'])}")
        return lines

    def _pick(self, things: list[str]) -> str:
        return self.random.choice(things)

    def _some_extens(self) -> list[str]:
        usual = ["1", "2", "3", "i", "t"]
        rare = ["12", "123", "45", "0", "*", "#", "e", "h", "_2X", "_[3-5]X", "_X.", "_9!", "_1X", "_.", "_Z", "T"]
        chosen = [name for name in usual if self.random.random() < 0.6]
        return chosen + [name for name in rare if self.random.random() < 0.1] + ["sub"] * self.random.randint(0, 1)

    def _extension(self) -> list[str]:
        r = self.random
        self.length = r.randint(2, 6) if self.exten == "s" else r.randint(1, 4)
        calls = [self._menu] if self.exten == "s" and r.random() < 0.7 else []
        lines, priority = [], 1 if self.exten == "s" else r.choice([1] * 30 + [2])
        self.labels = [name for name in ("x", "y") if r.random() < 0.3]
        for number in range(self.length):
            label = f"({self.labels[number]})" if number < len(self.labels) else ""
            call = self._noop() if self.exten == "h" else self._call()
            call = calls.pop()() if calls and number == self.length - 2 else call
            word = str(priority) if number == 0 else r.choice(["n"] * 25 + ["n+1"])
            lines.append(f"exten => {self.exten},{word}{label},{call}")
        return lines

    def _menu(self) -> str:
        return self._pick(["Background(menu)", "WaitExten(1)", "Read(V,menu,1,,1,1)"])

    def _call(self) -> str:
        makers = [
            (4, self._noop), (5, self._goto), (4, self._gotoif), (3, self._execif), (3, self._set),
            (3, self._gosub), (2, lambda: "Return()"), (1, lambda: "StackPop()"), (4, lambda: "WaitExten(1)"),
            (3, lambda: "Background(menu)"), (2, self._read), (2, self._dial), (1, lambda: "Hangup()"),
            (2, self._while), (3, self._end_while), (1, lambda: "Playback(beep)"),
            (1, self._gosubif), (1, self._rare), (1, self._counter),
        ]  # fmt: skip
        return str(self.random.choices([make for _, make in makers], [weight for weight, _ in makers])[0]())

    def _noop(self) -> str:
        return self._pick(["NoOp(${V})", "NoOp(${EXTEN})", "NoOp(${C}-${DIALSTATUS})", "NoOp(${READSTATUS})"])

    def _condition(self) -> str:
        return self._pick(
            ["1", "0", "", "$[${C} < 3]", "$[${C} > 1]", '$["${V}" = "1"]', '$["${DIALSTATUS}" = "BUSY"]', "00", "0]",
             "x", "$[1 +]", '$["${READSTATUS}" = "TIMEOUT"]', "${EXISTS(${V})}", '$["${EXTEN}" = "s"]']
        )  # fmt: skip

    def _priority(self) -> str:
        return self._pick(["1"] * 8 + ["2", "3", "7", "x", "y", "x", "nope", "n"])

    def _exten(self, context: str) -> str:
        known = [name for name in self.extens[context] if not name.startswith("_")]
        return self._pick(known * 4 + ["77", "4", "25", "gone", "1", "${V}", "${EXTEN}", "${C}"])

    def _target(self) -> str:
        kind = self.random.random()
        if kind < 0.2:
            return self._pick(["1", "x", "y", "2", "9", "+1", "-1", "+2", "nope", ""])
        if kind < 0.75:
            return f"{self._exten(self.context)},{self._priority()}"
        context = self._pick(self.contexts * 3 + [self.name + "gone"])
        return f"{context},{self._exten(context if context in self.extens else self.context)},{self._priority()}"

    def _goto(self) -> str:
        return f"Goto({self._target()})"

    def _gotoif(self) -> str:
        second = f":{self._target()}" if self.random.random() < 0.5 else ""
        return f"GotoIf({self._condition()}?{self._target()}{second})"

    def _gosub_target(self) -> str:
        arguments = self._pick(["", "", "", "(1)", "(a,b)"])
        sub = [context for context in self.contexts if "sub" in self.extens[context]]
        if sub and self.random.random() < 0.6:
            return f"{self._pick(sub)},sub,1{arguments}"
        target = self._target()
        return target + arguments

    def _gosub(self) -> str:
        return f"Gosub({self._gosub_target()})"

    def _gosubif(self) -> str:
        second = f":{self._gosub_target()}" if self.random.random() < 0.4 else ""
        return f"GosubIf({self._condition()}?{self._gosub_target()}{second})"

    def _execif(self) -> str:
        first = self._pick(
            ["Background(menu)", "WaitExten(1)", "Return()", "Hangup()", "NoOp(in)", self._goto(), self._gosub(),
             "Set(C=1)", "NoSuchApp()", "Playback(note)", "Read(V,,1,,1,1)"]
        )  # fmt: skip
        second = self._pick(["", "", ":NoOp(else)", ":Hangup()", ":" + self._goto()])
        return f"ExecIf({self._condition()}?{first}{second})"

    def _set(self) -> str:
        return self._pick(
            ["Set(C=$[${C} + 1])", "Set(C=$[0${C} + 1])", "Set(V=1)", "Set(V=s)", "Set(C=0)", "Set(V=${EXTEN})",
             "Set(V=)", "Set(C=${INC(C)})", "Set(LOCAL(V)=2)", "MSet(V=2,C=3)", "Set(V=${ARG1})", "Set(__V=3)"]
        )  # fmt: skip

    def _counter(self) -> str:
        return "GotoIf($[${INC(C)} < 4]?1)"

    def _read(self) -> str:
        prompt = self._pick(["menu", "", "ask", "nothing-here", "menu&ask"])
        most, options, attempts = (
            self._pick(["1", "2", "", "3"]),
            self._pick(["", "", "s", "e"]),
            self._pick(["1", "2", ""]),
        )
        return f"Read(V,{prompt},{most},{options},{attempts},1)"

    def _dial(self) -> str:
        return f"Dial(Local/${{SHIFT(R)}}@{STUB}/n,1{self._pick(['', '', ',g', ',d'])})"

    def _while(self) -> str:
        return self._pick(["While($[${INC(C)} < 3])", "While($[0${C} < 2])", "While(0)", "While(1)", "While(${V})"])

    def _end_while(self) -> str:
        return self._pick(["EndWhile()", "EndWhile()", "EndWhile()", "ExitWhile()", "ContinueWhile()"])

    def _rare(self) -> str:
        return self._pick(
            ["NoSuchApp(x)", "Goto()", "ReturnX()", "TryExec(NoSuchApp())", "TryExec(NoOp(a))", "Exec(NoOp(a))",
             "GotoIfTime(*,*,*,*?1)", "Wait(0.1)", "WaitExten()", "WaitExten(0.6)", "ExecIf(1?Exec(NoOp(a)))",
             "Set(TIMEOUT(response)=1)", "Congestion(1)", "Busy(1)", "Background(menu,n)", "Background(menu&ask)",
             "Incomplete()", "Background(beep,p)", "GotoIf(1?:2)", "GotoIf(0?2)", "StackPop()", "Read(V)",
             "SayDigits(1)", "Verbose(1,x)", "Set(CHANNEL(language)=en)", "Progress()"]
        )  # fmt: skip


def written(random: Random, name: str, ifs: bool) -> list[str]:
    """Half of the plans are wild, half as people write them, a third of these with a mistake."""
    if random.random() < 0.5:
        return Writer(random, name).plan()
    lines = Menus(random, name, f"Dial(Local/${{SHIFT(R)}}@{STUB}/n,1)", ifs).plan()
    return broken(random, lines) if random.random() < 0.33 else lines


def caller(random: Random) -> tuple[str, ...]:
    """Keys of one call."""
    count = random.choice([0, 1, 1, 2, 2, 3, 4, 5])
    return tuple(random.choice([*KEYS, "1", "2", "(wait)", "(wait)", "(listen)"]) for _ in range(count))


def walks(seed: int, count: int, callers: int = 1, ifs: bool = False) -> list[Walk]:
    """`count` walks, `callers` on each dialplan; the same for the same seed. `ifs`: with If, which 16 has not."""
    random = Random(seed)
    made: list[Walk] = []
    while len(made) < count:
        name = f"w{seed}n{len(made)}q"
        lines = tuple(written(random, name, ifs))
        for _ in range(min(callers, count - len(made))):
            results = tuple(random.choice(RESULTS) for _ in range(MANY_RESULTS))
            made.append(Walk(name, lines, caller(random), results))
    return made
