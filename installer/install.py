"""The one command: `python3 installer/install.py` (`--help` says what else it can do)."""

# Also a Python that is far too old must be able to read this file, and say so.
import os
import sys

if sys.version_info < (3, 9):
    sys.stderr.write(
        "This installer needs Python 3.9 or newer, and this is Python %d.%d.\n"
        "Run it with a newer one, for example: python3.13 installer/install.py\n"
        % sys.version_info[:2]
    )
    sys.exit(1)

sys.dont_write_bytecode = True  # leaves nothing behind in the folder it is called from
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

from installer.cli import run  # noqa: E402

if __name__ == "__main__":
    run()
