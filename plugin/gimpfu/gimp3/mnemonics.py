"""Keyboard accelerators of a dialog's labels: one letter each, none that the dialog itself uses."""

from __future__ import annotations

from typing import Sequence

from gimpfu import labels, pf

_BUTTONS = "rlscoh"  # Reset, Load, Save, Cancel, OK, Help


def shown(params: Sequence[pf.Param]) -> list[str]:
    """Return the labels of parameters, with an underscore before each accelerator.

    A label keeps its own where nothing else has that letter; the others get a free one.
    """
    texts = [(param.description or param.name).rstrip(" :") for param in params]
    taken = set(_BUTTONS)
    kept = []
    for text in texts:
        letter = text.partition("_")[2][:1].lower()
        keeps = letter.isalpha() and letter not in taken
        taken.update(letter if keeps else "")
        kept.append(keeps)
    return [
        text if keeps else _with_free_letter(labels.plain(text), taken)
        for text, keeps in zip(texts, kept)
    ]


def _with_free_letter(text: str, taken: set[str]) -> str:
    for at, letter in enumerate(text.lower()):
        if letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{text[:at]}_{text[at:]}"
    return text
