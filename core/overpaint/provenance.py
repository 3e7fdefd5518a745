"""Who made a picture, with what and when: for the layer it lies on, and for files that hold it.

Files say it in XMP, with the words of IPTC (Photo Metadata 2025.1): a picture that a generative
model has changed in part is `compositeWithTrainedAlgorithmicMedia`. What the built-in engine does
is editing by rules, as a clone brush's: its layers say who made them, files say nothing. Prompts
are not told: they are the user's own.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from overpaint import __version__

__all__ = ["Provenance", "of_model", "of_rules"]

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE = VOCABULARY + "compositeWithTrainedAlgorithmicMedia"
GENERATED = VOCABULARY + "trainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """*system* is the provider's title, *model* the vendor's own name, "" where nobody knows.

    *made*: when, ISO 8601, UTC. *source_type*: a URI of IPTC's, "" for what no model has made.
    """

    system: str
    model: str
    made: str
    source_type: str
    software: str = f"Overpaint {__version__}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def xmp(self) -> bytes:
        """Return an XMP packet for a file that shows the picture; empty where there is nothing to
        declare.
        """
        from xml.sax.saxutils import quoteattr

        if not self.source_type:
            return b""
        told = {
            "Iptc4xmpExt:DigitalSourceType": self.source_type,
            "Iptc4xmpExt:AISystemUsed": self.system,
            "Iptc4xmpExt:AISystemVersionUsed": self.model,
            "xmp:CreatorTool": self.software,
            "xmp:ModifyDate": self.made,
            "xmp:MetadataDate": self.made,
        }
        said = [f"{name}={quoteattr(value)}" for name, value in told.items() if value]
        return _PACKET.format("\n ".join(said)).encode()


_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 {}/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def of_model(system: str, model: str, *, whole: bool = False) -> Provenance:
    """Return what is to be told of a model's work, made now; *whole*: nothing else is in it."""
    source_type = GENERATED if whole else COMPOSITE
    return Provenance(system=system, model=model, made=_now(), source_type=source_type)


def of_rules(system: str) -> Provenance:
    """Return what is to be told of an engine that no model is in."""
    return Provenance(system=system, model="", made=_now(), source_type="")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
