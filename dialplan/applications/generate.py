"""Makes dialplan/applications/data/NN.json from Asterisk's documentation. Run it when a version is added:

    python -m dialplan.applications.generate 22.10.0 /usr/share/asterisk/documentation/core-en_US.xml
    python -m dialplan.applications.generate 22.10.0 …/core-en_US.xml --modules dialplan/neighbours/modules.json
    python -m dialplan.applications.generate 20.20.1 /path/to/unpacked/asterisk-20.20.1

A folder is taken as a source tree: the documentation blocks of its C files and its XML documentation files
are read, as Asterisk's own build does (build_tools/get_documentation). Only names and options are written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from dialplan.applications.docs import DocsError, from_text, from_xml
from dialplan.applications.tables import DATA, Table
from dialplan.light import pattern

# The folders whose modules are documented (Asterisk's Makefile, MOD_SUBDIRS; its tests are not shipped).
FOLDERS: tuple[str, ...] = (
    "addons",
    "apps",
    "bridges",
    "cdr",
    "cel",
    "channels",
    "codecs",
    "formats",
    "funcs",
)
FOLDERS += ("main", "pbx", "res")
PARTS = {"parking_applications": "res_parking", "parking_bridge_features": "res_parking"}
"""Source files of a module that has several, which the documentation takes for modules."""
BLOCK = pattern(r"/\*\*\* DOCUMENTATION[^\n]*\n(.*?)\*\*\*/", re.DOTALL)
DOCS_FILE = pattern(r"<docs\b[^>]*>(.*)</docs>", re.DOTALL)


def from_sources(root: Path, version: str) -> Table:
    """Table of a source tree. Raises DocsError when it holds no documentation."""
    body = "\n".join(_blocks(root))
    return from_text(f'<docs xmlns:xi="http://www.w3.org/2001/XInclude">{body}</docs>', version)


def _blocks(root: Path) -> Iterator[str]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".cc"):
                yield from BLOCK.findall(path.read_text(encoding="utf-8", errors="replace"))
            elif path.suffix == ".xml":
                yield from DOCS_FILE.findall(path.read_text(encoding="utf-8", errors="replace"))


def modules_of(path: Path) -> str:
    """dialplan/neighbours/modules.json: which modules have each application and function. `path`: core-en_US.xml."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - a file that Asterisk has installed
    made: dict[str, dict[str, list[str]]] = {}
    for kind in ("application", "function"):
        found = made[f"{kind}s"] = dict[str, list[str]]()
        for entry in root.iter(kind):
            module, name = entry.get("module", ""), entry.get("name", "")
            if entry.get("language") is None or module in ("", "builtin"):
                continue
            known = found.setdefault(name.lower() if kind == "application" else name, [])
            known += [one for one in [PARTS.get(module, module)] if one not in known]
    return json.dumps(made, indent=0, sort_keys=True) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write one data file; 0, or 2 with the reason on stderr."""
    parser = argparse.ArgumentParser(description="Make an application table from Asterisk's documentation.")
    parser.add_argument("version", help="the exact version, such as 22.10.0; the file is named by its first number")
    parser.add_argument("source", type=Path, help="core-en_US.xml, or the folder of a source tree")
    parser.add_argument("--output", type=Path, default=DATA, help="folder to write to")
    parser.add_argument("--modules", type=Path, metavar="FILE", help="write which module has what there, too")
    args = parser.parse_args(argv)
    read = from_sources if args.source.is_dir() else from_xml
    try:
        table = read(args.source, args.version)
    except DocsError as error:
        print(error, file=sys.stderr)
        return 2
    target = args.output / f"{args.version.split('.')[0]}.json"
    target.write_text(table.to_json(), encoding="utf-8")
    if args.modules:
        args.modules.write_text(modules_of(args.source), encoding="utf-8")
    print(f"{target}: {len(table.applications)} applications, {len(table.functions)} functions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
