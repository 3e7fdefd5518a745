"""No key stands for two things that a user sees in one window, in any language."""

import re
from collections import defaultdict
from functools import cache

import pytest
from tests.docs import translations

ENGLISH = "en"
STYLE = {
    "St_yle",
    "Of a _layer",
    "Of a _file",
    "Stroke si_ze",
    "_Keep the colours",
    "Keep l_ight and dark",
}
AREA = {"Selecti_on and surroundings", "Grow _by (px)", "Feat_her by (px)", "Surroundings (p_x)"}
NO_PARTS = {"Ca_ndidates", "Light, mood, _quality"}
ASKED = {"Ca_ncel", "Remo_ve It", "Remo_ve All"}
SHOW_ALL = {"S_how All of History"}
SENDING = {"_Send", "Al_ways Send", "_Do Not Send"}
PROVIDER_PAGE = {
    "Pro_vider",
    "_Key",
    "_Forget the key",
    "_Address",
    "_Model",
    "P_rivacy",
    "_Options",
    "Workf_low...",
    "C_heck the connection",
}


@cache
def marked() -> dict[str, set[str]]:
    """Texts with a key, by the module that shows them."""
    found = defaultdict(set)
    for message in translations.SHELL.template():
        text = message.id if isinstance(message.id, str) else message.id and message.id[0]
        for path, _line in message.locations if text and "_" in text else ():
            found[path.removeprefix("dialogs/")].add(text)
    return found


def screens() -> dict[str, set[str]]:
    """What can be seen at the same time: a bar has an error or a question, pages one at a time."""
    texts = marked()
    fields, error = texts["fields.py"] | texts["prompt.py"], texts["window.py"]
    plain = fields - STYLE
    styled = fields - {"Witho_ut"}
    edit = texts["edit.py"] - SENDING
    settings = texts["settings.py"]
    layers = texts["layers.py"] | styled - AREA - NO_PARTS
    history = texts["history.py"] - ASKED - SHOW_ALL
    return {
        "menu": {text for text in texts["menu.py"] if text in MENU},
        "inpaint": plain | edit | error,
        "inpaint, asking": plain | edit - {"_Stop"} | SENDING,
        "style": styled | edit | error,
        "style, asking": styled | edit - {"_Stop"} | SENDING,
        "layers": layers - {"_Send", "_Do Not Send"} | error,
        "layers, asking": layers,
        "history": history | error,
        "history, asking": history | ASKED - {"Remo_ve All"},
        "history, asking for all": history | ASKED - {"Remo_ve It"},
        "results, none": history | SHOW_ALL,
        "settings, general": settings - PROVIDER_PAGE | error,
        "settings, providers": PROVIDER_PAGE | {"_Close", "_Save"} | error,
        "setup": texts["setup.py"] | error,
    }


MENU = {
    "_Remove Selection",
    "_Inpaint Selection...",
    "_Variations...",
    "Transfer _Style...",
    "Transfer Style to _Layers...",
    "_Edit Again...",
    "_History...",
    "Res_ults...",
    "Se_ttings...",
    "_Check Setup...",
}


@pytest.mark.parametrize("language", [ENGLISH, *translations.SHELL.languages()])
@pytest.mark.parametrize("screen", screens())
def test_no_key_stands_for_two_things(screen: str, language: str) -> None:
    """Alt and a letter do one thing in each window and state; only candidates have numbers."""
    said = {text: text for text in screens()[screen]}
    if language != ENGLISH:
        for message in translations.SHELL.catalog(language):
            text = message.id if isinstance(message.id, str) else message.id and message.id[0]
            if text in said:
                first = message.string if isinstance(message.string, str) else message.string[0]
                said[text] = first
    keys = defaultdict(set)
    for shown in said.values():
        found = re.search(r"_(.)", shown)
        assert found, shown
        keys[found[1].lower()].add(shown)

    assert {key: texts for key, texts in keys.items() if len(texts) > 1 and not same(texts)} == {}


def same(texts: set[str]) -> bool:
    """Whether these are one button, which counts what it would add."""
    return len({text.replace("{} ", "").lower() for text in texts}) == 1


def test_the_screens_are_those_that_there_are() -> None:
    """Each text with a key that a window shows is in a screen."""
    shown = set().union(*screens().values())
    windows = {path: texts for path, texts in marked().items() if path != "commands.py"}

    assert {text for texts in windows.values() for text in texts} - shown == {"Keep _{}"}
