"""What an editor asks about a dialplan: what is this, where does it lead, who leads here, what may be written."""

from dialplan.editor.project import Analysis, analyse
from dialplan.editor.questions import complete, definitions, hover, references

__all__ = ["Analysis", "analyse", "complete", "definitions", "hover", "references"]
