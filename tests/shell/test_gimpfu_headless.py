"""The headless host: scenes, pixels, undo and records, for tests of plug-ins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gimpfu import (
    ADD_MASK_WHITE,
    FILL_TRANSPARENT,
    GRAY,
    RGBA_IMAGE,
    gimp,
    headless,
    pdb,
)

SIZE = 5, 4


@pytest.fixture
def host() -> headless.Host:
    return headless.Host()


def picture(host: headless.Host) -> tuple[gimp.Image, gimp.Layer]:
    image = host.new_image(*SIZE)
    return image, host.add_layer(image, "Background", bytes(range(60)))


@pytest.mark.parametrize(
    ("base", "components", "encoding"),
    [
        (0, 3, "R'G'B' u8"),
        (0, 4, "R'G'B'A u8"),
        (GRAY, 1, "Y' u8"),
        (GRAY, 2, "Y'A u8"),
    ],
)
def test_a_layer_takes_its_kind_from_its_bytes(
    host: headless.Host, base: int, components: int, encoding: str
) -> None:
    """RGB or grey, with or without alpha; the bytes come back as they went in."""
    image = host.new_image(*SIZE, base)
    data = bytes(range(20 * components))
    layer = host.add_layer(image, "Layer", data)

    assert layer.format == encoding
    assert layer.read_pixels(0, 0, *SIZE, None) == data


def test_a_scene_has_groups_offsets_and_masks(host: headless.Host) -> None:
    """Layers go where they are told to, with the size and offset they are given."""
    image, background = picture(host)
    group = host.add_group(image, "Group")
    inner = host.add_layer(image, "Inner", size=(2, 1), offset=(3, -1), alpha=True, parent=group)
    mask = host.add_mask(inner, b"\x07\x08")
    low = host.add_layer(image, "Low", position=2)

    assert image.layers == [group, background, low]
    assert group.children == [inner]
    assert [inner.parent, inner.offsets, inner.has_alpha] == [group, (3, -1), True]
    assert inner.mask == mask
    assert mask.read_pixels(0, 0, 2, 1, "Y u8") == b"\x07\x08"
    assert image.active_layer == low


@pytest.mark.parametrize("length", [0, 59, 61])
def test_bytes_of_a_wrong_number_are_refused(host: headless.Host, length: int) -> None:
    """A picture needs as many bytes as it has pixels."""
    image = host.new_image(*SIZE)

    with pytest.raises(ValueError, match="60 bytes are needed"):
        host.add_layer(image, "Layer", bytes(length))
    with pytest.raises(ValueError, match="20 bytes are needed"):
        host.set_selection(image, bytes(length))


@given(
    x=st.integers(-7, 7), y=st.integers(-7, 7), width=st.integers(0, 9), height=st.integers(0, 9)
)
def test_any_rectangle_can_be_read(x: int, y: int, width: int, height: int) -> None:
    """Each pixel of a rectangle is the layer's, or zero where there is no layer."""
    host = headless.Host()
    _image, layer = picture(host)
    expected = b""
    for row in range(y, y + height):
        for column in range(x, x + width):
            inside = 0 <= row < SIZE[1] and 0 <= column < SIZE[0]
            start = 3 * (row * SIZE[0] + column)
            expected += bytes(range(60))[start : start + 3] if inside else bytes(3)

    assert layer.read_pixels(x, y, width, height, None) == expected


@given(data=st.binary(min_size=80, max_size=80))
def test_floats_are_a_lossless_detour(data: bytes) -> None:
    """8-bit pixels read as floats and written back are the same."""
    host = headless.Host()
    image = host.new_image(*SIZE)
    layer = host.add_layer(image, "Layer", data)
    other = host.add_layer(image, "Other", bytes(80))
    other.write_pixels(
        0, 0, *SIZE, "R'G'B'A float", layer.read_pixels(0, 0, *SIZE, "R'G'B'A float")
    )

    assert other.read_pixels(0, 0, *SIZE, None) == data


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_pixels_are_any_kind_of_bytes(host: headless.Host, kind: type) -> None:
    """What is written may be bytes, a bytearray or a memoryview."""
    _image, layer = picture(host)
    layer.write_pixels(0, 0, 1, 1, None, kind(b"abc"))

    assert layer.read_pixels(0, 0, 1, 1, None) == b"abc"


def test_a_display_shows_nothing(host: headless.Host) -> None:
    """Scripts that end by showing their result go on; deleting the display does no harm."""
    image, _layer = picture(host)
    display = gimp.Display(image)
    gimp.delete(display)

    assert repr(display) == "<gimp.Display -1>"


def test_a_format_that_is_missing_is_named(host: headless.Host) -> None:
    """The error says which formats there are."""
    _image, layer = picture(host)

    with pytest.raises(gimp.error, match="no pixel format 'CIE Lab float'; it has R'G'B'A u8"):
        layer.read_pixels(0, 0, 1, 1, "CIE Lab float")


def test_one_group_is_one_step_and_can_be_undone(host: headless.Host) -> None:
    """Everything between start and end is one step; undo brings back layers, pixels and names."""
    image, background = picture(host)
    image.undo_group_start()
    layer = gimp.Layer(image, "New", *SIZE, RGBA_IMAGE)
    layer.fill(FILL_TRANSPARENT)
    image.insert_layer(layer)
    layer.add_mask(layer.create_mask(ADD_MASK_WHITE))
    background.name = "Renamed"
    background.write_pixels(0, 0, 1, 1, None, b"\xff\xff\xff")
    image.undo_group_end()
    steps = host.undo_steps(image)

    assert [(step.name, step.closed) for step in steps] == [("group", True)]
    host.undo(image)
    assert image.layers == [background]
    assert background.name == "Background"
    assert background.read_pixels(0, 0, *SIZE, None) == bytes(range(60))
    assert host.undo_steps(image) == []
    with pytest.raises(gimp.error, match="no longer exists"):
        layer.name  # noqa: B018 - reading it is the attempt


def test_a_group_that_stays_open_is_seen(host: headless.Host) -> None:
    """A test can tell that a plug-in forgot to end its group; nested groups count once."""
    image, _background = picture(host)
    image.undo_group_start()
    image.undo_group_start()
    image.undo_group_end()

    assert [(step.name, step.closed) for step in host.undo_steps(image)] == [("group", False)]


def test_changes_outside_a_group_are_steps_of_their_own(host: headless.Host) -> None:
    """Each is named after its procedure; what is not in the image yet makes no step."""
    image, background = picture(host)
    free = gimp.Layer(image, "Free", 1, 1)
    free.name = "no step"
    background.visible = False
    pdb.gimp_selection_all(image)

    names = [step.name for step in host.undo_steps(image)]
    assert names == ["gimp-item-set-visible", "gimp-selection-all"]
    host.undo(image)
    assert pdb.gimp_selection_is_empty(image)
    assert not background.visible


def test_what_fails_is_no_step(host: headless.Host) -> None:
    """A procedure that refuses leaves the history as it was."""
    image, background = picture(host)
    with pytest.raises(gimp.error, match="is in an image already"):
        image.insert_layer(background)

    assert host.undo_steps(image) == []


def test_frozen_undo_records_nothing(host: headless.Host) -> None:
    """Between freeze and thaw there are no steps."""
    image, background = picture(host)
    image.undo_freeze()
    background.visible = False
    image.undo_thaw()
    background.visible = True

    assert len(host.undo_steps(image)) == 1


def test_messages_and_progress_are_recorded(host: headless.Host) -> None:
    """What the user would have seen, in order; fractions are kept between 0 and 1."""
    gimp.message("hello")
    gimp.progress_init("Working")
    gimp.progress_update(0.5)
    gimp.progress_update(1.7)
    gimp.progress_pulse()
    gimp.progress_end()

    assert host.messages == ["hello"]
    assert [tuple(step) for step in host.progress] == [
        ("init", "Working"),
        ("update", 0.5),
        ("update", 1.0),
        ("pulse", None),
        ("end", None),
    ]


def test_hosts_do_not_share_pictures() -> None:
    """Two hosts have nothing in common; the newest is the current one."""
    first = headless.Host()
    picture(first)
    second = headless.Host()

    assert gimp.image_list() == []
    image, _layer = picture(second)
    assert gimp.image_list() == [image]


def test_a_deleted_image_is_gone(host: headless.Host) -> None:
    """Using it, or a layer of it, raises; its number finds nothing."""
    image, layer = picture(host)
    gimp.delete(image)

    assert gimp._id2image(image.ID) is None
    assert gimp.Item.from_id(layer.ID) is None
    assert "no longer exists" in repr(layer)
    with pytest.raises(gimp.error, match="no longer exists"):
        layer.read_pixels(0, 0, 1, 1, None)
