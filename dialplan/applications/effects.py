"""What each application does to the call that runs it: one row an application, written by hand.

Source: the applications' own C files (apps/, main/pbx_builtins.c, res/) and calls placed on 16.28 and 22.10.
Names, arguments and options are not repeated here: they are in the tables made from the documentation.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from dialplan.applications.effect import Block, Digits, Effect, Ends, Jump, Kind, Wait


def goto(place: str) -> Jump:
    return Jump(Kind.GOTO, place)


def gosub(place: str) -> Jump:
    return Jump(Kind.GOSUB, place)


def leg(place: str) -> Jump:
    return Jump(Kind.LEG, place)


def macro(place: str) -> Jump:
    return Jump(Kind.MACRO, place)


def keys_in(place: str) -> Jump:
    return Jump(Kind.CONTEXT, place)


def fixed(extension: str) -> Jump:
    return Jump(Kind.FIXED, f"extension {extension}")


ANYWHERE = (Jump(Kind.EXTERNAL, "any"),)
FOREVER = Wait()
MAY, ALWAYS = Ends.MAY, Ends.ALWAYS
TARGET_MISSING = "the target does not exist"
OVER = "answered, and the conversation is over"


JUMPS = (
    Effect("Goto", (goto("target"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("GotoIf", (goto("branches"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("GotoIfTime", (goto("branches"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("Gosub", (gosub("target"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("GosubIf", (gosub("branches"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("AELSub", (gosub("argument 1"),), ends=MAY, ends_when=TARGET_MISSING),
    Effect("Macro", (macro("argument 1"),), ends=MAY, ends_when="the macro ends the call"),
    Effect("MacroExclusive", (macro("argument 1"),), ends=MAY, ends_when="the macro ends the call"),
    Effect("MacroIf", (macro("branches"),), ends=MAY, ends_when="the macro ends the call"),
    Effect("MacroExit", returns=True),
    Effect("Return", returns=True, ends=MAY, ends_when="no Gosub is open"),
    Effect("StackPop"),
    Effect("RaiseException", (fixed("e"),), ends=MAY, ends_when="the context has no e"),
    Effect(
        "ExecIf",
        runs="branches",
        ends=MAY,
        ends_when="the nested application does not exist or ends the call",
    ),
    Effect("ExecIfTime", runs="branches", ends=MAY, ends_when="the nested application ends the call"),
    Effect("Exec", runs="argument 1", ends=MAY, ends_when="the nested application ends the call"),
    Effect("TryExec", runs="argument 1", status=("TRYSTATUS",)),
    Effect("While", block=Block.WHILE),
    Effect("EndWhile", block=Block.END_WHILE),
    Effect("ExitWhile", block=Block.EXIT_WHILE),
    Effect("ContinueWhile", block=Block.CONTINUE_WHILE),
    Effect("If", block=Block.IF),
    Effect("ElseIf", block=Block.ELSE_IF),
    Effect("Else", block=Block.ELSE),
    Effect("EndIf", block=Block.END_IF),
    Effect("ExitIf", block=Block.EXIT_IF),
)

PEOPLE = (
    Effect(
        "Dial",
        (
            leg("option b"),
            gosub("option B"),
            leg("option F"),
            goto("option G"),
            leg("option U"),
            leg("option M"),
            keys_in("variable EXITCONTEXT"),
        ),
        ends=MAY,
        ends_when=OVER,
        wait=Wait(2),
        digits=Digits.EXIT,
        status=("DIALSTATUS",),
        over=("ANSWER unless g", "CANCEL"),
        person=True,
    ),
    Effect(
        "RetryDial",
        (keys_in("variable EXITCONTEXT"),),
        ends=MAY,
        ends_when=OVER,
        wait=FOREVER,
        digits=Digits.EXIT,
        status=("DIALSTATUS",),
        over=("ANSWER unless g", "CANCEL"),
        person=True,
    ),
    Effect(
        "Queue",
        (
            leg("option b"),
            gosub("option B"),
            leg("option F"),
            leg("argument 7"),
            Jump(Kind.CONTEXT, "queues.conf"),
        ),
        ends=MAY,
        ends_when=OVER,
        wait=Wait(5),
        digits=Digits.EXIT,
        status=("QUEUESTATUS", "ABANDONED"),
        over=("CONTINUE unless c",),
        person=True,
    ),
    Effect(
        "FollowMe",
        (leg("option b"), gosub("option B")),
        ends=MAY,
        ends_when=OVER,
        wait=FOREVER,
        answers=True,
        person=True,
    ),
    Effect("Page", (leg("option b"), gosub("option B")), ends=ALWAYS, wait=FOREVER, answers=True, person=True),
    Effect("AgentRequest", ends=MAY, ends_when=OVER, wait=FOREVER, status=("AGENT_STATUS",), person=True),
    Effect("AgentLogin", ends=MAY, ends_when="logged in, and logged out again", wait=FOREVER, answers=True),
    Effect(
        "Park",
        (goto("option c"),),
        ends=MAY,
        ends_when="fetched, and over",
        wait=FOREVER,
        answers=True,
        person=True,
    ),
    Effect(
        "ParkAndAnnounce",
        (goto("option c"),),
        ends=MAY,
        ends_when="fetched, and over",
        wait=FOREVER,
        answers=True,
        person=True,
    ),
    Effect("ParkedCall", ends=MAY, ends_when=OVER, answers=True, person=True),
    Effect("Pickup", ends=MAY, ends_when="a call was picked up", person=True),
    Effect("PickupChan", ends=MAY, ends_when="a call was picked up", person=True),
    Effect("Bridge", (leg("option F"),), ends=MAY, ends_when=OVER, status=("BRIDGERESULT",), person=True),
    Effect("BridgeAdd", ends=MAY, ends_when=OVER, answers=True, status=("BRIDGERESULT",), person=True),
    Effect("BridgeWait", wait=FOREVER, answers=True),
    Effect(
        "ConfBridge",
        wait=FOREVER,
        answers=True,
        digits=Digits.VARIABLE,
        status=("CONFBRIDGE_RESULT",),
        person=True,
    ),
    Effect(
        "MeetMe",
        (keys_in("variable MEETME_EXIT_CONTEXT"),),
        wait=FOREVER,
        answers=True,
        digits=Digits.EXIT,
        person=True,
    ),
    Effect("SLAStation", ends=MAY, ends_when=OVER, wait=FOREVER, status=("SLASTATION_STATUS",), person=True),
    Effect("SLATrunk", ends=MAY, ends_when=OVER, wait=FOREVER, status=("SLATRUNK_STATUS",), person=True),
    Effect("Transfer", ends=MAY, ends_when="transferred", status=("TRANSFERSTATUS", "TRANSFERSTATUSPROTOCOL")),
    Effect("AttendedTransfer", (leg("argument 1"),), status=("ATTENDEDTRANSFERSTATUS",)),
    Effect("BlindTransfer", (leg("argument 1"),), status=("BLINDTRANSFERSTATUS",)),
    Effect("ChannelRedirect", (leg("target"),), status=("CHANNELREDIRECT_STATUS",)),
    Effect("Originate", (leg("option b"), leg("option B"), leg("argument 3")), status=("ORIGINATE_STATUS",)),
    Effect("ChanSpy", (keys_in("variable SPY_EXIT_CONTEXT"),), wait=FOREVER, answers=True, digits=Digits.EXIT),
    Effect("ExtenSpy", (keys_in("variable SPY_EXIT_CONTEXT"),), wait=FOREVER, answers=True, digits=Digits.EXIT),
    Effect("OSPLookup", ends=MAY, ends_when="no route", status=("OSPLOOKUPSTATUS",)),
    Effect("OSPAuth", ends=MAY, ends_when="refused", status=("OSPAUTHSTATUS",)),
    Effect("OSPNext", ends=MAY, ends_when="no further route", status=("OSPNEXTSTATUS",)),
    Effect("OSPFinish", status=("OSPFINISHSTATUS",)),
    Effect("IVRDemo", answers=True, digits=Digits.VARIABLE),
)

VOICEMAIL = (
    Effect(
        "VoiceMail",
        (fixed("o"), fixed("a"), keys_in("option d")),
        answers=True,
        wait=FOREVER,
        digits=Digits.EXIT,
        status=("VMSTATUS",),
    ),
    Effect(
        "VoiceMailMain",
        (fixed("a"),),
        ends=MAY,
        ends_when="log-in failed",
        answers=True,
        digits=Digits.VARIABLE,
    ),
    Effect(
        "VMAuthenticate",
        (fixed("a"),),
        ends=MAY,
        ends_when="wrong password",
        answers=True,
        digits=Digits.VARIABLE,
    ),
    Effect("VMSayName"),
    Effect("VoiceMailPlayMsg", status=("VOICEMAIL_PLAYBACKSTATUS",)),
    Effect("MailboxExists", status=("VMBOXEXISTSSTATUS",)),
    Effect(
        "MinivmRecord",
        (fixed("o"), fixed("a")),
        answers=True,
        digits=Digits.EXIT,
        status=("MVM_RECORD_STATUS",),
    ),
    Effect("MinivmGreet", (fixed("o"), fixed("a")), digits=Digits.EXIT, status=("MVM_GREET_STATUS",)),
    Effect("MinivmAccMess", answers=True, digits=Digits.VARIABLE, status=("MVM_ACCMESS_STATUS",)),
    Effect("MinivmDelete", status=("MVM_DELETE_STATUS",)),
    Effect("MinivmNotify", status=("MVM_NOTIFY_STATUS",)),
    Effect("MinivmMWI"),
    Effect(
        "Directory",
        (keys_in("argument 2"), fixed("o"), fixed("a")),
        answers=True,
        digits=Digits.EXTENSION,
        status=("DIRECTORY_RESULT",),
    ),
    Effect("Dictate", wait=FOREVER, answers=True, digits=Digits.VARIABLE),
    Effect(
        "Record",
        wait=Wait(3, None),
        answers=True,
        digits=Digits.VARIABLE,
        status=("RECORD_STATUS",),
        over=("HANGUP",),
    ),
)

KEYS = (
    Effect(
        "BackGround",
        (keys_in("argument 4"),),
        answers=True,
        digits=Digits.EXTENSION,
        status=("BACKGROUNDSTATUS",),
    ),
    Effect("BackgroundDetect", (fixed("talk"),), answers=True, digits=Digits.EXTENSION),
    Effect(
        "WaitExten",
        (fixed("t"),),
        ends=MAY,
        ends_when="silence, no next priority, no t, no e",
        wait=Wait(1, 10),
        digits=Digits.EXTENSION,
    ),
    Effect("Incomplete", ends=MAY, ends_when="no longer number comes", wait=Wait(0, 10), digits=Digits.EXTENSION),
    Effect("SayUnixTime", answers=True, digits=Digits.EXTENSION),
    Effect("DateTime", answers=True, digits=Digits.EXTENSION),
    Effect(
        "Read",
        answers=True,
        wait=Wait(6, 10),
        digits=Digits.VARIABLE,
        status=("READSTATUS",),
        over=("HANGUP",),
    ),
    Effect(
        "ReadExten",
        (leg("argument 3"),),
        answers=True,
        wait=Wait(5, 10),
        digits=Digits.VARIABLE,
        status=("READEXTENSTATUS",),
    ),
    Effect("WaitDigit", wait=Wait(1, None), digits=Digits.VARIABLE, status=("WAITDIGITSTATUS",)),
    Effect("ControlPlayback", digits=Digits.VARIABLE, status=("CPLAYBACKSTATUS",)),
    Effect("Authenticate", ends=MAY, ends_when="wrong password three times", answers=True, digits=Digits.VARIABLE),
    Effect(
        "DISA",
        (keys_in("argument 2"),),
        ends=MAY,
        ends_when="wrong password or number",
        answers=True,
        digits=Digits.EXTENSION,
    ),
    Effect(
        "PrivacyManager",
        (leg("argument 4"),),
        answers=True,
        digits=Digits.VARIABLE,
        status=("PRIVACYMGRSTATUS",),
    ),
    Effect("SkelGuessNumber", digits=Digits.VARIABLE),
    Effect("SpeechBackground", answers=True, wait=Wait(2, None), digits=Digits.VARIABLE),
    Effect("Festival", answers=True, digits=Digits.VARIABLE),
)

ENDINGS = (
    Effect("Hangup", ends=ALWAYS),
    Effect("Busy", ends=ALWAYS, wait=Wait(1)),
    Effect("Congestion", ends=ALWAYS, wait=Wait(1)),
    Effect("PJSIPHangup", ends=ALWAYS),
    Effect("Milliwatt", ends=ALWAYS, wait=FOREVER, answers=True),
    Effect("DAHDIRAS", wait=FOREVER),
    Effect("System", ends=MAY, ends_when="the command cannot be run", status=("SYSTEMSTATUS",)),
    Effect("TrySystem", status=("SYSTEMSTATUS",)),
)

PROGRAMS = (
    Effect("AGI", ANYWHERE, ends=MAY, ends_when="AGIEXITONHANGUP", digits=Digits.VARIABLE, status=("AGISTATUS",)),
    Effect("EAGI", ANYWHERE, digits=Digits.VARIABLE, status=("AGISTATUS",)),
    Effect("DeadAGI", ANYWHERE, digits=Digits.VARIABLE, status=("AGISTATUS",)),
    Effect("Stasis", ANYWHERE, digits=Digits.VARIABLE, wait=FOREVER, status=("STASISSTATUS",)),
    Effect("StasisBroadcast", ANYWHERE, digits=Digits.VARIABLE, wait=FOREVER, status=("STASISSTATUS",)),
    Effect("ExternalIVR", ANYWHERE, answers=True, digits=Digits.VARIABLE),
    Effect("AudioSocket", ends=MAY, ends_when="the server ends it", wait=FOREVER),
    Effect("ADSIProg"),
    Effect("GetCPEID"),
    Effect("JACK", wait=FOREVER),
    Effect("ICES", wait=FOREVER),
    Effect("SMS", answers=True),
    Effect("AlarmReceiver", answers=True, digits=Digits.VARIABLE),
    Effect("DAHDIScan", wait=FOREVER, digits=Digits.VARIABLE),
    Effect("SendFAX", ends=MAY, ends_when="failed", answers=True, status=("FAXSTATUS", "FAXERROR", "FAXMODE")),
    Effect("ReceiveFAX", ends=MAY, ends_when="failed", answers=True, status=("FAXSTATUS", "FAXERROR", "FAXMODE")),
    Effect("TestClient", answers=True),
    Effect("TestServer", answers=True),
)

SOUNDS_AND_WAITS = (
    Effect("Answer", answers=True),
    Effect("Playback", answers=True, status=("PLAYBACKSTATUS",)),
    Effect("MP3Player", digits=Digits.VARIABLE),
    Effect("NBScat", wait=FOREVER, digits=Digits.VARIABLE),
    Effect("MusicOnHold", wait=Wait(2)),
    Effect("Echo", wait=FOREVER, digits=Digits.VARIABLE),
    Effect("StreamEcho", wait=FOREVER, digits=Digits.VARIABLE),
    Effect("Wait", wait=Wait(1, 0)),
    Effect("WaitForCondition", wait=Wait(3), status=("WAITFORCONDITIONSTATUS",), over=("HANGUP",)),
    Effect("WaitForNoise", wait=Wait(3), answers=True, status=("WAITSTATUS",)),
    Effect("WaitForSilence", wait=Wait(3), answers=True, status=("WAITSTATUS",)),
    Effect("WaitForRing", wait=Wait(1)),
    Effect("WaitForSignal", wait=Wait(2), status=("WAITFORSIGNALSTATUS",), over=("HANGUP",)),
    Effect("WaitForTone", wait=Wait(3), status=("WAITFORTONESTATUS",), over=("HANGUP",)),
    Effect("WaitUntil", wait=FOREVER, status=("WAITUNTILSTATUS",), over=("HANGUP",)),
    Effect("AMD", wait=Wait(4, 5, milliseconds=True), status=("AMDSTATUS", "AMDCAUSE"), over=("HANGUP",)),
    Effect("ToneScan", wait=Wait(2), status=("TONESCANSTATUS",), over=("HANGUP",)),
    Effect("Zapateller", answers=True, status=("ZAPATELLERSTATUS",)),
    Effect("ReceiveMF", wait=Wait(2), digits=Digits.VARIABLE, status=("RECEIVEMFSTATUS",), over=("HANGUP",)),
    Effect("ReceiveSF", wait=Wait(3), digits=Digits.VARIABLE, status=("RECEIVESFSTATUS",), over=("HANGUP",)),
    Effect("ReceiveText", wait=Wait(1), status=("RECEIVETEXTSTATUS",)),
)

SPEECH = tuple(
    Effect(name, ends=MAY, ends_when="no SpeechCreate before it")
    for name in (
        "SpeechActivateGrammar",
        "SpeechDeactivateGrammar",
        "SpeechDestroy",
        "SpeechLoadGrammar",
        "SpeechProcessingSound",
        "SpeechStart",
        "SpeechUnloadGrammar",
    )
)

STATUS_ONLY = {
    "AddQueueMember": ("AQMSTATUS",),
    "RemoveQueueMember": ("RQMSTATUS",),
    "PauseQueueMember": ("PQMSTATUS",),
    "UnpauseQueueMember": ("UPQMSTATUS",),
    "CallCompletionRequest": ("CC_REQUEST_RESULT", "CC_REQUEST_REASON"),
    "CallCompletionCancel": ("CC_CANCEL_RESULT", "CC_CANCEL_REASON"),
    "ChanIsAvail": ("AVAILSTATUS", "AVAILCHAN", "AVAILORIGCHAN", "AVAILCAUSECODE"),
    "ConfKick": ("CONFKICKSTATUS",),
    "MeetMeAdmin": ("MEETMEADMINSTATUS",),
    "MessageSend": ("MESSAGE_SEND_STATUS",),
    "Reload": ("RELOADSTATUS",),
    "SendImage": ("SENDIMAGESTATUS",),
    "SendText": ("SENDTEXTTYPE", "SENDTEXTSTATUS"),
    "SendURL": ("SENDURLSTATUS",),
    "Signal": ("SIGNALSTATUS",),
}

# Nothing but going on to the next priority; sounds among them take their own length.
GOES_ON = """
Broadcast CELGenUserEvent ChangeMonitor ClearHash DAHDIAcceptR2Call DAHDISendCallreroutingFacility
DAHDISendKeypadFacility DBdeltree DumpChan Flash ForkCDR HangupCauseClear IAX2Provision ImportVar
JabberJoin JabberLeave JabberSend JabberSendGroup JabberStatus Log MeetMeChannelAdmin MeetMeCount MixMonitor
Monitor Morsecode MSet NoCDR NoOp ODBC_Commit ODBC_Rollback ODBCFinish PauseMonitor PJSIPNotify PlayTones
Proceeding Progress QueueLog QueueUpdate ResetCDR Ringing SayAlpha SayAlphaCase SayCountedAdj SayCountedNoun
SayDigits SayMoney SayNumber SayOrdinal SayPhonetic SendDTMF SendMF SendSF Set SetAMAFlags SIPAddHeader
SIPDtmfMode SIPRemoveHeader SIPSendCustomINFO SoftHangup SpeechCreate
StartMusicOnHold StatsD StopMixMonitor StopMonitor StopMusicOnHold StopPlayTones
StoreDTMF UnpauseMonitor UserEvent Verbose
"""


def _rows() -> Iterable[Effect]:
    for group in (JUMPS, PEOPLE, VOICEMAIL, KEYS, ENDINGS, PROGRAMS, SOUNDS_AND_WAITS, SPEECH):
        yield from group
    yield from (Effect(name, status=status) for name, status in STATUS_ONLY.items())
    yield from (Effect(name) for name in GOES_ON.split())


EFFECTS: Mapping[str, Effect] = {effect.name.lower(): effect for effect in _rows()}


@functools.lru_cache(maxsize=4096)
def find(name: str) -> Effect | None:
    """The row of an application in any case; None when nobody has written what it does (so: unknown)."""
    return EFFECTS.get(name.strip().lower())
