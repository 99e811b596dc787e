"""Asterisk's own XML documentation -> a Table: names, arguments, options, status variables. No prose is kept.

Reads core-en_US.xml as installed below share/asterisk/documentation, or documentation blocks of the C
sources wrapped into one <docs> element. An application of several modules (VoiceMail) is one entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from dialplan.applications.tables import Application, Parameter, Table

TRUE = ("yes", "true")


class DocsError(ValueError):
    """The file is not Asterisk's XML documentation; the text says what and where."""


def from_xml(path: Path, version: str = "") -> Table:
    """Read one documentation file. Raises DocsError when it is unreadable or not such documentation."""
    try:
        return from_text(path.read_bytes(), version or path.name)
    except OSError as error:
        raise DocsError(f"{path}: cannot be read: {error.strerror}") from error
    except DocsError as error:
        raise DocsError(f"{path}: {error}") from error


def from_text(text: str | bytes, version: str) -> Table:
    """Read documentation from memory. Raises DocsError."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - see the import
    except ElementTree.ParseError as error:
        raise DocsError(f"not well-formed XML: {error}") from error
    table = Table(version, _applications(root), frozenset(_names(root, "function")))
    if root.tag != "docs" or not table.applications:
        raise DocsError("documents no application; expected Asterisk's core-en_US.xml")
    return table


def _names(root: ElementTree.Element, tag: str) -> Iterable[str]:
    return (element.get("name", "") for element in root.iter(tag))


def _applications(root: ElementTree.Element) -> dict[str, Application]:
    found: dict[str, Application] = {}
    for element in root.iter("application"):
        new = _application(element)
        old = found.get(new.name.lower())
        found[new.name.lower()] = new if old is None else _merge(old, new)
    return found


def _application(element: ElementTree.Element) -> Application:
    syntax = element.find("syntax")
    if syntax is None:
        return Application(element.get("name", ""))
    return Application(
        element.get("name", ""),
        syntax.get("argsep", ","),
        tuple(_parameter(child) for child in syntax.findall("parameter")),
        _status(element, syntax),
    )


def _parameter(element: ElementTree.Element) -> Parameter:
    return Parameter(
        name=element.get("name", ""),
        required=element.get("required", "") in TRUE,
        multiple=element.get("multiple", "") in TRUE,
        separator=element.get("argsep", ","),
        has_arguments=element.get("hasparams", "false") != "false",
        arguments=tuple(_parameter(c) for c in element if c.tag in ("argument", "parameter")),
        options={
            option.get("name", ""): tuple(_parameter(c) for c in option.findall("argument"))
            for option in element.findall("optionlist/option")
        },
        values=tuple(v.get("name", "") for v in element.findall("enumlist/enum")),
    )


def _status(element: ElementTree.Element, syntax: ElementTree.Element) -> dict[str, tuple[str, ...]]:
    """Variables that the application sets and whose values are listed; those inside the syntax are inputs."""
    inputs = {id(variable) for variable in syntax.iter("variable")}
    found = {
        variable.get("name", ""): tuple(value.get("name", "") for value in variable.findall("value"))
        for variable in element.iter("variable")
        if id(variable) not in inputs
    }
    return {name: values for name, values in found.items() if name and values}


def _merge(old: Application, new: Application) -> Application:
    """Two modules with one application: the first description, with every option and value of both."""
    status = dict(old.status)
    for name, values in new.status.items():
        status[name] = tuple(dict.fromkeys((*status.get(name, ()), *values)))
    return Application(old.name, old.separator, _merge_parameters(old.parameters, new.parameters), status)


def _merge_parameters(old: tuple[Parameter, ...], new: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    merged = [first.with_options(second.options) for first, second in zip(old, new, strict=False)]
    longer = old if len(old) > len(new) else new
    return (*merged, *longer[len(merged) :])
