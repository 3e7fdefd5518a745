"""What is known of servers that speak OpenAI's API in part: data, one entry a server."""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from overpaint.errors import ProviderUnknown
from overpaint.geometry import Extent
from overpaint.language import N_, _
from overpaint.providers.base import Setup
from overpaint.providers.exchange import host_of
from overpaint.sizes import Sizes

__all__ = ["OWN_KEY", "PRESETS", "Place", "Preset", "Way", "preset_of"]

OWN_KEY = "OVERPAINT_GATEWAY_API_KEY"
"""The environment variable for a key of any gateway."""


class Way(StrEnum):
    """How a picture is asked for."""

    EDITS = "edits"
    """A form to /images/edits, JSON to /images/generations, as OpenAI has it."""
    INPAINTING = "inpainting"
    """A form to /images/inpainting, JSON to /images/generations."""
    IMAGES = "images"
    """JSON to /images, with all pictures as references."""
    CHAT = "chat"
    """JSON to /chat/completions, with a picture in the answer."""
    PROBE = "probe"
    """The server is asked whether it has /images/...; if not, chat."""


class Place(StrEnum):
    """Where in a request a seed or a negative prompt goes."""

    NOWHERE = "nowhere"
    FIELD = "field"
    BLOCK = "block"
    """In a block of JSON at the end of the prompt."""
    BAR = "bar"
    """After a bar in the prompt, where pictures are made from nothing."""


HOSTED = Sizes(native=1_048_576, multiple=16, max_edge=4096, max_pixels=4_194_304, max_aspect=3.0)
"""Nobody says what models behind a gateway take: what most of them do."""
LOCAL = Sizes(native=1_048_576, multiple=64, max_edge=2048, max_pixels=2_359_296)
THREE = Sizes(fixed=(Extent(1024, 1024), Extent(1536, 1024), Extent(1024, 1536)))
AQUILES = Sizes(
    fixed=(
        Extent(1024, 1024),
        Extent(1536, 1024),
        Extent(1024, 1536),
        Extent(1792, 1024),
        Extent(1024, 1792),
        Extent(512, 512),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of server.

    *base_url* is None where only the user can know it; *keys* are the environment variables that
    its own users keep the key in. *model* is used unless another is named. *several*: the form's
    field for more than one picture. *mask*: the form's field for the mask, *transparent* whether
    alpha 0 marks what changes (white does otherwise), *mask_works* whether it is honoured, which
    it is not for models whose id holds one of the words of *mask_ignored_by*.
    *response_format*: sent where the server would otherwise answer with links. *describes*: it is
    told what the finished picture shows, not what to do. *shapes*: chat takes image_config.
    *gone_status*: by which status it says that it does not have a model. *unbilled_502*: whether
    nothing is charged where it fails with status 502. *key_route*: where it tells about a key.
    *filters_models*: whether it can be asked for those models only that make pictures.
    """

    title: str
    base_url: str | None = None
    keys: tuple[str, ...] = ()
    needs_key: bool = False
    way: Way = Way.EDITS
    model: str | None = None
    sizes: Sizes = LOCAL
    references: int = 8
    several: str = "image[]"
    mask: str = "mask"
    transparent: bool = False
    mask_works: bool = True
    mask_ignored_by: tuple[str, ...] = ()
    seed: Place = Place.NOWHERE
    negative: Place = Place.NOWHERE
    response_format: str | None = None
    sends_size: bool = True
    describes: bool = False
    longest: int = 32_000
    shapes: bool = False
    streams_chat: bool = False
    gone_status: int = 404
    unbilled_502: bool = False
    key_route: str | None = None
    filters_models: bool = False
    concurrency: int = 1


GENERIC = Preset(
    title=N_("OpenAI-compatible gateway"),
    way=Way.PROBE,
    sizes=HOSTED,
    transparent=True,
    concurrency=4,
)

PRESETS = MappingProxyType(
    {
        "xroute": Preset(
            title="XRoute",
            base_url="https://api.xroute.ai/openai/v1",
            keys=("XROUTE_API_KEY",),
            needs_key=True,
            # Only its chat is known.
            way=Way.PROBE,
            sizes=HOSTED,
            transparent=True,
            concurrency=4,
        ),
        "openrouter": Preset(
            title="OpenRouter",
            base_url="https://openrouter.ai/api/v1",
            keys=("OPENROUTER_API_KEY",),
            needs_key=True,
            way=Way.IMAGES,
            model="openai/gpt-image-2.5-flare",
            sizes=HOSTED,
            seed=Place.FIELD,
            shapes=True,
            streams_chat=True,  # dropping a stream stops the bill, dropping a whole answer does not
            unbilled_502=True,
            key_route="key",
            filters_models=True,
            concurrency=4,
        ),
        "vercel": Preset(
            title="Vercel AI Gateway",
            base_url="https://ai-gateway.vercel.sh/v1",
            keys=("AI_GATEWAY_API_KEY",),
            needs_key=True,
            way=Way.CHAT,
            model="google/gemini-3.1-flash-image",
            sizes=HOSTED,
            shapes=True,
            concurrency=4,
        ),
        "litellm": Preset(
            title="LiteLLM",
            base_url="http://127.0.0.1:4000/v1",
            keys=("LITELLM_API_KEY",),
            sizes=THREE,
            transparent=True,
            mask_ignored_by=("gemini", "nano-banana"),
            concurrency=4,
        ),
        "localai": Preset(
            title="LocalAI",
            base_url="http://127.0.0.1:8080/v1",
            keys=("LOCALAI_API_KEY",),
            way=Way.INPAINTING,
            references=0,
            negative=Place.BAR,
            response_format="b64_json",
            sends_size=False,
            describes=True,
        ),
        "sdcpp": Preset(
            title="sd.cpp's server",
            base_url="http://127.0.0.1:1234/v1",
            model="sd-cpp-local",
            seed=Place.BLOCK,
            negative=Place.BLOCK,
        ),
        "vllm-omni": Preset(
            title="vLLM-Omni",
            keys=("VLLM_API_KEY",),
            several="image",
            mask="mask_image",
            seed=Place.FIELD,
            negative=Place.FIELD,
            response_format="b64_json",
        ),
        "sglang": Preset(
            title="SGLang",
            keys=("SGLANG_API_KEY",),
            seed=Place.FIELD,
            negative=Place.FIELD,
            response_format="b64_json",
        ),
        "aquiles": Preset(
            title="Aquiles-Image",
            keys=("AQUILES_API_KEY",),
            sizes=AQUILES,
            mask_works=False,
            longest=1000,
            response_format="b64_json",
            gone_status=503,
        ),
    }
)


def preset_of(setup: Setup) -> Preset:
    """Return the preset that the setup names, or whose address it has, or the one for anybody.

    Raises ProviderUnknown for a name that there is not.
    """
    name = setup.options.get("preset")
    if name is None:
        host = urlsplit(setup.base_url or "").netloc
        same = (each for each in PRESETS.values() if each.needs_key and each.base_url)
        known = next((each for each in same if urlsplit(each.base_url).netloc == host), None)
        return known or _generic(setup.base_url)
    if name not in PRESETS:
        raise ProviderUnknown(
            _("There is no preset for a gateway called {name!r}.").format(name=name),
            _("There are: {names}. For any other server give only its base URL.").format(
                names=", ".join(PRESETS)
            ),
        )
    return PRESETS[str(name)]


def _generic(base_url: str | None) -> Preset:
    """Return the preset for anybody, called by the host that gets the pictures."""
    host = host_of(base_url or "")
    return replace(GENERIC, title=host) if host else GENERIC
