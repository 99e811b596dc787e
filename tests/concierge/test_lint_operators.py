"""`concierge lint --operator`: places that count as a person."""

from pathlib import Path

PLAN = """
[from-trunk]
exten => s,1,Answer()
same => n(menu),Background(welcome)
same => n,WaitExten(5)
exten => _85XX,1,NoOp(handed to a system that is not seen here)
same => n,Wait(1)
same => n,Goto(s,menu)
exten => i,1,Goto(s,menu)
exten => t,1,Goto(s,menu)
include => desk-day

[desk-day]
exten => 0,1,NoOp(the desk)
same => n,Wait(1)
same => n,Goto(from-trunk,s,menu)
"""


def test_the_command_takes_patterns_and_names_a_context_that_is_not_there(concierge, tmp_path: Path) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN)
    assert " D901 " in concierge("lint", str(path)).stdout
    for operator in ("from-trunk,_85XX,1", "desk-*"):
        assert " D901 " not in concierge("lint", str(path), "--operator", operator).stdout
    wrong = concierge("lint", str(path), "--operator", "night-*")
    assert wrong.returncode == 2
    assert "there is no context [night-*]" in wrong.stderr
