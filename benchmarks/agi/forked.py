"""Reference: the usual AGI script, started anew for each call: pyst2 and SQLAlchemy, one look-up."""

import io
import sys

from asterisk.agi import AGI
from sqlalchemy import create_engine, text

agi = AGI(stderr=io.StringIO())
engine = create_engine(f"sqlite:///{sys.argv[1]}")
with engine.connect() as connection:
    number = int(agi.env.get("agi_arg_1", "0"))
    found = connection.execute(text("SELECT 1 FROM entry WHERE number = :n"), {"n": number}).first()
agi.set_variable("ANSWER", "REFUSE" if found else "ALLOW")
