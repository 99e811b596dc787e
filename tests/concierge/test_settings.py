"""Settings: every mistake at once, with file, key and what to do; secrets never shown."""

import dataclasses
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from concierge.errors import SettingsError
from concierge.setting_rules import SECRET_VARIABLE, ami_secret
from concierge.settings import AmiSettings, Settings, load, parse

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.yaml"
FILE = Path("c.yaml")


def mistakes(raw):
    with pytest.raises(SettingsError) as caught:
        parse(raw, FILE)
    return str(caught.value).splitlines()


def keys(value, prefix=""):
    """Every setting as a dotted key. The digits of opt_out and the countries of max_age are values, not settings."""
    for name, item in value.items():
        if isinstance(item, dict) and prefix + name not in ("opt_out.digits", "registries.max_age"):
            yield from keys(item, f"{prefix}{name}.")
        else:
            yield prefix + name


def plain(settings):
    return {
        field.name: plain(value) if dataclasses.is_dataclass(value) else value
        for field in dataclasses.fields(settings)
        for value in [getattr(settings, field.name)]
    }


def test_the_example_sets_every_setting_and_only_settings():
    raw = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert sorted(keys(raw)) == sorted(keys(plain(Settings())))


def test_the_example_is_the_defaults():
    assert load(EXAMPLE) == Settings() == parse(None, FILE)


def test_the_example_explains_every_setting():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            block = lines[max(0, number - 6) : number]
            assert any(above.lstrip().startswith("#") for above in block), line


def test_all_mistakes_are_named_at_once_with_file_key_and_near_miss():
    found = mistakes(
        {
            "sight": {},
            "agi": {"prot": 4583, "host": 7, "sessions": "many", "allow": "10.0.0.5"},
            "menu": {"passes": 2.5},
            "store": [],
            "log": {"level": None},
            "site": {"internal": [100]},
        }
    )
    assert all(line.startswith("c.yaml: ") for line in found)
    text = "\n".join(found)
    for words in (
        "sight: unknown key; did you mean `site`?",
        "agi.prot: unknown key; did you mean `port`?",
        'agi.host: expected text, found the number 7; write it in quotes, e.g. "7"',
        "agi.sessions: expected a whole number, found str 'many'",
        "agi.allow: expected a list",
        "menu.passes: expected a whole number, found float '2.5'",
        "store: expected keys and values, found list",
        "log.level: expected text, found nothing",
        "site.internal[0]: expected text",
    ):
        assert words in text
    assert len(found) == 9


def test_all_unfit_values_are_named_at_once():
    found = mistakes(
        {
            "agi": {"port": 4573, "host": "0.0.0.0", "header_timeout": 0, "sessions": 0},
            "ami": {"user": "u", "host": "10.0.0.1", "port": 0, "system": "a b"},
            "opt_out": {"digits": {"99": "all", "8": "everything"}},
            "menu": {"total": -1, "passes": 10_000},
            "store": {"evidence_queue": 0, "evidence_delay": 0.06},
            "log": {"level": "loud"},
            "site": {"country": "pl"},
            "operator": {"ring": 0, "dial": "PJSIP/1;x"},
            "registries": {"max_age": {"us": 31, "US": "a month"}, "on_stale": "ignore"},
        }
    )
    for key in (
        "registries.max_age.us: no ISO",
        "registries.max_age.US: 'a month' is no number of days",
        "registries.on_stale: 'ignore' is none of refuse, warn",
        "agi.port: 4573 belongs to FreePBX",
        "agi.host: 0.0.0.0 is reachable from elsewhere",
        "agi.header_timeout",
        "agi.sessions",
        "ami.host",
        "ami.port",
        "ami.system",
        "opt_out.digits: '99'",
        "opt_out.digits.8: 'everything'",
        "menu.total",
        "menu.passes: 10000 is too large",
        "store.evidence_queue",
        "store.evidence_delay",
        "log.level",
        "site.country: 'pl'",
        "operator.ring",
        "operator.dial",
    ):
        assert any(line.startswith(f"c.yaml: {key}") for line in found), key
    assert len(found) == 20
    assert any("did you mean PL?" in line for line in found)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_no_list_of_hosts(host):
    assert parse({"agi": {"host": host}}, FILE).agi.host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "pbx.example", "", "localhost.example"])
def test_another_address_needs_a_list_of_hosts(host):
    assert any("agi.allow" in line for line in mistakes({"agi": {"host": host}}))
    assert parse({"agi": {"host": host, "allow": ["10.0.0.5", "fd00::/8"]}}, FILE).agi.allow


@pytest.mark.parametrize("allow", ["10.0.0.5/24", "pbx", ""])
def test_a_host_that_is_no_address_is_named(allow):
    assert any("agi.allow[0]" in line for line in mistakes({"agi": {"allow": [allow]}}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("key", ["header_timeout", "session_timeout"])
def test_a_time_limit_must_be_one(key, value):
    assert mistakes({"agi": {key: value}}) == [f"c.yaml: agi.{key}: a number of seconds, more than 0"]


@pytest.mark.parametrize("value", [float("nan"), -0.01, 0.051])
def test_evidence_may_not_wait_longer_than_the_design_says(value):
    assert mistakes({"store": {"evidence_delay": value}}) == [
        "c.yaml: store.evidence_delay: between 0 and 0.05 seconds"
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("outside_line", "nine"), ("internal", ["_[1"]), ("tech_prefixes", ["a b"])]
)
def test_an_unfit_habit_of_the_site_is_named(key, value):
    assert mistakes({"site": {key: value}})[0].startswith("c.yaml: site: ")


@pytest.mark.parametrize("value", ["PJSIP/1\nexten => s,1,System(x)", "PJSIP/1;2", "a\0"])
def test_the_operator_cannot_smuggle_lines_into_the_dialplan(value):
    assert mistakes({"operator": {"dial": value}})[0].startswith("c.yaml: operator.dial: one line without `;`")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("site: [", "c.yaml:1:8: not YAML"),
        ("site:\n  country: PL\nsite: {}\n", "`site` stands twice"),
        ("agi: {port: 1, port: 2}", "`port` stands twice"),
        ("site: {country: NO}", "site.country: expected text, found bool 'False'; write it in quotes"),
        ("site: {outside_line: 9}", 'write it in quotes, e.g. "9"'),
        ("site: {outside_line: 2026-13-45}", "not YAML"),
        ("site: " + "[" * 5000, "not YAML"),
        ("agi: {port: " + "9" * 5000 + "}", "not YAML"),
        ("a: &a [*a]", "a: unknown key"),
        ("? [1]\n: 2", "not YAML"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
        ("- 1", "expected keys and values, found list"),
        ("just text", "expected keys and values, found str"),
        ("\x01", "not YAML"),
    ],
)
def test_an_unreadable_file_is_one_clear_error(tmp_path, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    FILE.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(FILE)
    assert words in str(caught.value)
    assert "c.yaml" in str(caught.value)


def test_a_file_that_is_not_utf8_a_folder_and_an_absent_one_are_named(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("site: {name: Köln}".encode("latin-1"))
    for name, words in (("latin.yaml", "not UTF-8 at byte"), ("", "Is a directory"), ("absent.yaml", "No such file")):
        with pytest.raises(SettingsError, match=words):
            load(tmp_path / name)


def test_the_environment_names_the_file_and_a_named_file_that_is_absent_is_an_error(tmp_path):
    path = tmp_path / "other.yaml"
    with pytest.raises(SettingsError, match=r"other\.yaml"):
        load(environment={"CONCIERGE_CONFIG": str(path)})
    path.write_text("site: {country: DE}")
    assert load(environment={"CONCIERGE_CONFIG": str(path)}).site.country == "DE"


def test_without_any_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("concierge.settings.default_paths", lambda _environment: [Path("config.yaml")])
    assert load(environment={}) == Settings()
    Path("config.yaml").write_text("site: {country: DE}")
    assert load(environment={}).site.country == "DE"


def test_a_default_file_that_may_not_be_read_is_not_silently_left_out(monkeypatch):
    class Closed(type(Path())):
        def stat(self, **_):
            raise PermissionError(13, "Permission denied", str(self))

        def read_text(self, *_args, **_more):
            raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("concierge.settings.default_paths", lambda _environment: [Closed("/closed/config.yaml")])
    with pytest.raises(SettingsError, match=r"/closed/config\.yaml: Permission denied"):
        load(environment={})


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
sections = st.sampled_from([field.name for field in dataclasses.fields(Settings)])
names = st.sampled_from(sorted({key.partition(".")[2] for key in keys(plain(Settings()))}))


@given(
    st.dictionaries(sections, yaml_values | st.dictionaries(names, yaml_values, max_size=4), max_size=4) | yaml_values
)
def test_whatever_yaml_gives_is_settings_or_a_clear_error(raw):
    try:
        assert isinstance(parse(raw, FILE), Settings)
    except SettingsError as error:
        assert all(error.args)


SECRET = "s3cret-0815-äß"


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_secret_comes_from_its_file_or_the_environment(secret_file):
    assert ami_secret(AmiSettings(user="u", secret_file=str(secret_file)), {}) == SECRET
    assert ami_secret(AmiSettings(user="u"), {SECRET_VARIABLE: SECRET}) == SECRET


def test_the_file_wins_over_the_environment(secret_file):
    assert ami_secret(AmiSettings(user="u", secret_file=str(secret_file)), {SECRET_VARIABLE: "other"}) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o644, 0o777])
def test_a_secret_that_others_can_reach_is_refused_and_not_shown(secret_file, mode):
    secret_file.chmod(mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        ami_secret(AmiSettings(user="u", secret_file=str(secret_file)), {})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"two\nlines " + SECRET.encode(), b"\xff" + SECRET.encode()[:5], b"nul\0"]
)
def test_a_file_without_one_secret_is_refused_and_not_shown(secret_file, content):
    secret_file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"ami\.secret_file") as caught:
        ami_secret(AmiSettings(user="u", secret_file=str(secret_file)), {})
    assert SECRET[:5] not in str(caught.value)


def test_there_is_no_default_secret():
    with pytest.raises(SettingsError, match=r"ami\.secret_file or \$CONCIERGE_AMI_SECRET"):
        ami_secret(AmiSettings(user="u"), {})


def test_a_secret_in_the_environment_with_a_line_break_is_refused_and_not_shown():
    with pytest.raises(SettingsError) as caught:
        ami_secret(AmiSettings(user="u"), {SECRET_VARIABLE: f"{SECRET}\r\nAction: Command"})
    assert SECRET not in str(caught.value)


def test_settings_have_no_place_for_a_secret_itself():
    assert not [key for key in keys(plain(Settings())) if key.endswith(("secret", "password"))]
    assert SECRET_VARIABLE not in os.environ


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"party": "*"}, "codes.party: '*': 2 to 11 keys"),
        ({"last": "*9x"}, "codes.last"),
        ({"number": "*94"}, "codes.number: '*94' is codes.last too"),
        ({"context": "a b"}, "codes.context"),
    ],
)
def test_codes_that_no_telephone_could_dial(codes, expected):
    (found,) = mistakes({"codes": codes})
    assert expected in found


def test_codes_may_be_off():
    assert parse({"codes": {"party": "", "last": "", "number": ""}}, FILE).codes.last == ""


def test_what_the_selftest_calls_is_checked():
    wrong = {"numbers": ["12 34"], "context": "from trunk", "paths": 0, "depth": 0, "ring": 0.1}
    text = "\n".join(mistakes({"selftest": wrong}))
    for words in (
        "'12 34' cannot be a number",
        "selftest.context",
        "selftest.paths",
        "selftest.depth",
        "ring is between",
    ):
        assert words in text
    assert "selftest.context" in "\n".join(mistakes({"selftest": {"numbers": ["700"]}}))
    assert parse({"selftest": {"numbers": ["700"], "context": "in"}}, FILE).selftest.numbers == ("700",)


def test_a_reservation_stands_as_long_as_a_call_may_be_dialled():
    (told,) = mistakes({"gate": {"reserve": 60}})
    assert told.startswith("c.yaml: gate.reserve: 60 seconds are less than gate.fresh (120)") and "lower" in told
    for gate in ({"reserve": 60, "fresh": 60}, {"reserve": 60, "bypass": "off"}, {"reserve": 300, "fresh": 299.5}):
        assert parse({"gate": gate}, FILE).gate.reserve == gate["reserve"]
