"""Puts both halves of Overpaint on a user's machine, and takes them away again.

Standard library only, in Python 3.9's syntax, because any Python may be asked to run it.
"""
