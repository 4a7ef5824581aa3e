"""`python -m tests.vectors`: downloads the modules whose vectors the tests read, and says which cannot be had."""

import sys

from tests.vectors import MODULES, VectorsAbsentError, module_folder

absent = 0
for name in MODULES:
    try:
        print(f"{name}: {module_folder(name)}")
    except VectorsAbsentError as error:
        print(error, file=sys.stderr)
        absent += 1
sys.exit(1 if absent else 0)
