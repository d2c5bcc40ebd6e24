"""``python -m leadconduit_mock``: the command ``leadconduit-mock``."""

import subprocess
import sys

from .binary import find_binary

if __name__ == "__main__":
    sys.exit(subprocess.run([str(find_binary()), *sys.argv[1:]], check=False).returncode)
