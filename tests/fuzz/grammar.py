"""Random configuration files: everything a dialplan may hold, and what it should not."""

# ruff: noqa: E501 - word lists
from __future__ import annotations

import random

_CONTEXTS = ["a", "b", "c", "A", "general", "globals", "GLOBALS", "default", "x y", "n" * 79, "n" * 85, "", "ż"]
_EXTENSIONS = ["s", "1", "12", "1-2", "123", "_X.", "_x.", "_1XX", "_1xx", "_[1-3]X", "_[321]x", "_[1-3]", "_N!", "_!", "_.",
    "_Z-X", "_[13-5a]", "_[]X", "_[", "_[a", "_[5-1]2", "_[5-19]", "_12.", "_1[2]", "i", "t", "h", "_s-.", "s-BUSY", "1 2",
    "_[1 2]", "_[1-3-]X", "_[-1]", "_[,]1", "_[[1]", "_]1", "", "*9", "_*X", "é", "_[é]", "a]b", "(1)", "+48",
    "_+X.", "1/", "${G1}", "${G2}", "1${G3}", "_${G1:1}", "$[1+${G4}]", "${G${G4}}", "${NONE}5", "$1", "_X-[1-2]-!", "_1X/2", "x" * 300]  # fmt: skip
_CIDS = ["", "", "", "", "", "", "/", "/1", "/_1X", "/(12) 3-4", "/_[1-3]X.", "/1.2.", "/_N-X", "/${G1}", "/a/b", "/[1"]
_PRIORITIES = ["1", "1", "1", "2", "3", "n", "n", "n", "n", "n", "n", "s", "next", "same", "hint", "n+2", "1+1", "lab", "lab+101", "foo",
    "n(lab)", "n(lab)", "n(foo)", "1(foo)", "n()", "n(foo", "n (foo)", "n(a)b", "0", "-1", "1x", " 2 ", "02", "4294967297",
    "99999999999999999999", "1+-1", "1+-3", "s(q)", "hint(l)", "hint+2", "N", "n+x", "+2", "", "lab+", "2(lab)+5", "1+1(foo)", "\t3"]  # fmt: skip
_CALLS = ["NoOp()", "NoOp(a,b)", "Dial(SIP/1,20)", "Hangup", "NoOp(", "NoOp(a)b", "NoOp(a(b)", " NoOp (x)", "Goto(s,1)", "",
    "Set(a=b)", "SIP/1", "${G1}", "SIP/${G1}", "A${X}(b)", "$[1]", "Set(x=1\\;2)", "NoOp(a;b)", "NoOp,1", "(x)", "App)(",
    "NoOp(é)", "Set(a=[,)", "Custom:x(foo)", "SIP/1&SIP/2", "P(" + "y" * 200 + ")", "X(  )"]  # fmt: skip
_TIMES = ["", "", "", ",9:00-17:00,mon-fri,*,*", "|9:00-17:00|*|*|*", ",*,*,*,*", ",25:00,x,32,foo", ",9:00&10:00-11:00", ",",
    ",9:00|10:00", ",*,*,1-5&7,jan-feb,UTC", ",,,,", ",09:00-,*,*,*"]  # fmt: skip
_GLOBALS = ["G1 = 12", "G2 => _X.", "G3=", "G4 = 1", "G1 => 7${G4}", "__G5 = x", "_G4=2", "G6 = ${G1}${G1:1}${G1:-1:1}", "G1+=3", "G2 += 4",
    "g1 += 5", "G7 = a;b", "G8 = a\\;b", "F(x) = 1", "G9 = ${NONE}-${G1:0:1}", "= 5", "G10 = ${G1", "G12 = $[${G1}+2]", "G13=$[1>2]x$[a]", "G1=1", "g1=1", "G11=$5$"]  # fmt: skip
_FILES = ["a.conf", "a.conf", "b.conf", "sub/c.conf", "sub/*.conf", "{a,b}.conf", "sub/[cd].conf", '"a.conf"', "<b.conf>", "sub/d.conf",
    "{a.conf,sub/c.conf}", "s\\ub/c.conf", "s\\ub/*.conf", "a.conf ; c", "./a.conf", "sub/?.conf", "[ab].conf"]  # fmt: skip
_BAD_FILES = ["*.none", "missing.conf", "sub", '"a.conf', "/etc/none.conf", "", '"', "extensions.conf"]
_ODD = ["foo", "foo bar", "=", "= x", "\\foo = 1", "\\[x] = 2", "#", "#foo", "#include", "#exec /bin/true",
    "]", ";", ";;", ";---", "; text", "autohints = yes", "autohints => no", "samething => n,NoOp()", "SAME => n,NoOp()", "Exten => 9,1,A(b)",
    "unknown => x", "exten", "exten =", "exten =>", "same =", "same => ", "+=", "a += 1", "exten +=> 1", "\\#a=1", "autofallthrough = no",
    "\x0bsame=>n,B(c)", "exten \t=\t> 4,1,C(d)", "exten = > 4,1,C(d)", "exten == 5,1,E()"]  # fmt: skip
_FATAL = ["[a", "[a](", "\\", "\\ a=1", "[]"]
_NOISE = '[](){}$;-=>+,/\\#!_&|:"<> \t\rżnX1.\x01'


class Grammar:
    """Everything from one random source, so that a seed gives the same files again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def files(self) -> dict[str, bytes]:
        """extensions.conf and what it may include."""
        self._headers: list[str] = []
        files = {"extensions.conf": self._text(self.random.randint(1, 40), top=True)}
        for name in ("a.conf", "b.conf", "sub/c.conf", "sub/d.conf"):
            if self.random.random() < 0.6:
                files[name] = self._text(self.random.randint(0, 12), top=False)
        return files

    def _text(self, count: int, *, top: bool) -> bytes:
        lines = [] if not top or self._seldom(0.05) else [self._header()]
        lines += [self._line() for _ in range(count)]
        end = "" if self._seldom(0.1) else "\n"
        text = ("\r\n" if self._seldom(0.1) else "\n").join(lines) + end
        if self._seldom(0.25):
            text = self._damaged(text)
        data = text.encode()
        return b"\xef\xbb\xbf" + data if self._seldom(0.05) else data

    def _line(self) -> str:
        pick = self.random.random()
        if pick < 0.38:
            line = f"exten{self._arrow()}{self._one(_EXTENSIONS)}{self._one(_CIDS)},{self._one(_PRIORITIES)},{self._one(_CALLS)}"
        elif pick < 0.6:
            line = f"same{self._arrow()}{self._one(_PRIORITIES)},{self._one(_CALLS)}"
        elif pick < 0.71:
            line = self._header()
        elif pick < 0.76:
            line = f"include{self._arrow()}{self._one(_CONTEXTS)}{self._one(_TIMES)}"
        elif pick < 0.79:
            line = self._one(["ignorepat => 9", "ignorepat => _9X", "ignorepat=9", "switch => Lua/x", "lswitch => Lua/${X}",
                "eswitch = Lua/X", "switch => lua/X", "switch => Lua", "switch=${G1}/a/b", "ignorepat => ${G1}"])  # fmt: skip
        elif pick < 0.84:
            line = f"#{self._one(['include', 'tryinclude', 'INCLUDE'])} {self._one(_FILES)}"
            if self._seldom(0.15):
                line = f"#{self._one(['include', 'tryinclude', 'tryinclude'])} {self._one(_BAD_FILES)}"
        elif pick < 0.92:
            line = self._one(_GLOBALS)
        elif pick < 0.993:
            line = self._one(_ODD)
        elif pick < 0.995:
            line = self._one(_FATAL)
        else:
            line = f"exten => 77,1,NoOp({'z' * self.random.randint(8160, 8180)})"
        return self._space() + self._commented(line) + self._space()

    def _header(self) -> str:
        """Mostly fit to be loaded: what is inherited from tends to exist."""
        name = self._one(_CONTEXTS)
        if not self._seldom(0.14):
            self._headers.append(name)
            return f"[{name}]"
        if self._seldom(0.08) or not self._headers:
            return f"[{name}]" + self._one(["(+)", "(zz)", "()", "(+", "(A)x", "(,)", "(+exten=1)", "(a,b)", "(a)"])
        known = self._one(self._headers)
        other = self._one(
            [name for name in self._headers if name and known and name.lower() != known.lower()] or ["zz"]
        )  # (+,itself) never ends
        options = ["(!)", f"({known})", f"({known},{other})", f"(!,{known})", " (+)", f"({known})x", "(!,!)", "(!)"]
        if self._seldom(0.4):
            return f"[{known}]" + self._one(
                ["(+)", "(+)", f"(+,{other})", f"({other},+)", "(+,+)", "(+,!)", "(+exten=.)"]
            )
        self._headers.append(name)
        return f"[{name}]" + self._one(options)

    def _commented(self, line: str) -> str:
        pick = self.random.random()
        if pick > 0.15:
            return line
        at = self.random.randint(0, len(line))
        return self._one([f"{line} ; comment", f"{line};-- c --;", f"{line[:at]};-- c --;{line[at:]}", f";-- {line}", f"{line} --;",
            f";-- {line} --;", f";--- {line}", f"{line} ;-- a ;-- b --; c --; d", f"{line[:at]}\\;{line[at:]}", f";{line}"])  # fmt: skip

    def _damaged(self, text: str) -> str:
        chars = list(text)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(chars) + 1)
            if self._seldom(0.5) and at < len(chars) and chars[at] not in "[]\n":
                del chars[at]
            else:
                chars.insert(at, self.random.choice(_NOISE))
        return "".join(chars)

    def _arrow(self) -> str:
        return self._one([" => ", " => ", " => ", "=>", "=", " = ", "\t=> ", " =>\t"])

    def _space(self) -> str:
        return self._one(["", "", "", "", " ", "\t", "  "])

    def _one(self, choices: list[str]) -> str:
        return self.random.choice(choices)

    def _seldom(self, share: float) -> bool:
        return self.random.random() < share
