"""What Asterisk has really loaded, asked of its own command line."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass

from concierge.errors import UserError
from concierge.installation.compose import STAMP

_SECONDS = 20.0
_RELOADS = ("dialplan reload", "module reload features", "manager reload")


@dataclass(frozen=True, slots=True)
class Console:
    """Asterisk's command line. `command`: how it is started, e.g. `asterisk` or `asterisk -C FILE`."""

    command: str = "asterisk"

    def ask(self, line: str) -> str:
        """The output of one command. Raises UserError when Asterisk cannot be asked."""
        words = [*shlex.split(self.command), "-rx", line]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
            )
        except OSError as error:
            raise UserError(f"{words[0]}: {error.strerror}; say with --rx how Asterisk's console is started") from error
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{self.command} -rx '{line}' gave no answer in {_SECONDS:g} s") from error
        if done.returncode:
            why = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(f"{self.command} -rx '{line}': {why[0] if why else 'failed'}")
        if done.stdout.startswith("No such command"):
            raise UserError(f"Asterisk has no command '{' '.join(line.split()[:2])}'; is its module loaded?")
        return done.stdout


def version_of(console: Console) -> int | None:
    """The major version of the Asterisk that runs, None when none can be asked."""
    try:
        found = re.search(r"Asterisk (?:certified/)?(\d+)", console.ask("core show version"))
    except UserError:
        return None
    return int(found[1]) if found else None


def reload(console: Console) -> None:
    """What the hooks need. Raises UserError."""
    for line in _RELOADS:
        console.ask(line)


def stamp_in(console: Console) -> str | None:
    """The stamp of the hooks that Asterisk has loaded, None when it has none. Raises UserError."""
    found = re.search(rf"^\s*{STAMP}=(\S+)", console.ask("dialplan show globals"), re.M)
    return found[1] if found else None


def first_step(shown: str) -> str:
    """Of what `dialplan show` says of a context, the first step of `s`; empty when there is none."""
    found = re.search(r"'s' =>\s+(?:\[\w+\]\s+)?1\. (.*?)\s*\[", shown)
    return found[1] if found else ""
