"""The event loop of the daemon: uvloop's where it is installed, else asyncio's own."""

import sys

from concierge.commands.serve import _loop_factory


def test_uvloop_is_used_where_it_is_installed():
    factory = _loop_factory()
    assert factory is not None
    loop = factory()
    assert type(loop).__module__ == "uvloop"
    loop.close()


def test_without_uvloop_the_daemon_starts_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert _loop_factory() is None
