"""Run a module as a program that first writes its process Id into the file `pid`, or into the one of PID_FILE.

`python -m tests.with_pid MODULE ARGUMENTS...`. A test kills a warm process by this Id, because the process
that it has started is the relay.
"""

import os
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    Path(os.environ.get("PID_FILE", "pid")).write_text(str(os.getpid()), "ascii")
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
