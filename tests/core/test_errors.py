"""The error tree is what its drawing says."""

import re

import overpaint.errors as module
from overpaint.errors import OverpaintError


def tree(cls: type[OverpaintError]) -> list[type[OverpaintError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in tree(child))]


def test_every_error_has_a_code_of_its_own() -> None:
    """Codes are unique: messages, exit reports and support refer to them."""
    codes = [cls.code for cls in tree(OverpaintError)]

    assert sorted(set(codes)) == sorted(codes)


def test_the_drawing_shows_the_tree() -> None:
    """Each class stands in the drawing, one step deeper than its parent."""
    assert module.__doc__ is not None
    drawn = {
        name: len(indent)
        for indent, name in re.findall(r"^( {4,})([A-Z]\w+)", module.__doc__, re.MULTILINE)
    }

    classes = tree(OverpaintError)

    assert {cls.__name__ for cls in classes} == set(drawn)
    for cls in classes[1:]:
        parent = cls.__bases__[0].__name__
        assert drawn[cls.__name__] == drawn[parent] + 2


def test_an_error_reads_as_sentence_and_hint() -> None:
    """What is printed is both sentences, one after the other."""
    assert str(OverpaintError("It broke.", "Mend it.")) == "It broke. Mend it."
