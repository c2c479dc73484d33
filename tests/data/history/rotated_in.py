#!/usr/bin/env python3
"""rotated_in.py FOLDER YYYY-MM: the checkpoint of a data folder says that it was rotated in that month."""

import hashlib
import re
import sys
from pathlib import Path

path = Path(sys.argv[1]) / "journal" / "checkpoint.json"
head, body = path.read_text().rstrip("\n").split('"body": ', 1)
body = re.sub(r'"rotated": "[0-9-]+"', f'"rotated": "{sys.argv[2]}"', body[:-1], count=1)
digest = hashlib.sha256(body.encode()).hexdigest()
head = re.sub(r'"body_sha256": "[0-9a-f]+"', f'"body_sha256": "{digest}"', head)
path.write_text(f'{head}"body": {body}}}\n')
