"""A process of the service started anew, not forked: `SOAK_SETTINGS=JSON python -m tests.soak.worker NAME…`.

A library that is put under a process, such as libfaketime, must be there from its start.
"""

import json
import os
import sys
from pathlib import Path

from tests.faults.process import main

if __name__ == "__main__":
    main(json.loads(os.environ["SOAK_SETTINGS"]), sys.argv[1:], "", Path("/dev/stderr"))
