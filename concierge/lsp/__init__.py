"""The language server: what editors ask is translated for dialplan.editor, and back."""
