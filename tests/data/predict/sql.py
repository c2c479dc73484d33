#!/usr/bin/env python3
"""Run the SQL statements of stdin on a database; rows are printed, their values parted by bars.

usage: sql.py DATABASE < FILE.sql      A statement ends with a semicolon at the end of a line.
"""

import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1])
for statement in sys.stdin.read().split(";\n"):
    for row in connection.execute(statement):
        print("|".join("" if value is None else str(value) for value in row))
connection.commit()
connection.close()
