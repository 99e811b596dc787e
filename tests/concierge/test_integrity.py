"""Installed files that another package has replaced are named."""

import base64
import hashlib
from importlib.metadata import Distribution, packages_distributions

import pytest

from concierge.integrity import changed_files

FILES = {
    "models/__init__.py": b'"""ours"""\n',
    "models/policy.py": b"def may_call(): ...\n",
    "agi/server.py": b"",
    "concierge/asterisk/contexts.conf": b"[concierge-outbound]\n",
}


def line(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


@pytest.fixture
def site(tmp_path):
    """A folder as pip leaves it, with a RECORD."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    info = tmp_path / "asterisk_concierge-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: asterisk-concierge\nVersion: 0.1.0\n")
    record = "".join(line(name, content) for name, content in FILES.items())
    (info / "RECORD").write_text(record + f"models/__pycache__/policy.cpython-311.pyc,,\n{info.name}/RECORD,,\n")
    return tmp_path


@pytest.fixture
def changed(site):
    return lambda: changed_files(Distribution.at(site / "asterisk_concierge-0.1.0.dist-info"))


def test_an_installation_as_pip_left_it_is_intact(changed):
    assert changed() == []


def test_overwritten_and_deleted_modules_are_named(site, changed):
    (site / "models/policy.py").write_bytes(b"def may_call(): return True\n")
    assert changed() == ["models/policy.py"]
    (site / "agi/server.py").unlink()
    assert changed() == ["models/policy.py", "agi/server.py"]


def test_one_changed_byte_of_the_same_length_is_named(site, changed):
    (site / "models/__init__.py").write_bytes(b'"""ourz"""\n')
    assert changed() == ["models/__init__.py"]


def test_a_module_replaced_by_a_folder_or_an_unreadable_thing_is_named(site, changed):
    (site / "models/policy.py").unlink()
    (site / "models/policy.py").mkdir()
    assert changed() == ["models/policy.py"]


def test_a_checkout_and_an_installation_without_record_have_nothing_to_compare(site, changed):
    assert changed_files() == []
    (site / "asterisk_concierge-0.1.0.dist-info/RECORD").unlink()
    assert changed() == []


def test_each_of_our_generic_names_has_one_owner():
    owners = packages_distributions()
    for name in ("agi", "ami", "concierge", "dialplan", "migrations", "models"):
        assert set(owners.get(name, ["asterisk-concierge"])) == {"asterisk-concierge"}, name
