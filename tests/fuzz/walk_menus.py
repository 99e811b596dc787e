"""Random small dialplans as people write them: menus with retries, loops, subroutines, calls that are not answered.

Unlike those of walk_plans.py their jumps lead somewhere, so that calls go on for long; one line may then be broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

STATUSES = ("BUSY", "CONGESTION", "NOANSWER", "CHANUNAVAIL")


class Menus:
    """Writes one dialplan; `name` begins every context's name. `ifs`: with If.

    `dial` is a Dial that comes to the next result.
    """

    def __init__(self, random: Random, name: str, dial: str, ifs: bool = False) -> None:
        self.random, self.name, self.dial, self.ifs = random, name, dial, ifs
        self.contexts = [name + letter for letter in "abc"[: random.randint(2, 3)]]
        self.sub = name + "sub"
        self.labels = 0

    def plan(self) -> list[str]:
        """The lines of the contexts."""
        lines: list[str] = []
        for context in self.contexts:
            lines += [f"[{context}]", *self._menu(context)]
            if self._chance(0.3):
                lines.append(f"include => {self.name}more")
        lines += [f"[{self.sub}]"]
        for exten in ("one", "two"):
            lines += _written(exten, [*self._body(1, in_sub=True), f"Return({self._pick('ok', '${ARG1}', '')})"])
        lines += [f"[{self.name}more]", *_written("h", ["NoOp(${C}-${DIALSTATUS}-${READSTATUS})", "NoOp(${V})"])]
        lines += _written("7", ["NoOp(more)", f"Goto({self._pick(*self.contexts)},s,again)"])
        return lines

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _pick(self, *things: str) -> str:
        return self.random.choice(things)

    def _menu(self, context: str) -> list[str]:
        head = ["Set(C=0)"] if self._chance(0.5) else ["Set(C=0)", *self._body(1)]
        lines = _written("s", [*head, "again:" + self._asking(), *self._waiting()])
        keys = [key for key in ("1", "2", "3", "12", "_4X", "_5!", "*", "#", "0") if self._chance(0.45)]
        for key in keys or ["1"]:
            lines += _written(key, [*self._body(self.random.randint(1, 3)), self._way_on()])
        for handler, share in (("i", 0.8), ("t", 0.8), ("e", 0.3), ("h", 0.2)):
            if self._chance(share):
                lines += _written(handler, self._handler(handler))
        for status in (*STATUSES, "ANSWER", "."):
            if self._chance(0.5):
                exten = f"s-{status}" if status != "." else "_s-."
                lines += _written(exten, [f"NoOp({status})", self._way_on()])
        return lines

    def _asking(self) -> str:
        return self._pick("Background(menu)", "Background(menu)", "Background(ask&menu)", "Playback(beep)", "NoOp(ask)")

    def _waiting(self) -> list[str]:
        more = ["WaitExten(1)", *self._retry("t")] if self._chance(0.3) else ["WaitExten(1)"]
        return more if self._chance(0.85) else []

    def _handler(self, which: str) -> list[str]:
        if which == "h":
            return ["NoOp(${C}-${EXTEN})", *self._body(1, in_sub=True)]
        return ["NoOp(${INVALID_EXTEN}-${EXCEPTION(reason)})", *self._retry(which)]

    def _retry(self, which: str) -> list[str]:
        del which
        count = self._pick("Set(C=$[${C} + 1])", "Set(C=${INC(C)})", "NoOp(${INC(C)})", "Set(C=${MATH(${C}+1,int)})")
        most = self.random.randint(1, 3)
        back = self._pick("s,again", "s,again", "s,1", f"{self._pick(*self.contexts)},s,again")
        out = self._pick("Hangup()", "Playback(beep)", self.dial, f"Goto({self._pick(*self.contexts)},s,1)")
        if self._chance(0.5):
            return [count, f"GotoIf($[${{C}} < {most}]?{back})", out]
        return [count, f"ExecIf($[${{C}} < {most}]?Goto({back}))", out]

    def _way_on(self) -> str:
        context = self._pick(*self.contexts)
        return self._pick(
            f"Goto({context},s,1)", f"Goto({context},s,again)", "Goto(s,again)", "Hangup()", "NoOp(end)",
            "WaitExten(1)", f"Goto({self._pick('1', '2', '*', '0', 'i', 't', '99')},1)", "RaiseException(oops)",
            "Incomplete()",
            f"Goto(s,{self._pick('again', '1', '2')})", "Return()", "Congestion(1)",
        )  # fmt: skip

    def _body(self, size: int, in_sub: bool = False) -> list[str]:
        makers: list[Callable[[], Sequence[str]]] = [
            self._set, self._set, self._loop, self._gosub, self._calling, self._reading, self._condition, self._run,
            self._condition, self._handler_of_hangup,
        ]  # fmt: skip
        if in_sub:
            makers = [self._set, self._set, self._loop, self._condition, self._run]
        if self.ifs:
            makers += [self._if, self._if]
        found: list[str] = []
        for _ in range(size):
            found += self.random.choice(makers)()
        return found

    def _set(self) -> list[str]:
        return [
            self._pick(
                "Set(V=1)", "Set(V=${EXTEN})", "Set(__V=2)", "MSet(V=1,W=2)", "Set(LOCAL(V)=3)", "Set(V=${ARG1})",
                "Set(W=$[${C} * 2])", "NoOp(${V}-${W}-${LOCAL(V)})", "NoOp(${ARG1}-${ARG2}-${ARGC})",
                "Set(ARRAY(V,W)=1,2)", "Set(V=${IF($[${C} > 0]?yes:no)})", "Set(V=${CUT(EXTEN,-,2)})",
                "Set(V=${V}${C})", "Set(W=${LEN(${V})})",
                "NoOp(${CONTEXT:-1}-${EXTEN:1}-${PRIORITY})", "Set(TIMEOUT(response)=1)", "Set(GLOBAL(G${C})=1)",
            )
        ]  # fmt: skip

    def _handler_of_hangup(self) -> list[str]:
        action = self._pick("push", "push", "push", "pop", "wipe")
        place = self._pick(f"{self.sub},one,1(x)", f"{self.sub},two,1", "s,1", "", "nowhere,1")
        return [f"Set(CHANNEL(hangup_handler_{action})={place})"]

    def _loop(self) -> list[str]:
        most = self.random.randint(1, 3)
        inner = self._pick(
            "NoOp(${N})", f"ExecIf($[${{N}} = {most}]?ExitWhile())", "ExecIf($[${N} = 1]?ContinueWhile())",
            "Background(menu)", f"ExecIf($[${{N}} = 2]?Goto({self._label()}))", "Read(V,menu,1,,1,1)",
        )  # fmt: skip
        label = f"l{self.labels}:" if f"l{self.labels})" in inner else ""
        start = self._pick(f"While($[${{N}} < {most}])", f"While($[${{INC(N)}} < {most + 1}])")
        count = [] if "INC" in start else ["Set(N=$[${N} + 1])"]
        nested = self._condition() if self._chance(0.3) else []
        return ["Set(N=0)", start, *count, inner, *nested, "EndWhile()", f"{label}NoOp(after ${{N}})"]

    def _label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def _gosub(self) -> list[str]:
        sub = self._pick("one", "two")
        arguments = self._pick("", "(1)", "(${EXTEN},b)", "(a,,c)")
        call = self._pick(
            f"Gosub({self.sub},{sub},1{arguments})", f"GosubIf($[${{C}} < 2]?{self.sub},{sub},1{arguments})",
            f"ExecIf(1?Gosub({self.sub},{sub},1{arguments}))", f"GosubIf(0?{self.sub},one,1:{self.sub},two,1(x))",
        )  # fmt: skip
        return [call, "NoOp(${GOSUB_RETVAL}-${ARG1})"]

    def _calling(self) -> list[str]:
        after = self._pick(
            "Goto(s-${DIALSTATUS},1)", "NoOp(${DIALSTATUS})", 'ExecIf($["${DIALSTATUS}" = "BUSY"]?Hangup())'
        )
        exit_context = [f"Set(EXITCONTEXT={self._pick(*self.contexts)})"] if self._chance(0.2) else []
        options = self._pick("", "", ",g", ",d", ",gd")
        return [*exit_context, f"{self.dial[:-1]}{options})", after]

    def _reading(self) -> list[str]:
        read = self._pick("Read(V,menu,1,,1,1)", "Read(V,menu,2,,2,1)", "Read(V,,3,,1,1)", "Read(V,menu,1,e,2,1)")
        after = self._pick(
            "Goto(${V},1)", "GotoIf($[\"${V}\" = \"1\"]?s,again)", "NoOp(${V}-${READSTATUS})",
            "GotoIf(${DIALPLAN_EXISTS(${CONTEXT},${V},1)}?${V},1)",
            "ExecIf($[\"${READSTATUS}\" = \"TIMEOUT\"]?Hangup())",
        )  # fmt: skip
        return [read, after]

    def _condition(self) -> list[str]:
        label = self._label()
        test = self._pick(
            '$["${V}" = "1"]', "$[${C} > 0]", "${EXISTS(${V})}", '$["${EXTEN}" != "s"]', "0", "1", "$[${C}]"
        )
        call = self._pick(f"GotoIf({test}?{label})", f"ExecIf({test}?Goto({label}))", f"GotoIf({test}?:{label})")
        return [call, "NoOp(not jumped)", f"{label}:NoOp(there)"]

    def _if(self) -> list[str]:
        lines = [f"If({self._test()})", *self._branch()]
        for _ in range(self.random.randint(0, 2)):
            lines += [f"ElseIf({self._test()})", *self._branch()]
        if self._chance(0.5):
            lines += ["Else()", *self._branch()]
        return [*lines, *(["EndIf()"] if self._chance(0.9) else []), "NoOp(after if)"]

    def _test(self) -> str:
        return self._pick('$["${V}" = "1"]', "$[${C} > 0]", "0", "1", "${V}")

    def _branch(self) -> list[str]:
        if self._chance(0.2):
            return self._if() if self._chance(0.6) else self._loop()
        return [
            self._pick(
                "NoOp(in)", "Set(V=1)", "Set(V=)", "ExitIf()", "ExecIf($[${C} > 0]?ExitIf())", "Set(C=$[${C} + 1])",
                "Goto(s,again)", "ExitWhile()", "EndIf()",
            )
        ]  # fmt: skip

    def _run(self) -> list[str]:
        return [
            self._pick(
                "Playback(beep)", "Wait(0.1)", "Verbose(1,x)", "TryExec(NoOp(${V}))", "Exec(Set(V=4))", "Answer()",
                "TryExec(Busy(1))", "ExecIf(1?Playback(note):NoOp())", "SayDigits(1)", "Progress()", "StackPop()",
                "GotoIfTime(*,*,*,*?+1)", "Background(menu)", "WaitExten(0.6)", "NoOp(${SHIFT(L)}${POP(L)})",
            )
        ]  # fmt: skip


def _written(exten: str, calls: Sequence[str]) -> list[str]:
    lines = []
    for number, call in enumerate(calls):
        label, colon, rest = call.partition(":")
        named = f"({label})" if colon and label.isalnum() else ""
        lines.append(f"exten => {exten},{number + 1 if not number else 'n'}{named},{rest if named else call}")
    return lines


def broken(random: Random, lines: Sequence[str]) -> list[str]:
    """With one line left out, said twice, or in another place."""
    at = random.choice([at for at, line in enumerate(lines) if line.startswith("exten")])
    other = random.choice([line.partition(",")[2].partition(",")[2] for line in lines if line.startswith("exten")])
    head = ",".join(lines[at].split(",")[:2])
    changed = random.choice([[], [lines[at], lines[at]], [f"{head},{other}"]])
    return [*lines[:at], *changed, *lines[at + 1 :]]
