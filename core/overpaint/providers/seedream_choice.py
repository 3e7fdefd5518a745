"""Which region and which model of Seedream a setup means."""

from urllib.parse import urlsplit

from overpaint import catalogue
from overpaint.catalogue import Model
from overpaint.language import _
from overpaint.providers.base import Setup
from overpaint.providers.options import Options
from overpaint.sizes import Sizes

__all__ = ["REGIONS", "model_of", "region_of", "usual_in"]

NAME = "seedream"
REGIONS = {
    "asia": "https://ark.ap-southeast.bytepluses.com/api/v3",
    "europe": "https://ark.eu-west.bytepluses.com/api/v3",
    "china": "https://ark.cn-beijing.volces.com/api/v3",
}
COMMON = Sizes(
    native=4_194_304, multiple=16, min_pixels=3_686_400, max_pixels=4_624_220, max_aspect=16
)
"""What all models from 4.0 on take: for endpoints, behind which any of them may be."""


def region_of(setup: Setup, options: Options) -> str:
    """Return the region: the option's, the base URL's, the model's, or asia."""
    if options.get("region") is not None:
        return options.choice("region", "asia", tuple(REGIONS))
    host = urlsplit(setup.base_url or "").hostname
    for region, url in REGIONS.items():
        if host and host == urlsplit(url).hostname:
            return region
    known = catalogue.find(NAME, setup.model or "")
    places = known.features if known is not None else frozenset[str]()
    return next((region for region in REGIONS if region in places), "asia")


def usual_in(region: str) -> Model:
    """Return the first model of the catalogue that *region* has."""
    return next(model for model in catalogue.models(NAME) if region in model.features)


def model_of(setup: Setup, options: Options, region: str) -> Model:
    """Return the model of *setup*: one of the catalogue, or another with what all can do.

    The option `like` names one of the catalogue that such another one equals.
    """
    if setup.model is None:
        return usual_in(region)
    known = catalogue.find(NAME, setup.model)
    if known is not None:
        return known
    like = options.get("like")
    pattern = usual_in(region) if like is None else catalogue.find(NAME, str(like))
    if pattern is None:
        raise options.unusable("like", like, _("the id of a model in the catalogue"))
    if like is None:
        return Model(
            id=setup.model,
            title=setup.model,
            sizes=COMMON,
            references=pattern.references,
            features=frozenset({"pictures", "several", "words"}),
        )
    return Model(
        id=setup.model,
        title=setup.model,
        sizes=pattern.sizes,
        price=pattern.price,
        references=pattern.references,
        features=pattern.features - set(REGIONS),
    )
