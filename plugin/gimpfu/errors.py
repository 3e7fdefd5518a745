"""The exceptions that scripts catch; all of them are RuntimeErrors, as in GIMP 2."""

from __future__ import annotations


class error(RuntimeError):  # noqa: N801  (the name scripts use)
    """`gimpfu.error`: a registration that breaks a rule, or a failure that the script announces."""


# Failures announced by `fail()` that the user has not seen yet: shown when the run ends, once each.
announced: list[error] = []


class CancelError(RuntimeError):
    """The user cancelled; the run ends without a message."""


class GimpError(RuntimeError):
    """`gimp.error`: the host refused what was asked of it."""


class NoSuchProcedure(GimpError, AttributeError):
    """An unknown procedure name; an AttributeError too, so that `hasattr(pdb, name)` works."""
