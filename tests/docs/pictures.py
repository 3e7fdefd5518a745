"""Takes the pictures of the user guide anew: `python -m tests.docs.pictures`."""

import shutil
import subprocess
import sys

from tests.ui.test_guide import GUIDE, PICTURES

VERSION = "3.0"


def main() -> None:
    command = ["-m", "pytest", "-q", "tests/ui/test_guide.py", "-k", VERSION]
    subprocess.run([sys.executable, *command], check=True)
    folder = GUIDE.parent / "pictures"
    folder.mkdir(exist_ok=True)
    for path in sorted((PICTURES / VERSION).glob("*.png")):
        shutil.copy(path, folder / path.name)
        print(path.name)


if __name__ == "__main__":
    main()
