"""The manager user: enough to listen, too little to call."""

import pytest

from ami.manager_conf import snippet

SECRET = "correct-horse-battery"


def lines(text):
    return [line for line in text.splitlines() if line and not line.startswith(";")]


@pytest.mark.parametrize("version", [16, 18, 20, 22])
def test_least_privilege(version):
    got = lines(snippet(version, "concierge", SECRET))
    assert "read=call,dtmf,user" in got
    assert "write=user,call,reporting" in got
    assert "writetimeout=5000" in got
    assert (
        "channelvars=CONCIERGE_CAMPAIGN,CONCIERGE_NUMBER,CONCIERGE_LEG,CONCIERGE_LEG_CAMPAIGN,CONCIERGE_LEG_NUMBER,"
        "CONCIERGE_PERMIT" in got
    )
    assert "timestampevents=yes" in got
    assert got.index("deny=0.0.0.0/0.0.0.0,::/0") < got.index("permit=127.0.0.1/255.255.255.255")
    for power in ("originate", "command", "system", "config", "agi", "dialplan", "all"):
        assert not any(power in line.split("=")[-1].split(",") for line in got), power


def test_each_version_gets_filters_that_it_understands():
    assert all(
        "eventfilter(action(include)" in line for line in lines(snippet(22, "c", SECRET)) if "eventfilter" in line
    )
    assert all(
        line.startswith("eventfilter=^Event: ") for line in lines(snippet(16, "c", SECRET)) if "eventfilter" in line
    )
    for version in (16, 22):
        text = snippet(version, "c", SECRET)
        for event in ("DTMFEnd", "DialBegin", "Hangup", "UserEvent"):
            assert event in text


def test_channel_variables_that_are_asked_for_already_are_kept():
    got = lines(snippet(22, "c", SECRET, also=["FROM_DID", "CONCIERGE_LEG", "CDR(accountcode)"]))
    assert (
        "channelvars=FROM_DID,CONCIERGE_LEG,CDR(accountcode),CONCIERGE_CAMPAIGN,CONCIERGE_NUMBER,CONCIERGE_LEG_CAMPAIGN,CONCIERGE_LEG_NUMBER,"
        "CONCIERGE_PERMIT" in got
    )


@pytest.mark.parametrize("user", ["", "general", "General", "a b", "a]", "a\nb", "x" * 65])
def test_a_user_that_manager_conf_cannot_hold(user):
    with pytest.raises(ValueError, match="manager user"):
        snippet(22, user, SECRET)


@pytest.mark.parametrize(
    "secret", ["", "short", "a;comment-follows", "two words here", "a\nwrite=all-of-it", ">12345678", "żółćżółć"]
)
def test_a_secret_that_manager_conf_cannot_hold(secret):
    with pytest.raises(ValueError, match="secret") as caught:
        snippet(22, "concierge", secret)
    assert not secret or secret not in str(caught.value)


def test_a_variable_that_is_none():
    with pytest.raises(ValueError, match="no channel variable"):
        snippet(22, "c", SECRET, also=["A,B\nwrite=all"])
