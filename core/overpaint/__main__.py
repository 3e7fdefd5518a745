"""Starts the command line: python -m overpaint."""

from overpaint.cli import main

if __name__ == "__main__":
    main()
