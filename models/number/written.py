"""From what was written or sent to what was dialled: characters, URIs, extensions. No numbering plan here."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from models.number.kinds import NotANumber, Why

UNIVERSAL_EMERGENCY = frozenset({"112", "911", "999"})

# fmt: off
_WITHHELD = frozenset({
    "anonymous", "anonymous caller", "unknown", "unknown caller", "unknown number", "restricted",
    "unavailable", "not available", "n/a", "private", "private caller", "private number", "withheld",
    "number withheld", "blocked", "no caller id", "no number", "none", "null", "asterisk", "nieznany",
    "numer nieznany", "zastrzeżony", "numer zastrzeżony", "prywatny", "numer prywatny",
})
# fmt: on
# "anonymous" on the keypad, which some gateways send as a caller id
_KEYPAD_ANONYMOUS = "+266696687"
_CHARACTERS = str.maketrans(
    {"+": "+", "﹢": "+", "−": "-", "／": "/", "（": "(", "）": ")", "，": ",", "；": ";", "．": "."}
    | {"#": "#", "*": "*", "’": "'", "‘": "'", "‛": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "\t": " "}
)
_PUNCTUATION = str.maketrans("", "", " -.()[]/,'")
_SUBSCRIBER = 7  # digits
_NAME_AND_ADDRESS = re.compile(r"[^<>]*<([^<>]*)>")
_URI = re.compile(r"(sips?|tel|callto|urn):(.*)", re.DOTALL | re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?\d+(?:[.,]\d*)?e[-+]?\d+", re.IGNORECASE)
_FLOAT = re.compile(r"(\+?\d{7,15})\.(\d{1,2})")
_THOUSANDS = re.compile(r"\+?\d{1,3}(?:,\d{3}){2,}")
_SEPARATED = re.compile(r"[,;|&\r\n]|\s(?:or|and|lub|oraz|albo|i|oder|und|ou|et|o|y|e|или|и)\s", re.IGNORECASE)
_EXTENSION = re.compile(
    r"[\s.,;(]*(?:;\s*ext\s*=|(?:ext(?:ension|n)?|wewn?(?:[eę]trzny)?|int(?:ern)?|poste|durchwahl|dw|linka|"
    r"anexo|ramal|доб(?:авочный)?|x)\s*[.:]?)\s*(\d{1,8})[)#]*$",
    re.IGNORECASE,
)
_POST_DIAL = re.compile(r"\s*(?:,|;|(?<=\d)[pw])[,;pw\s]*(\d[\d,*#pw]{0,5})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """Dialled characters (ASCII digits, + * #) and the extension kept apart."""

    dial: str
    extension: str = ""


def take_apart(raw: str) -> Written | NotANumber:
    """Split a raw text into dialled characters and extension, or say what stands in it instead."""
    text = _clean(raw)
    if address := _NAME_AND_ADDRESS.fullmatch(text):
        name, text = "".join(filter(str.isdigit, text.partition("<")[0])), address[1].strip()
        if len(name) >= _SUBSCRIBER and name[-_SUBSCRIBER:] not in "".join(filter(str.isdigit, text)):
            return NotANumber(Why.TWO_NUMBERS, "one number stands before the angle brackets, another in them")
    if not text:
        return NotANumber(Why.EMPTY, "nothing was given")
    if text.casefold() in _WITHHELD or text == _KEYPAD_ANONYMOUS:
        return NotANumber(Why.WITHHELD, "the caller's number is withheld or unknown")
    if uri := _URI.fullmatch(text):
        return _uri(uri[1].lower(), uri[2])
    return _plain(text)


def _clean(raw: str) -> str:
    text = raw if raw.isascii() else "".join(map(_character, raw))
    return text.translate(_CHARACTERS).strip().strip("'\"`").strip()


def _character(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    return {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}.get(category, char)


def _uri(scheme: str, rest: str) -> Written | NotANumber:
    if scheme == "urn":
        return _urn(rest)
    user = unquote(rest.removeprefix("//"))
    if scheme.startswith("sip"):
        if "@" not in user:
            return NotANumber(Why.SIP_URI, "the URI names a host and no number")
        user = user.rsplit("@", 1)[0].partition(":")[0]
    found = _with_parameters(_clean(user))
    if isinstance(found, NotANumber) and found.why in (Why.LETTERS, Why.NOT_A_NUMBER, Why.EMPTY):
        return NotANumber(Why.SIP_URI, "the URI's user part is not a telephone number")
    return found


def _urn(rest: str) -> NotANumber:
    if rest.lower().startswith("service:sos"):
        return NotANumber(Why.EMERGENCY, "an emergency service is never listed nor blocked")
    return NotANumber(Why.SIP_URI, "the URI names a service and no number")


def _with_parameters(user: str) -> Written | NotANumber:
    """RFC 3966 parameters: ext is kept apart, phone-context digits go in front, the rest is dropped."""
    number, *parameters = user.split(";")
    named = dict(one.strip().lower().partition("=")[::2] for one in parameters)
    if number.casefold() in _WITHHELD:
        return NotANumber(Why.WITHHELD, "the caller's number is withheld or unknown")
    context = named.get("phone-context", "")
    if context.startswith("+") and not number.startswith("+"):
        number = context + number
    found = _plain(number)
    if isinstance(found, NotANumber) or not named.get("ext", "").isdigit():
        return found
    return Written(found.dial, named["ext"])


def _plain(text: str) -> Written | NotANumber:
    if _EXPONENT.fullmatch(text):
        return NotANumber(
            Why.EXPONENT, "a spreadsheet rounded it and its last digits are lost; format the column as text"
        )
    if refusal := _fraction_or_pair(text):
        return refusal
    if whole := _FLOAT.fullmatch(text):
        text = whole[1]
    text, extension = _extension_apart(text)
    if any(char.isalpha() for char in text):
        return NotANumber(Why.LETTERS, "letters stand in it; give digits only")
    dial = text.translate(_PUNCTUATION)
    dial = dial.rstrip("#") or dial
    if re.fullmatch(r"[\d+*#]+", dial, re.ASCII) is None or not any(char.isdigit() for char in dial):
        return NotANumber(Why.NOT_A_NUMBER, "characters stand in it that no telephone number has")
    return Written(dial, extension)


def _fraction_or_pair(text: str) -> NotANumber | None:
    number = _FLOAT.fullmatch(text)
    if number and number[2].strip("0"):
        return NotANumber(Why.NOT_A_NUMBER, "a decimal fraction stands after it")
    splits = [_SEPARATED.split(text), text.split("/"), text.split("+")]
    words = text.split()
    if len(words) == 2 and _digits(words[0]) == _digits(words[1]):  # 600100200 600100201, not 01512 3450000
        splits.append(words)
    if any(sum(_digits(part) >= 7 for part in parts) > 1 for parts in splits):
        return NotANumber(Why.TWO_NUMBERS, "two numbers stand in it; give one")
    head, slash, _ending = text.partition("/")
    if slash and _digits(head) >= 7:
        return NotANumber(Why.TWO_NUMBERS, "an alternative ending stands after the slash; give one number")
    return None


def _digits(text: str) -> int:
    """How many digits, a prefix such as 9999# or *31# not counted."""
    return sum(char.isdigit() for char in text.rstrip("#").rpartition("#")[2])


def _extension_apart(text: str) -> tuple[str, str]:
    if _THOUSANDS.fullmatch(text):
        return text, ""
    if found := _EXTENSION.search(text):
        return text[: found.start()], found[1]
    found = _POST_DIAL.search(text)
    # "9,0048…" is a pause after the outside line, "416,1234567" an area code: only a whole number has a tail
    if found and (_digits(text[: found.start()]) >= 7 or text[: found.start()] in UNIVERSAL_EMERGENCY):
        return text[: found.start()], found[1]
    return text, ""
