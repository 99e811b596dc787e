"""What this package needs of dataclasses, typing and re, quick to import; type checkers see the originals.

Those load inspect and compile every method and every pattern when a module is imported, which took most of the
start of `concierge lint`. Here `__init__` is compiled when the first object is made, a pattern when it is first
used. What this package does not need is not there: inheritance, `order`, `fields()`, `field()` beyond
`default_factory`.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    import re
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any as Any
    from typing import Final as Final
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import TypeAlias as TypeAlias
    from typing import TypeVar as TypeVar

    pattern = re.compile
else:
    import operator
    import re
    from collections import namedtuple

    Any = Final = NoReturn = TypeAlias = object  # they stand in annotations only

    class Protocol:
        """A base that does nothing."""

    def TypeVar(name, *_):  # noqa: N802 - the name it stands for
        """For annotations only."""
        return name

    class pattern:  # noqa: N801 - the name of a function
        """A regular expression that is compiled when one of its methods is first asked for."""

        def __init__(self, text, flags=0):
            self._given = text, flags

        def __getattr__(self, name):
            found = getattr(re.compile(*self._given), name)
            setattr(self, name, found)
            return found

    _MISSING = object()

    class _Factory:
        """The default of a field that is made anew for each object."""

        __slots__ = ("make",)

        def __init__(self, make):
            self.make = make

    def field(*, default_factory):
        """As dataclasses.field."""
        return _Factory(default_factory)

    def replace(record, /, **changes):
        """As dataclasses.replace."""
        return record.__class__(**{name: getattr(record, name) for name in record.__match_args__} | changes)

    def dataclass(cls=None, /, **options):
        """As dataclasses.dataclass, of `frozen`, `slots`, `eq` and `weakref_slot`."""
        return _record(cls) if cls is not None else lambda made: _record(made, **options)

    def _record(cls, *, frozen=False, slots=False, eq=True, weakref_slot=False):
        names = tuple(cls.__annotations__)
        defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        if slots:
            kept = {k: v for k, v in cls.__dict__.items() if k not in (*defaults, "__dict__", "__weakref__")}
            places = (*names, "__weakref__") if weakref_slot else names
            cls = type(cls)(
                cls.__name__, cls.__bases__, {**kept, "__slots__": places, "__qualname__": cls.__qualname__}
            )
        elif any(isinstance(value, _Factory) for value in defaults.values()):
            for name, value in defaults.items():
                if isinstance(value, _Factory):
                    delattr(cls, name)
        cls.__match_args__ = names
        cls.__init__ = _initially(cls, names, defaults, frozen, slots)
        cls.__repr__ = _repr
        values = _values(names)
        if eq:
            cls.__eq__ = lambda one, other: (
                values(one) == values(other) if other.__class__ is one.__class__ else NotImplemented
            )
            if "__hash__" not in cls.__dict__ or cls.__dict__["__hash__"] is None:
                cls.__hash__ = (lambda one: hash(values(one))) if frozen else None
        if frozen:
            cls.__setattr__ = cls.__delattr__ = _refuse
            cls.__reduce__ = lambda one: (one.__class__, tuple(getattr(one, name) for name in names))
        return cls

    def _values(names):
        return operator.attrgetter(*names) if names else lambda _: ()

    def _initially(cls, names, defaults, frozen, slots):
        """An `__init__` that replaces itself by a compiled one."""

        def first(self, *args, **kwargs):
            cls.__init__ = _compiled(cls, names, defaults, frozen, slots)
            cls.__init__(self, *args, **kwargs)

        return first

    def _compiled(cls, names, defaults, frozen, slots):
        known = {"_MISSING": _MISSING, "_set": object.__setattr__}
        parameters, lines = ["self"], []
        for name in names:
            value = name
            if name in defaults:
                default = defaults[name]
                made = isinstance(default, _Factory)
                known[f"_d_{name}"], known[f"_f_{name}"] = (_MISSING, default.make) if made else (default, None)
                parameters.append(f"{name}=_d_{name}")
                value = f"_f_{name}() if {name} is _MISSING else {name}" if made else name
            else:
                parameters.append(name)
            if frozen and slots:
                known[f"_s_{name}"] = cls.__dict__[name].__set__
                lines.append(f"    _s_{name}(self, {value})")
            else:
                lines.append(f"    _set(self, {name!r}, {value})" if frozen else f"    self.{name} = {value}")
        source = f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or ["    pass"])
        exec(source, known)  # noqa: S102 - the text is made of this package's own field names
        return known["__init__"]

    def _repr(self):
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{self.__class__.__qualname__}({inside})"

    def _refuse(_, name, *__):
        raise AttributeError(f"cannot assign to field {name!r}")

    class _NamedTuples(type):
        def __new__(mcs, name, bases, space):
            if not bases:
                return super().__new__(mcs, name, bases, space)
            names = tuple(space.get("__annotations__", ()))
            defaults = [space[one] for one in names if one in space]
            made = namedtuple(name, names, defaults=defaults, module=space["__module__"])
            for key, value in space.items():
                if key not in names and key != "__module__":
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_NamedTuples):
        """As typing.NamedTuple."""
