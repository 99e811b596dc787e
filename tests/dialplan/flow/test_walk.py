"""One call: the rules of main/pbx.c and of the applications that move calls, each measured on a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from dialplan.applications import tables
from dialplan.flow import At, Ended, Inputs, Trace, walk
from dialplan.plan import loads

Call = Callable[..., Trace]
Path = Callable[[Trace], str]

MENU = """[a]
exten => s,1,Background(x)
exten => s,2,WaitExten(5)
exten => 1,1,Hangup()
exten => _12X,1,Hangup()
"""
NEXT = MENU + "exten => s,3,Hangup()\n"
I_AND_T = MENU + "exten => i,1,Hangup()\nexten => t,1,Hangup()\n"
OWN_E = MENU + "exten => e,1,Hangup()\n"


@pytest.mark.parametrize(
    ("text", "keys", "path_", "end"),
    [
        # WaitExten: a next priority wins over t; then t, then e, then the end
        (NEXT + "exten => t,1,Hangup()\n", ["(wait)"], "a,s,1 a,s,2 a,s,3", Ended.HANGUP),
        (I_AND_T, [], "a,s,1 a,s,2 a,t,1", Ended.HANGUP),
        (OWN_E, [], "a,s,1 a,s,2 a,e,1", Ended.HANGUP),
        (MENU, [], "a,s,1 a,s,2", Ended.TIMEOUT),
        # a wrong key goes to i at once, and to e without one
        (I_AND_T, ["9"], "a,s,1 a,i,1", Ended.HANGUP),
        (I_AND_T, ["(listen)", "9"], "a,s,1 a,s,2 a,i,1", Ended.HANGUP),
        (OWN_E, ["9"], "a,s,1 a,e,1", Ended.HANGUP),
        (MENU, ["9"], "a,s,1", Ended.INVALID),
        # digits are taken while a longer number is possible
        (I_AND_T, ["123"], "a,s,1 a,123,1", Ended.HANGUP),
        (I_AND_T, ["1", "(wait)"], "a,s,1 a,1,1", Ended.HANGUP),
        (I_AND_T, ["12", "(wait)"], "a,s,1 a,i,1", Ended.HANGUP),
        # Background as the last step: the call ends with it
        ("[a]\nexten => s,1,Background(x)\nexten => t,1,Hangup()\n", [], "a,s,1", Ended.FALLS_OFF),
        # option m: only a key that is an extension of its own breaks the prompt
        (I_AND_T.replace("(x)", "(x,m)"), ["9"], "a,s,1 a,s,2 a,i,1", Ended.HANGUP),
        # Background with a context looks there
        (
            "[a]\nexten => s,1,Background(x,,,b)\nexten => s,2,Hangup()\n[b]\nexten => 1,1,Hangup()\n",
            ["1"],
            "a,s,1 b,1,1",
            Ended.HANGUP,
        ),
        # … and at home for every other key
        (
            "[a]\nexten => s,1,Background(x,,,b)\nexten => 2,1,Hangup()\n[b]\nexten => 1,1,Hangup()\n",
            ["2"],
            "a,s,1 a,2,1",
            Ended.HANGUP,
        ),
    ],
)
def test_keys(call: Call, path: Path, text: str, keys: list[str], path_: str, end: Ended) -> None:
    trace = call(text, keys=keys)
    assert (path(trace), trace.end.kind) == (path_, end)


@pytest.mark.parametrize(
    ("lines", "path_", "end"),
    [
        # a gap ends the extension; priorities go on in a less specific pattern or an included context
        (["s,1,NoOp()", "s,3,Hangup()"], "a,s,1", Ended.FALLS_OFF),
        (["s,1,NoOp()", "_[a-z],2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        # a number that is missing falls off, an extension that is missing goes to i, a context or label ends it
        (["s,1,Goto(s,5)", "i,1,Hangup()"], "a,s,1", Ended.FALLS_OFF),
        (["s,1,Goto(x,1)", "i,1,Hangup()"], "a,s,1 a,i,1", Ended.HANGUP),
        (["s,1,Goto(b,s,1)", "i,1,Hangup()"], "a,s,1", Ended.DEAD_JUMP),
        (["s,1,Goto(nolabel)", "i,1,Hangup()"], "a,s,1", Ended.DEAD_JUMP),
        (["s,1,Goto()", "i,1,Hangup()"], "a,s,1", Ended.DEAD_JUMP),
        # relative jumps
        (["s,1,Goto(+2)", "s,2,NoOp()", "s,3,Hangup()"], "a,s,1 a,s,3", Ended.HANGUP),
        # conditions: a leading number decides, other text is true, a syntax error is false
        (['s,1,GotoIf(0]?x,1)', "s,2,Hangup()", "x,1,NoOp()"], "a,s,1 a,s,2", Ended.HANGUP),
        (["s,1,GotoIf(yes?x,1)", "s,2,NoOp()", "x,1,Hangup()"], "a,s,1 a,x,1", Ended.HANGUP),
        (["s,1,GotoIf($[ + 1]?x,1:)", "s,2,Hangup()", "x,1,NoOp()"], "a,s,1 a,s,2", Ended.HANGUP),
        # unknown applications end the call, TryExec goes on
        (["s,1,Nonsense()", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        (["s,1,ExecIf(1?Nonsense())", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        (["s,1,TryExec(Nonsense())", "s,2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        (["s,1,ExecIf(1?Goto(x,1):Hangup())", "x,1,Hangup()"], "a,s,1 a,x,1", Ended.HANGUP),
        # Gosub: the target is checked first; Return needs a Gosub; falling off does not go back
        (["s,1,Gosub(x,1)", "s,2,Hangup()", "x,1,Return()"], "a,s,1 a,x,1 a,s,2", Ended.HANGUP),
        (["s,1,Gosub(x,2)", "s,2,Hangup()", "x,1,Return()"], "a,s,1", Ended.DEAD_JUMP),
        (["s,1,Return()", "s,2,Hangup()"], "a,s,1", Ended.APPLICATION),
        (["s,1,Gosub(x,1)", "s,2,Hangup()", "x,1,NoOp()"], "a,s,1 a,x,1", Ended.FALLS_OFF),
        (["s,1,Gosub(x,1)", "s,2,NoOp()", "x,1,StackPop()", "x,2,Return()"], "a,s,1 a,x,1 a,x,2", Ended.APPLICATION),
        # While without EndWhile falls into its body
        (["s,1,While(0)", "s,2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        (["s,1,While(0)", "s,2,NoOp()", "s,3,EndWhile()", "s,4,Hangup()"], "a,s,1 a,s,4", Ended.HANGUP),
        (["s,1,RaiseException(x)", "e,1,Hangup()"], "a,s,1 a,e,1", Ended.HANGUP),
        (["s,1,Goto(s,1)"], "a,s,1", Ended.LOOP),
    ],
)  # fmt: skip
def test_steps(call: Call, path: Path, lines: list[str], path_: str, end: Ended) -> None:
    trace = call("[a]\n" + "".join(f"exten => {line}\n" for line in lines))
    assert (path(trace), trace.end.kind) == (path_, end)


def test_results_of_dial_queue_and_system(call: Call, path: Path) -> None:
    text = "[a]\nexten => s,1,Dial(PJSIP/1,20)\nexten => s,2,Goto(s-${DIALSTATUS},1)\nexten => _s-.,1,Hangup()\n"
    assert call(text, results={"Dial": "ANSWER"}).end.kind is Ended.PERSON
    assert path(call(text, results={"Dial": "BUSY"})) == "a,s,1 a,s,2 a,s-BUSY,1"
    assert call(text.replace(",20)", ",20,g)"), results={"Dial": "ANSWER"}).end.kind is Ended.HANGUP
    alone = "[a]\nexten => s,1,Dial(PJSIP/1,20)\n"
    busy = call(alone, results={"DIALSTATUS": "BUSY"})
    assert (busy.end.kind, busy.seconds) == (Ended.FALLS_OFF, 10)
    queue = "[a]\nexten => s,1,Queue(q,,,,60)\nexten => s,2,Hangup()\n"
    assert call(queue, results={"Queue": "TIMEOUT"}).seconds == 60
    system = "[a]\nexten => s,1,System(x)\nexten => s,2,Hangup()\n"
    assert call(system, results={"System": "NOTFOUND"}).end.kind is Ended.APPLICATION
    assert path(call(system, results={"System": "APPERROR"})) == "a,s,1 a,s,2"


def test_macro_is_gone_in_22_and_comes_back_in_16(call: Call, path: Path) -> None:
    text = "[a]\nexten => s,1,Macro(m,x)\nexten => s,2,Hangup()\n[macro-m]\nexten => s,1,NoOp(${ARG1})\n"
    assert call(text).end.kind is Ended.NO_APPLICATION
    old = call(text, version="16")
    assert path(old) == "a,s,1 macro-m,s,1 a,s,2"
    assert old.steps[1].data == "x"


def test_arguments_of_a_subroutine_are_its_own(call: Call) -> None:
    text = """[a]
exten => s,1,Gosub(sub,s,1(one,"t,wo"))
exten => s,2,NoOp(${ARG1}-${GOSUB_RETVAL})
[sub]
exten => s,1,Gosub(deep,s,1(three))
exten => s,2,NoOp(${ARG1}-${ARG2})
exten => s,3,Return(back)
[deep]
exten => s,1,NoOp(${ARG1}-${ARG2})
exten => s,2,Return()
"""
    data = [step.data for step in call(text).steps if step.application == "NoOp"]
    assert data == ["three-", 'one-"t,wo"', "-back"]  # 16.28 and 22.10 keep the quotes


def test_quotes_and_backslashes_stay_in_arguments(call: Call) -> None:
    """As 16.28 and 22.10 ran it; Macro (16.28) takes every comma for a separator."""
    text = """[a]
exten => s,1,GosubIf($[1]?sub,1(z,"q?r",a\\,b):x)
exten => s,2,Gosub(sub,1(z,a"b"c))
exten => s,3,Macro(m,z,"q,r",a\\,b)
exten => sub,1,NoOp(${ARG1} ${ARG2} ${ARG3})
exten => sub,2,Return()
[macro-m]
exten => s,1,NoOp(${ARG1} ${ARG2} ${ARG3} ${ARG4})
"""
    data = [step.data for step in call(text, version="16").steps if step.application == "NoOp"]
    assert data == ['z "q?r" a\\,b', 'z a"b"c ', 'z "q r" a\\']


def test_loops_count(call: Call) -> None:
    text = """[a]
exten => s,1,Set(X=0)
exten => s,2,While($[${X} < 3])
exten => s,3,Set(X=$[${X} + 1])
exten => s,4,ExecIf($[${X} = 2]?ExitWhile())
exten => s,5,EndWhile()
exten => s,6,NoOp(${X})
"""
    trace = call(text)
    assert (trace.steps[-1].priority, trace.steps[-1].data) == (6, "2")


def test_h_runs_after_the_end_in_the_current_context(call: Call) -> None:
    text = "[a]\nexten => s,1,Goto(b,s,1)\n[b]\nexten => s,1,Hangup()\nexten => h,1,NoOp(bye)\nexten => h,2,NoOp()\n"
    assert [step.exten for step in call(text).hangup_steps] == ["h", "h"]


def test_read_time_and_caller(call: Call, path: Path) -> None:
    read = "[a]\nexten => s,1,Read(X,p,3)\nexten => s,2,NoOp(${X} ${READSTATUS})\n"
    assert [call(read, keys=keys).steps[1].data for keys in (["12#"], ["1234"], ["1", "(wait)"], [])] == [
        "12 OK",
        "123 OK",
        "1 TIMEOUT",
        " TIMEOUT",
    ]
    timed = "[a]\nexten => s,1,GotoIfTime(9:00-17:00,mon-fri,*,*?x,1)\nexten => s,2,Hangup()\nexten => x,1,Hangup()\n"
    assert path(call(timed, now=datetime(2026, 11, 23, 12))) == "a,s,1 a,x,1"
    assert path(call(timed, now=datetime(2026, 11, 22, 12))) == "a,s,1 a,s,2"
    cid = "[a]\nexten => s/100,1,Goto(x,1)\nexten => s,1,Hangup()\nexten => x,1,Hangup()\n"
    assert path(call(cid, callerid="100")) == "a,s,1 a,x,1"
    assert path(call(cid, callerid="200")) == "a,s,1"


def test_what_needs_a_caller_ends_h_and_a_prompt_that_is_missing_fails_at_once(call: Call) -> None:
    gone = "[a]\nexten => s,1,Hangup()\nexten => h,1,NoOp()\nexten => h,2,Answer()\nexten => h,3,NoOp()\n"
    assert [step.priority for step in call(gone).hangup_steps] == [1, 2]
    read = "[a]\nexten => s,1,Read(X,gone,3)\nexten => s,2,NoOp(${READSTATUS}${X})\n"
    assert call(read, keys=["1", "2"], missing_sounds=["gone"]).steps[1].data == "ERROR"
    play = "[a]\nexten => s,1,Background(gone)\nexten => s,2,NoOp(${BACKGROUNDSTATUS})\nexten => 1,1,Hangup()\n"
    assert call(play, keys=["1"], missing_sounds=["gone"]).steps[1].data == "FAILED"


def test_incomplete_asks_for_more_and_times_out_without(call: Call, path: Path) -> None:
    text = "[a]\nexten => _1X!,1,Hangup()\nexten => 1,1,Incomplete()\nexten => t,1,Hangup()\nexten => i,1,Hangup()\n"
    assert path(call(text, "a,1,1", keys=["(wait)"])) == "a,1,1 a,t,1"
    assert path(call(text, "a,1,1", keys=["2"])) == "a,1,1 a,12,1"


def lines_of(*lines: str) -> str:
    return "[a]\n" + "".join(f"exten => {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "path_", "end"),
    [
        # ExecIf takes a name as it is written; where there is nothing to run, the call ends
        (["s,1,ExecIf(1? NoOp())", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        (["s,1,ExecIf(0?NoOp(): NoOp())", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        (["s,1,ExecIf(1?:NoOp())", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        (["s,1,ExecIf(0?)", "s,2,Hangup()"], "a,s,1", Ended.APPLICATION),
        (["s,1,ExecIf(0?NoOp():)", "s,2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        (["s,1,Exec(NoOp ())", "s,2,Hangup()"], "a,s,1", Ended.NO_APPLICATION),
        # TryExec forgives what fails, but Hangup hangs up
        (["s,1,TryExec(Busy(1))", "s,2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        (["s,1,TryExec(Hangup())", "s,2,NoOp()"], "a,s,1", Ended.HANGUP),
        # a blank may follow a priority that is a number, not a label; a place left empty has no labels
        (["s,1,Goto(x,1 )", "x,1,Hangup()"], "a,s,1 a,x,1", Ended.HANGUP),
        (["s,1,Goto(s,lab )", "s,2(lab),Hangup()"], "a,s,1", Ended.DEAD_JUMP),
        (["s,1,Goto(,lab)", "s,2(lab),Hangup()"], "a,s,1", Ended.DEAD_JUMP),
        (["s,1,Goto(,x,1)", "x,1,Hangup()"], "a,s,1 a,x,1", Ended.HANGUP),
        # without their argument these end the call
        (["s,1,Background()", "s,2,Hangup()"], "a,s,1", Ended.APPLICATION),
        (["s,1,Playback(${NONE})", "s,2,Hangup()"], "a,s,1", Ended.APPLICATION),
        (["s,1,ExecIf(1?AGI())", "s,2,Hangup()"], "a,s,1", Ended.APPLICATION),
        (["s,1,SayDigits()", "s,2,Hangup()"], "a,s,1 a,s,2", Ended.HANGUP),
        # RaiseException where there is no e: an invalid extension
        (["s,1,RaiseException(x)", "i,1,Hangup()"], "a,s,1 a,i,1", Ended.HANGUP),
        (["s,1,RaiseException(x)", "s,2,Hangup()"], "a,s,1", Ended.INVALID),
        # ExitWhile outside of a While looks for an EndWhile, too
        (["s,1,ExitWhile()", "s,2,NoOp()", "s,3,EndWhile()", "s,4,Hangup()"], "a,s,1 a,s,4", Ended.HANGUP),
    ],
)  # fmt: skip
def test_what_asterisk_is_strict_about(call: Call, path: Path, lines: list[str], path_: str, end: Ended) -> None:
    trace = call(lines_of(*lines))
    assert (path(trace), trace.end.kind) == (path_, end)


@pytest.mark.parametrize(
    ("lines", "data"),
    [
        # LOCAL belongs to a subroutine: outside nothing is set, at its Return the old value is back
        (["s,1,Set(LOCAL(V)=1)", "s,2,NoOp(${V})"], ""),
        (
            ["s,1,Set(V=1)", "s,2,Gosub(x,1)", "s,3,NoOp(${V}${RAN})", "x,1,Set(LOCAL(V)=2)",
             "x,2,Set(RAN=${LOCAL(V)})", "x,3,Return()"],
            "12",
        ),
        (["s,1,Set(V=1)", "s,2,NoOp(${LOCAL(V)})"], ""),
        # blanks are part of a variable's name
        (["s,1,Set( V=1)", "s,2,Set(V =1)", "s,3,MSet(W=2, V=1)", "s,4,NoOp(${V}${W})"], "2"),
        # what raised an exception
        (["s,1,RaiseException(oops)", "e,1,NoOp(${EXCEPTION(reason)} ${EXCEPTION(exten)})"], "oops s"),
        (["s,1,Goto(9,1)", "e,1,NoOp(${EXCEPTION(reason)} ${EXCEPTION(exten)})"], "INVALID 9"),
        (["s,1,NoOp(${EXCEPTION(reason)})"], ""),
        (["s,1,TryExec()", "s,2,NoOp(${TRYSTATUS})"], ""),
        # an empty extension exists as little as another; a call that begins nowhere is an invalid extension
        (["s,1,NoOp(${DIALPLAN_EXISTS(a,,1)} ${DIALPLAN_EXISTS(a,s,1)} ${DIALPLAN_EXISTS(a)})"], "0 1 1"),
        (["s,2,NoOp()", "i,1,NoOp(${INVALID_EXTEN})"], "s"),
    ],
)  # fmt: skip
def test_variables(call: Call, lines: list[str], data: str) -> None:
    assert [step.data for step in call(lines_of(*lines)).steps if step.application == "NoOp"][-1] == data


def test_levels_of_while_are_noted_as_asterisk_notes_them(call: Call, path: Path) -> None:
    # ExitWhile forgets the loop but not the level of its While: inside of the next loop it is taken for that one
    lines = lines_of(
        "s,1,Set(N=0)", "s,2,While(1)", "s,3,GotoIf($[${N} > 0]?8)", "s,4,ExitWhile()", "s,5,EndWhile()",
        "s,6,While($[${INC(N)} < 3])", "s,7,Goto(s,2)", "s,8,EndWhile()", "s,9,Hangup()",
    )  # fmt: skip
    assert path(call(lines)).replace("a,s,", "") == "1 2 3 4 6 7 2 3 8 6 7 2 3 8 6 9"


def test_read_asks_again_after_a_lone_hash_and_option_e_keeps_it(call: Call) -> None:
    def read(arguments: str, keys: list[str], version: str = "22") -> list[str]:
        text = lines_of(f"s,1,Read(X,{arguments})", "s,2,NoOp(${READSTATUS} ${X})")
        return [step.data for step in call(text, keys=keys, version=version, missing_sounds=["no"]).steps[1:]]

    assert read("p,2,,2", ["#", "4", "5"]) == ["OK 45"]
    assert read("p,2,,1", ["#", "4", "5"]) == ["OK "]
    assert read("p,2,e,2", ["#", "4"]) == ["OK #"]
    assert read("p,2,e,1", ["#"], "16") == ["OK "]
    assert read("no&p,1", ["4"]) == ["OK 4"]
    assert read("p&no,1", []) == ["ERROR "]
    assert read("no&no,1", ["4"]) == ["ERROR "]


def test_h_finds_what_the_last_step_set(call: Call) -> None:
    def last(*lines: str, **inputs: object) -> list[str]:
        return [step.data for step in call(lines_of(*lines), **inputs).hangup_steps]

    dial = "s,1,Dial(Local/1@x,5)"
    assert last(dial, "h,1,NoOp(${DIALSTATUS})", results={"Dial": "ANSWER"}) == ["ANSWER"]
    assert last("s,1,Set(C=0)", "s,2,GotoIf($[${INC(C)} < 3]?nope)", "h,1,NoOp(${C})") == ["1"]
    assert last("s,1,Gosub(x,1)", "s,2,NoOp()", "x,1,Hangup()", "h,1,Return()") == ["", ""]  # back behind the Gosub


@pytest.mark.parametrize(
    ("application", "data"),
    [("Playback(p)", "FAILED"), ("Background(p)", "FAILED"), ("Read(X,p)", "HANGUP"), ("ExecIf(1?Wait(1))", None),
     ("WaitExten(1)", None), ("Dial(Local/1@x)", None), ("SayDigits(1)", None), ("Incomplete()", None)],
)  # fmt: skip
def test_in_h_nobody_listens(call: Call, application: str, data: str | None) -> None:
    status = "${PLAYBACKSTATUS}${BACKGROUNDSTATUS}${READSTATUS}"
    steps = call(lines_of("s,1,Hangup()", f"h,1,{application}", f"h,2,NoOp({status})")).hangup_steps
    assert [step.data for step in steps[1:]] == ([] if data is None else [data])


def test_a_circle_is_an_end_or_is_followed_to_the_limit(call: Call) -> None:
    assert call(lines_of("s,1,Goto(s,1)")).end.kind is Ended.LOOP
    trace = call(lines_of("s,1,Goto(s,1)"), steps=7, rounds=True)
    assert (len(trace.steps), trace.end.kind) == (7, Ended.LIMIT)


def test_a_prompt_that_is_missing_shows_in_the_status(call: Call) -> None:
    text = lines_of("s,1,Background(p&no)", "s,2,Playback(no)", "s,3,NoOp(${BACKGROUNDSTATUS} ${PLAYBACKSTATUS})")
    assert call(text, missing_sounds=["no"]).steps[-1].data == "FAILED FAILED"


def test_keys_pressed_while_dial_rings_or_voicemail_listens(call: Call, path: Path) -> None:
    dial = lines_of("s,1,Dial(Local/1@x,9,d)", "s,2,NoOp(${DIALSTATUS})", "5,1,NoOp(${DIALSTATUS})")
    assert [call(dial, results={"Dial": key}).steps[1].data for key in ("5", "7")] == ["CANCEL", "NOANSWER"]
    assert path(call(dial.replace(",d)", ")"), results={"Dial": "5"})) == "a,s,1 a,s,2"
    other = lines_of("s,1,Set(EXITCONTEXT=b)", "s,2,Dial(Local/1@x,9,d)") + "[b]\nexten => 7,1,NoOp()\n"
    assert path(call(other, results={"Dial": "7"})) == "a,s,1 a,s,2 b,7,1"
    box = lines_of("s,1,VoiceMail(1)", "s,2,NoOp(${VMSTATUS})", "o,1,NoOp(${VMSTATUS})")
    steps = [call(box, results={"VoiceMail": key}).steps[1] for key in ("0", "*")]
    assert [(step.exten, step.data) for step in steps] == [("o", "USEREXIT"), ("s", "SUCCESS")]
    queue = call(lines_of("s,1,Queue(q)", "s,2,NoOp()"), results={"Queue": "5"})
    assert (queue.end.kind, "queue's context" in queue.end.text) == (Ended.UNKNOWN, True)


@pytest.mark.parametrize(
    ("test", "other", "places"),
    [
        ("1", "0", "1 2 3 6 7"),  # asked although a branch has run; false, it leads behind the Else
        ("1", "1", "1 2 3 4 5"),
        ("0", "1", "1 3 4 5"),
        ("0", "0", "1 3 6 7"),
    ],
)
def test_an_else_if_below_a_branch_that_ran_is_asked(
    call: Call, path: Path, test: str, other: str, places: str
) -> None:
    text = lines_of(
        f"s,1,If({test})", "s,2,NoOp()", f"s,3,ElseIf({other})", "s,4,NoOp()", "s,5,Else()", "s,6,NoOp()",
        "s,7,EndIf()",
    )  # fmt: skip
    assert path(call(text)).replace("a,s,", "") == places


def test_exit_if_leads_behind_its_end(call: Call, path: Path) -> None:
    text = lines_of(
        "s,1,If(1)", "s,2,If(1)", "s,3,ExitIf()", "s,4,EndIf()", "s,5,ExitIf()", "s,6,EndIf()", "s,7,NoOp()"
    )
    assert path(call(text)).replace("a,s,", "") == "1 2 3 5 7"


def test_the_times_of_execiftime_hold_commas_and_a_colon_begins_no_second_branch(call: Call, path: Path) -> None:
    lines = ["s,1,ExecIfTime(*,*,*,*?Set(X=4:1))", "s,2,Goto(${X:0:1})", "s,4,Hangup()"]
    trace = call(lines_of(*lines), now=datetime(2026, 11, 23, 12, 0))
    assert (path(trace), trace.steps[0].choice.value) == ("a,s,1 a,s,2 a,s,4", "true")


@pytest.mark.parametrize(("status", "end"), [("ANSWER", Ended.PERSON), ("FAILED", Ended.APPLICATION)])
def test_disa_never_comes_back(call: Call, path: Path, status: str, end: Ended) -> None:
    trace = call(lines_of("s,1,DISA(no-password,b)", "s,2,Hangup()"), results={"DISA": status})
    assert (path(trace), trace.end.kind) == ("a,s,1", end)


def test_keys_that_nothing_took_are_told() -> None:
    plan = loads(b"[a]\nexten => s,1,Background(x)\n same => n,WaitExten(1)\nexten => 1,1,Hangup()\n")
    trace = walk(plan, tables.load("22"), At("a"), Inputs(keys=["1", "2", "3"]))
    assert trace.notes == ("nothing took the last keys: 2,3",)


@pytest.mark.parametrize(
    ("application", "keys", "places"),
    [
        ("TryExec(WaitExten(5))", ["1"], "s,1 s,2"),
        ("Exec(WaitExten(5))", ["1"], "s,1 1,1"),
        ("TryExec(Background(menu))", ["1"], "s,1 1,1"),
        ("TryExec(Background(menu))", ["2", "3"], "s,1 s,2"),
        ("Goto(,s,here)", [], "s,1"),
        ("Goto(a,,here)", [], "s,1"),
        ("Goto(,s,3)", [], "s,1 s,3"),
    ],
)
def test_what_a_call_loses(application: str, keys: list[str], places: str) -> None:
    text = f"[a]\nexten => s,1,{application}\n same => n,Hangup()\n same => n(here),Hangup()\n"
    plan = loads((text + "exten => 1,1,Hangup()\nexten => 2,1,Hangup()\nexten => 23,1,Hangup()\n").encode())
    trace = walk(plan, tables.load("22"), At("a"), Inputs(keys=keys))
    assert " ".join(f"{step.exten},{step.priority}" for step in trace.steps) == places
