"""Prompts: each in each language, 8 kHz mono, replaced and restored."""

from __future__ import annotations

import re
import shutil
import subprocess
import wave
from pathlib import Path

import pytest

import concierge as package
from concierge.spoken import texts
from models.policy import Reason

SOUNDS = Path(package.__file__).parent / "sounds"
LANGUAGES = ("en", "pl", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_is_there_in_every_language_as_telephones_need_it(language: str) -> None:
    assert texts(language).keys() == texts("en").keys()
    made = {path.stem for path in (SOUNDS / language).glob("*.wav")}
    assert made == set(texts(language))
    for path in (SOUNDS / language).glob("*.wav"):
        with wave.open(str(path)) as sound:
            shape = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth())
            assert shape == (8000, 1, 2) and 0.1 < sound.getnframes() / 8000 < 15, path


def test_every_prompt_that_the_contexts_play_has_a_text() -> None:
    shipped = "".join(path.read_text() for path in (SOUNDS.parent / "asterisk").glob("*.conf"))
    played = set(re.findall(r"concierge/([a-z][a-z0-9-]*[a-z0-9])(?![a-z0-9.-]*[$])", shipped))
    assert played - {"reason", "digit"} <= set(texts("en")) | {"refused"}


ALLOWED = {Reason.NOT_LISTED, Reason.EMERGENCY, Reason.SHORT_CODE, Reason.INTERNAL, Reason.ALLOWED_IN_RANGE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_for_which_a_call_is_refused_is_spoken(language: str) -> None:
    """Those of the decision, and those that the dialplan gives when nobody decides."""
    shipped = (SOUNDS.parent / "asterisk" / "contexts.conf").read_text()
    outbound = shipped.partition("[concierge-outbound]")[2].partition("\n[")[0]
    own = set(re.findall(r"CONCIERGE_REASON[=)](?:[^,)$]*\?)?([a-z-]+)", outbound)) | {"gate-unreachable"}
    assert {"gate-silent", "gate-timeout", "opt-out-pending"} <= own
    wanted = {reason.value for reason in set(Reason) - ALLOWED} | own - {"emergency"}
    spoken = {name.removeprefix("reason-") for name in texts(language) if name.startswith("reason-")}
    assert spoken == wanted


@pytest.mark.skipif(not (shutil.which("sox") and shutil.which("espeak-ng")), reason="needs sox and espeak-ng")
def test_one_is_replaced_by_text_or_file_and_put_back(concierge, tmp_path: Path) -> None:
    where = ("--sounds", tmp_path)
    assert concierge("prompts", "list", *where).returncode == 1, "nothing is there yet"
    for name in texts("en"):
        concierge("prompts", "restore", name, *where)
    assert concierge("prompts", "list", *where).returncode == 0
    assert concierge("prompts", "record", "goodbye", "--text", "See you", *where).returncode == 0
    assert "goodbye: replaced" in concierge("prompts", "list", *where).stdout
    music = tmp_path / "music.wav"
    subprocess.run(["sox", "-n", "-r", "44100", "-c", "2", music, "synth", "0.3", "sine", "440"], check=True)
    assert concierge("prompts", "record", "goodbye", "--file", music, "--language", "de", *where).returncode == 0
    with wave.open(str(tmp_path / "de" / "concierge" / "goodbye.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
    assert concierge("prompts", "restore", "goodbye", *where).returncode == 0
    assert "goodbye: ours" in concierge("prompts", "list", *where).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("record", "hello", "--text", "x"), "is no prompt"),
        (("record", "goodbye", "--file", "/nonexistent.wav"), "no such file"),
        (("record", "goodbye", "--file", "/etc/hostname"), "nothing was changed"),
        (("restore", "goodbye", "--language", "xx"), "no prompts in 'xx'"),
    ],
)
def test_what_cannot_be_done_is_said(concierge, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = concierge("prompts", *words, "--sounds", tmp_path)
    assert done.returncode == 2 and said in done.stderr
