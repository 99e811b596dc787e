#!/usr/bin/python3
"""The command of the Debian package: its own modules only, and the list's files as the service's user."""

import os
import pwd
import sys

HERE = "/usr/lib/concierge"
# these read or write Asterisk's files, or nothing of ours
AS_CALLED = {
    "hooks",
    "doctor",
    "prompts",
    "lint",
    "rule",
    "trace",
    "dump",
    "graph",
    "replay",
    "test",
    "demo",
    "selftest",
}


def drop() -> None:
    """A list that root had written to could not be written by the daemon."""
    try:
        user = pwd.getpwnam("concierge")
    except KeyError:
        return
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = user.pw_dir
    os.umask(0o077)
    if not os.access(".", os.X_OK):
        os.chdir("/")


sys.path.insert(0, HERE)
os.environ.setdefault("PYTHONPATH", HERE)  # for processes of its own
if os.geteuid() == 0 and len(sys.argv) > 1 and sys.argv[1] not in AS_CALLED:
    drop()

from concierge.cli import main  # noqa: E402 - after the path

sys.exit(main())
