#!/usr/bin/env python3
"""Overpaint for GIMP 3: the commands under Filters > Overpaint."""

from gimpfu import main
from shell import leaving, menu

menu.register_all()
main()
leaving.leave()
