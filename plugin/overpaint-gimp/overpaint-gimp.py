#!/usr/bin/env python3
"""Overpaint for GIMP 3: the commands under Filters > Overpaint."""

from gimpfu import main
from shell import commands, leaving

commands.register_all()
main()
leaving.leave()
