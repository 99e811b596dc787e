"""Values of the picture. No behaviour."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.light import NamedTuple, dataclass, field

PERSON, MESSAGE, CUT, DEAD, STAYS, OPEN = "person", "message", "cut", "dead", "stays", "open"
ENDS = {
    PERSON: "a person answers",
    MESSAGE: "a message can be left",
    CUT: "the call is hung up",
    DEAD: "a destination is dead",
    STAYS: "the caller stays here",
    OPEN: "goes on outside of the files",
}
"""How calls may end at an extension, in words."""


class Node(NamedTuple):
    """One extension. `ends`: words of ENDS; `entry`: calls begin here; `met`: some call that was followed runs it."""

    number: int
    context: str
    exten: str
    file: str
    line: int
    steps: tuple[str, ...]
    ends: tuple[str, ...]
    entry: bool
    met: bool


class Edge(NamedTuple):
    """From one extension to another; `labels`: the keys and results that lead there, none for a plain jump."""

    source: int
    target: int
    labels: tuple[str, ...]


class Group(NamedTuple):
    """One context: its nodes by number, and the column in which it stands. `title`: what people call it."""

    name: str
    title: str
    nodes: tuple[int, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Graph:
    """`groups` in the order in which they stand, column by column; `includes`: names of contexts, who and whom.

    `places`: the number of the node that stands at a line of a file.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...]
    includes: tuple[tuple[str, str], ...] = ()
    places: Mapping[tuple[str, int], int] = field(default_factory=dict)
