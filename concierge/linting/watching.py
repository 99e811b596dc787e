"""`--watch`: judge again whenever a file of the dialplan changes."""

from __future__ import annotations

import argparse
import copy
import os
import sys
import time
from collections.abc import Callable, Iterable

from concierge.errors import UserError

PAUSE = 0.5
Stamps = dict[str, tuple[int, int] | None]


def watch(
    args: argparse.Namespace,
    once: Callable[[argparse.Namespace], int],
    pause: Callable[[], None] = lambda: time.sleep(PAUSE),
) -> int:
    """Only an interruption ends it. What cannot be read is said and looked at again."""
    files: list[str] = [*args.paths]
    while True:
        before = stamps(files)
        now = copy.copy(args)
        try:
            once(now)
            files = [*args.paths, *now.files]
            before = {**stamps(files), **before}
        except UserError as error:
            print(f"concierge: {error}", file=sys.stderr)
        sys.stdout.flush()
        print(f"watching {len(set(files))} files; Ctrl-C ends", file=sys.stderr, flush=True)
        while stamps(before) == before:
            pause()


def stamps(files: Iterable[str]) -> Stamps:
    """When each was changed and how long it is; None for one that is not there."""
    made: Stamps = {}
    for file in files:
        try:
            status = os.stat(file)  # noqa: PTH116 - the name as it is written
        except OSError:
            made[file] = None
        else:
            made[file] = status.st_mtime_ns, status.st_size
    return made
