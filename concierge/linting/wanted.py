"""What `lint:` in the settings asks for, for commands that judge as `concierge lint` does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from concierge.errors import UserError
from concierge.linting.control import Control, asterisk, control, settings
from concierge.settings import LintSettings
from dialplan.applications.tables import Table
from dialplan.flow.entries import parse
from dialplan.flow.model import At
from dialplan.flow.operators import glob
from dialplan.plan.model import Plan
from dialplan.rule import Rule, choose, rules
from dialplan.rules._trunks import check
from dialplan.sounds import Sounds, read
from dialplan.subject import Subject
from dialplan.version import table_of


class Wanted(NamedTuple):
    """As `concierge lint` takes it. `asterisk`: "" for what FreePBX has written down, or the usual one."""

    asterisk: str
    rules: tuple[Rule, ...]
    control: Control
    entries: tuple[At, ...] = ()
    operators: tuple[At, ...] = ()
    trunks: tuple[str, ...] = ()
    sounds: Sounds | None = None

    def table(self, plan: Plan) -> Table:
        """Of the Asterisk that this plan is for."""
        return table_of(plan, self.asterisk)

    def prepare(self, subject: Subject) -> None:
        """Tell the subject; contexts that it does not have are left out, as another dialplan may be open."""
        contexts = subject.plan.contexts
        subject.entries = tuple(at for at in self.entries if at.context in contexts)
        subject.operators = tuple(at for at in self.operators if any(map(glob(at.context).fullmatch, contexts)))
        subject.trunks, subject.sounds = self.trunks, self.sounds


def wanted(option: str | None, config: Path | None) -> Wanted:
    """`option`: --asterisk. Raises UserError for settings that say nothing that can be done, SettingsError."""
    version, given = asterisk(option, config), settings(config)
    return Wanted(version, rules(), Control()) if given is None else _of(version, given)


def _of(version: str, given: LintSettings) -> Wanted:
    try:
        for name in given.trunks:
            check(name)
        chosen = choose(list(given.select) or [""], list(given.ignore) or [""])
        entries, operators = tuple(map(parse, given.entries)), tuple(map(parse, given.operators))
        sounds = read(Path(given.sounds)) if given.sounds else None
    except ValueError as error:
        raise UserError(f"lint: {error}") from error
    except OSError as error:
        raise UserError(f"lint.sounds: cannot read {given.sounds}: {error.strerror}") from error
    return Wanted(version, chosen, control(given, ()), entries, operators, given.trunks, sounds)
