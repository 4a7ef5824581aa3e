"""`python -m tests.vectors`: downloads the modules whose vectors the tests read."""

import sys

from tests.vectors import VectorsAbsentError, module_folders

try:
    for name, folder in module_folders().items():
        print(f"{name}: {folder}")
except VectorsAbsentError as error:
    sys.exit(str(error))
