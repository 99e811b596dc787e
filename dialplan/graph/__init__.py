"""The calls of a plan as a picture: boxes are contexts, rows their extensions, arrows what leads on."""

from dialplan.graph.build import build
from dialplan.graph.model import Edge, Graph, Group, Node

__all__ = ["Edge", "Graph", "Group", "Node", "build"]
