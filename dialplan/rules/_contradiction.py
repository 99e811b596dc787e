"""Comparisons of one variable that cannot be true together, and those of which one always is."""

from __future__ import annotations

from dialplan.light import pattern

INSIDE = pattern(r"\s*\$\[(?P<text>(?:\$\{[^{}]*\}|[^\[\](){}])*)\]\s*")
ATOM = pattern(
    r'\s*(?P<quote>"?)\$\{(?P<name>[\w-]+|CALLERID\(\w+\))\}(?P=quote)\s*(?P<how>==|!=|=)\s*(?P<other>"[^"$]*"|[\w.-]+)\s*'
)
ORDERED = pattern(
    r'\s*(?P<quote>"?)\$\{(?P<name>[\w-]+)\}(?P=quote)\s*(?P<how><=?|>=?)\s*(?P<q2>"?)(?P<other>-?\d{1,9})(?P=q2)\s*'
)
AND = pattern(r"&&?")
OR = pattern(r"\|\|?")


def why(test: str) -> str:
    """What is wrong with `$[ A & B ]` or `$[ A | B ]`; "" when nothing is, or it cannot be told."""
    whole = INSIDE.fullmatch(test)
    if whole is None:
        return ""
    text = whole["text"]
    if "|" not in text and (name := _clash(AND.split(text), ("=", "=="))):
        return f"{test.strip()} is never true: {name} cannot be both"
    if "|" not in text and (name := _nothing_between(AND.split(text))):
        return f"{test.strip()} is never true: no {name} is both"
    if "&" not in text and (name := _clash(OR.split(text), ("!=",))):
        return f"{test.strip()} is always true: {name} differs from one of them whatever it is"
    return ""


def _clash(parts: list[str], comparisons: tuple[str, ...]) -> str:
    """The variable that two parts compare in this way with different words, quoted in the same way."""
    seen: dict[tuple[str, str], str] = {}
    for part in parts:
        atom = ATOM.fullmatch(part)
        if atom is None or atom["how"] not in comparisons:
            continue
        if atom["quote"] != ('"' if atom["other"].startswith('"') else ""):
            continue
        if seen.setdefault((atom["name"], atom["quote"]), atom["other"]) != atom["other"]:
            return atom["name"]
    return ""


def _nothing_between(parts: list[str]) -> str:
    """The variable that is to be above one number and below another one that is no greater."""
    least: dict[str, int] = {}
    most: dict[str, int] = {}
    for found in filter(None, map(ORDERED.fullmatch, parts)):
        name, how, number = found["name"], found["how"], int(found["other"])
        if how.startswith(">"):
            least[name] = max(least.get(name, number), number + (how == ">"))
        else:
            most[name] = min(most.get(name, number), number - (how == "<"))
    return next((name for name in least if name in most and least[name] > most[name]), "")
