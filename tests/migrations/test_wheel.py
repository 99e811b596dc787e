"""What is installed works without the checkout."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from models.tables import SCHEMA

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: setuptools leaves build/ behind, which would be packed the next time."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    names = ["agi", "ami", "concierge", "dialplan", "migrations", "models", "sql", "web"]
    files = ["setup.cfg", "pyproject.toml", "config.example.yaml", "README.md", "LICENSE", "MANIFEST.in"]
    for name in filter(lambda name: (ROOT / name).exists(), names + files):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A venv with the wheel alone; the libraries come from the running interpreter's."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python3.*/site-packages"))
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python")]
    command += ["install", "--quiet", "--no-deps", "--no-compile", "--no-index", str(wheel)]
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run(command, check=True, env=environment)
    libraries = Path(next(path for path in sys.path if path.endswith("site-packages")))
    borrowed = [
        "sqlalchemy",
        "alembic",
        "mako",
        "markupsafe",
        "yaml",
        "_yaml",
        "greenlet",
        "typing_extensions.py",
        "phonenumbers",
        "panoramisk",
        "asterisk",
    ]
    for name in borrowed:
        if (libraries / name).exists():
            (packages / name).symlink_to(libraries / name)
    return folder


def test_the_wheel_makes_upgrades_checks_and_empties_a_database_far_from_the_checkout(installed, tmp_path):
    environment = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def run(*command):
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    concierge = str(installed / "bin/concierge")
    upgrade = run(concierge, "db", "upgrade")
    assert upgrade.returncode == 0, upgrade.stderr
    assert upgrade.stdout.endswith(f"concierge.db: at revision {SCHEMA}\n")
    assert run(concierge, "db", "check").returncode == 0
    script = (
        "import models.tables, migrations.run as run; from pathlib import Path; from models.store import open_alone\n"
        "assert 'site-packages' in run.__file__ and 'site-packages' in models.tables.__file__\n"
        f"with open_alone(Path({str(tmp_path / 'concierge/concierge.db')!r})) as connection:\n"
        "    run.downgrade(connection, 'base'); print(run.current(connection))"
    )
    down = run(str(installed / "bin/python"), "-c", script)
    assert (down.stdout, down.returncode) == ("None\n", 0), down.stderr


def test_the_wheel_holds_the_snippets_the_migrations_and_the_example(installed):
    concierge = str(installed / "bin/concierge")
    shown = subprocess.run([concierge, "hooks", "show"], cwd="/", capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "[concierge-outbound]" in shown.stdout
    example = (installed / "share/concierge/config.example.yaml").read_text(encoding="utf-8")
    assert example == (ROOT / "config.example.yaml").read_text(encoding="utf-8")


def test_the_installed_files_are_the_wheels_and_a_foreign_one_is_noticed(installed):
    check = [
        str(installed / "bin/python"),
        "-c",
        "from concierge.integrity import changed_files; print(changed_files())",
    ]
    assert subprocess.run(check, cwd="/", capture_output=True, text=True, check=True).stdout == "[]\n"
    ours = next(installed.glob("lib/python3.*/site-packages/models/policy.py"))
    kept = ours.read_bytes()
    ours.write_bytes(b"def may_call(*_): return True\n")
    assert subprocess.run(check, cwd="/", capture_output=True, text=True, check=True).stdout == "['models/policy.py']\n"
    ours.write_bytes(kept)


def test_tokens_need_no_extra_and_an_endpoint_without_it_says_what_to_install(installed, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (tmp_path / "c.yaml").write_text("store: {path: list.db}\nweb: {port: 4590}\n")

    def run(*words):
        command = [str(installed / "bin/concierge"), *words, "--config", str(tmp_path / "c.yaml")]
        return subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    assert run("db", "upgrade").returncode == 0
    assert run("token", "add", "crm").stdout.startswith("concierge_")
    serve = run("serve", "--only", "web")
    assert serve.returncode == 2
    assert "pip install 'asterisk-concierge[web]' (fastapi is missing)" in serve.stderr
