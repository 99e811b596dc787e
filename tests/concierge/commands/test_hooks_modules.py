"""The modules that `concierge hooks show` names are all that its contexts use."""

import re

from concierge import hooks
from concierge.cli import main
from concierge.settings import Settings


def test_a_module_that_is_left_out_is_missed(tmp_path, capsys):
    assert judged(tmp_path, "func_timeout") == 1
    assert "func_timeout" in capsys.readouterr().out


def test_with_the_modules_that_are_named_nothing_is_missing(tmp_path, capsys):
    assert judged(tmp_path) == 0, capsys.readouterr().out


def judged(folder, left_out=""):
    """Lint of the contexts beside a modules.conf without autoload that loads what they name."""
    text = hooks.extensions(Settings())
    (folder / "extensions.conf").write_text(text)
    said = [
        line.partition(":")[2].split() for line in text.splitlines() if re.match("; (modules used|by `.* too):", line)
    ]
    loads = [f"load = {name}.so" for names in said for name in names if name != left_out]
    assert len(loads) > 20
    (folder / "modules.conf").write_text("\n".join(["[modules]", "autoload = no", *loads, ""]))
    return main(["lint", str(folder), "--select", "C112"])
