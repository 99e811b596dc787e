"""A rule is one module in dialplan/rules: found by its file, explained by its docstring.

A rule module has CODE, SEVERITY, MISSION (the promise it keeps, "" when it is about loading) and one of
`check(subject)`, which yields Finding, or `review(subject, ran)`, which looks at the inline
suppressions after all checks (`ran`: the codes that were checked). Its docstring is its page: a title line,
then the sections of SECTIONS in that order.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from dialplan.finding import Finding, Severity
from dialplan.light import TYPE_CHECKING, Any
from dialplan.subject import Subject

if TYPE_CHECKING:
    from typing import cast
else:

    def cast(_: str, value: Any) -> Any:
        """What type checkers take for granted."""
        return value


SECTIONS = ("What it finds", "Why it matters to a caller", "Bad", "Good", "When to switch it off")

Check = Callable[[Subject], Iterator[Finding]]
Review = Callable[[Subject, frozenset[str]], Iterator[Finding]]


class RuleError(RuntimeError):
    """A rule module is incomplete: our bug; the text names the module and what is missing."""


class Rule:
    """One rule. Its module is imported when more than its code is asked for, and its page is read later still."""

    __slots__ = ("_found", "code", "module")

    def __init__(self, code: str, module: str, found: ModuleType | None = None) -> None:
        self.code, self.module, self._found = code, module, found

    @property
    def _module(self) -> ModuleType:
        """Raises RuleError for an incomplete one."""
        if self._found is None:
            self._found = _complete(importlib.import_module(self.module), self.code)
        return self._found

    @property
    def severity(self) -> Severity:
        """What its findings are unless they say otherwise."""
        return cast("Severity", self._module.SEVERITY)

    @property
    def mission(self) -> str:
        """The promise it keeps."""
        return str(self._module.MISSION)

    @property
    def check(self) -> Check | None:
        """What it looks for."""
        return cast("Check | None", getattr(self._module, "check", None))

    @property
    def review(self) -> Review | None:
        """What it looks for after all others."""
        return cast("Review | None", getattr(self._module, "review", None))

    @property
    def docstring(self) -> str:
        """Its page as it is written."""
        return self._module.__doc__ or ""

    @property
    def follows_calls(self) -> bool:
        """Does it take something from the flow? Then it asks for the calls that were explored."""
        parts = ("dialplan.flow.", "dialplan.rules._flow")
        return any(str(getattr(one, "__module__", "")).startswith(parts) for one in vars(self._module).values())

    @property
    def title(self) -> str:
        """What it finds, in some words."""
        return _read_page(self.module, self.docstring)[0]

    @property
    def sections(self) -> dict[str, str]:
        """Each of SECTIONS with its text."""
        return _read_page(self.module, self.docstring)[1]

    def page(self) -> str:
        """The page as Markdown."""
        promise = f", keeps promise {self.mission}" if self.mission else ""
        parts = [f"# {self.code}: {self.title}", f"Severity: {self.severity}{promise}."]
        for name, text in self.sections.items():
            body = f"```ini\n{_shown(text)}\n```" if name in ("Bad", "Good") else text
            parts.append(f"## {name}\n\n{body}")
        return "\n\n".join(parts) + "\n"


def _shown(example: str) -> str:
    """The marks that the tests read, as a reader likes them."""
    return example.replace("; expect: ", "; <- ").replace("; expect-above: ", "; ^^ ")


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Every rule there is, by code. Raises RuleError for a doubled one; modules and pages are not read yet."""
    package = importlib.import_module("dialplan.rules")
    found: dict[str, Rule] = {}
    files = sorted(file.name for folder in package.__path__ for file in Path(folder).iterdir())
    for name in [file[:-3] for file in files if file.endswith(".py") and not file.startswith("_")]:
        rule = Rule(name.partition("_")[0].upper(), f"dialplan.rules.{name}")
        if rule.code in found:
            raise RuleError(f"{name}: {rule.code} is there twice")
        found[rule.code] = rule
    return tuple(found[code] for code in sorted(found))


def from_module(module: ModuleType) -> Rule:
    """Read one rule module and its page. Raises RuleError naming what it lacks."""
    rule = Rule(getattr(module, "CODE", ""), module.__name__, _complete(module))
    _read_page(rule.module, rule.docstring)
    return rule


def _complete(module: ModuleType, code: str = "") -> ModuleType:
    name = module.__name__
    for constant in ("CODE", "SEVERITY", "MISSION"):
        if not hasattr(module, constant):
            raise RuleError(f"{name} has no {constant}")
    if code and code != module.CODE:
        raise RuleError(f"{name} has the code {module.CODE}")
    if hasattr(module, "check") == hasattr(module, "review"):
        raise RuleError(f"{name} needs either check or review")
    return module


@functools.cache
def _read_page(name: str, docstring: str) -> tuple[str, dict[str, str]]:
    import textwrap  # seldom needed

    title, _, body = docstring.partition("\n")
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in body.splitlines():
        if line in SECTIONS:
            current = sections.setdefault(line, [])
        else:
            current.append(line)
    if tuple(sections) != SECTIONS or not title.strip():
        raise RuleError(f"{name}: its docstring needs a title and, in order: {', '.join(SECTIONS)}")
    texts = {key: textwrap.dedent("\n".join(lines)).strip("\n") for key, lines in sections.items()}
    empty = [key for key, text in texts.items() if not text.strip()]
    if empty:
        raise RuleError(f"{name}: empty section {empty[0]}")
    return title.strip().rstrip("."), texts


def choose(select: Iterable[str], ignore: Iterable[str]) -> tuple[Rule, ...]:
    """The rules to run: those whose code begins with a selected prefix (none: all) and with no ignored one.

    Raises ValueError for a prefix that no rule has.
    """
    wanted, unwanted = [_prefixes(prefixes) for prefixes in (select, ignore)]
    return tuple(
        rule
        for rule in rules()
        if (not wanted or rule.code.startswith(wanted)) and not (unwanted and rule.code.startswith(unwanted))
    )


def _prefixes(prefixes: Iterable[str]) -> tuple[str, ...]:
    checked = tuple(prefix.strip().upper() for prefix in prefixes if prefix.strip())
    for prefix in checked:
        if not any(rule.code.startswith(prefix) for rule in rules()):
            raise ValueError(f"no rule begins with {prefix!r}; `concierge rule --all` lists them")
    return checked


def overview() -> str:
    """Every rule in one line each: code, severity, title."""
    return "".join(f"{rule.code}  {rule.severity!s:<8} {rule.title}\n" for rule in rules())


def write_pages(folder: Path) -> None:
    """Write docs/rules: the list and one page a rule; pages of rules that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{rule.code}.md": rule.page() for rule in rules()} | {"README.md": index_page()}
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def index_page() -> str:
    """The list of rules as Markdown."""
    rows = [f"| [{rule.code}]({rule.code}.md) | {rule.severity} | {rule.title} |" for rule in rules()]
    head = ["# Rules", "", "Made from the rules themselves by `python -m dialplan.rule docs/rules`.", ""]
    return "\n".join([*head, "| code | severity | finds |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
