"""`concierge prompts list|record|restore`: what callers and the staff hear."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from importlib.resources import files
from pathlib import Path

from concierge.errors import UserError
from concierge.spoken import texts
from concierge.wiring import add_format


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("list", help="every prompt with its text, and whether Asterisk has it")
    record = actions.add_parser("record", help="replace one by a sound file or by a spoken text")
    restore = actions.add_parser("restore", help="put ours back")
    for action in (record, restore):
        action.add_argument("name", help="as `prompts list` has it, e.g. goodbye")
    source = record.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, metavar="SOUND", help="any format that sox reads")
    source.add_argument("--text", help="spoken by espeak-ng")
    for action in (show, record, restore):
        action.add_argument("--language", default="en", help="en, pl, ru or one of your own (default: en)")
        action.add_argument("--etc", type=Path, default=Path("/etc/asterisk"), help="Asterisk's configuration folder")
        action.add_argument(
            "--sounds", type=Path, metavar="DIR", help="Asterisk's sounds (default: from asterisk.conf)"
        )
    add_format(show)


def run(args: Namespace) -> int:
    """0 when it is done; `list` gives 1 when one is missing."""
    from concierge.doctor.files import data_folder

    folder = (args.sounds or data_folder(args.etc) / "sounds") / args.language / "concierge"
    if args.action == "list":
        return _list(args, folder)
    if args.name not in texts("en"):
        raise UserError(f"{args.name!r} is no prompt of Concierge; `concierge prompts list` names them")
    if args.action == "record":
        _record(args, folder / f"{args.name}.wav")
    else:
        _restore(args, folder / f"{args.name}.wav")
    return 0


def _list(args: Namespace, folder: Path) -> int:
    ours = texts(args.language) or texts("en")
    found = [{"name": name, "state": _state(args.language, folder, name), "text": text} for name, text in ours.items()]
    if args.format == "json":
        print(json.dumps(found, ensure_ascii=False))
    else:
        for one in found:
            print(f"{one['name']}: {one['state']}: {one['text']}")
    return 1 if any(one["state"] == "missing" for one in found) else 0


def _state(language: str, folder: Path, name: str) -> str:
    try:
        there = (folder / f"{name}.wav").read_bytes()
    except OSError:
        return "missing"
    return "ours" if there == _ours(language, name) else "replaced"


def _ours(language: str, name: str) -> bytes | None:
    source = files("concierge").joinpath(f"sounds/{language}/{name}.wav")
    return source.read_bytes() if source.is_file() else None


def _record(args: Namespace, target: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        spoken, made = Path(folder) / "spoken.wav", Path(folder) / "made.wav"
        if args.text:
            voice = "en-gb" if args.language == "en" else args.language
            _program("espeak-ng", "-v", voice, "-s", "150", "-w", str(spoken), args.text)
        elif not args.file.is_file():
            raise UserError(f"{args.file}: there is no such file")
        source = str(spoken if args.text else args.file)
        _program("sox", "-D", source, "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", str(made))
        _put(target, made.read_bytes())
    print(f"{target}: recorded; Asterisk plays it from the next call on")


def _program(*words: str) -> None:
    import subprocess

    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{words[0]} is not installed, nothing was changed: apt-get install {words[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{words[0]} took too long") from error
    if done.returncode:
        why = done.stderr.strip().splitlines()
        raise UserError(f"{words[0]}: {why[-1] if why else 'failed'}; nothing was changed")


def _restore(args: Namespace, target: Path) -> None:
    ours = _ours(args.language, args.name)
    if ours is None:
        raise UserError(f"Concierge has no prompts in {args.language!r}")
    _put(target, ours)
    print(f"{target}: ours again")


def _put(target: Path, content: bytes) -> None:
    from concierge.installation.writing import write

    like = next(folder for folder in (target.parent, *target.parents) if folder.exists())
    try:
        write(target, content, like, 0o644)
    except OSError as error:
        raise UserError(
            f"{error.filename or target}: {error.strerror}; run this as root or as Asterisk's user"
        ) from error
