"""The folders of other tests whose helpers are used here: real ends, a small browser."""

import sys
from pathlib import Path

for folder in ("console", "ends"):
    path = str(Path(__file__).parents[1] / folder)
    if path not in sys.path:
        sys.path.append(path)
