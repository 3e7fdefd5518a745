"""A picture by chat: one request, and its answer whole or as a stream."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from overpaint.errors import ConnectionLost, ProviderFailed
from overpaint.language import _
from overpaint.providers.base import Event, Notice
from overpaint.providers.exchange import Exchange
from overpaint.providers.gateway_chat import Reply
from overpaint.providers.gateway_faults import Faults
from overpaint.providers.openai_wire import Delivery, Found, Request, send, stream, usage_of

__all__ = ["talk"]


async def talk(
    exchange: Exchange, request: Request, title: str, faults: Faults, rates: Mapping[str, float]
) -> AsyncGenerator[Event, None]:
    """Yield each picture as soon as it came, then what the answer took; raises if there is none.

    The same picture at two places of an answer counts once.
    """
    reply, delivery, seen = Reply(), Delivery(exchange), set[str]()

    def new(found: list[Found]) -> list[Found]:
        fresh = {each.source: each for each in found if each.source not in seen}
        seen.update(fresh)
        return list(fresh.values())

    failure: ProviderFailed | None = None
    async with aclosing(_pieces(exchange, request, title, faults, reply)) as pieces:
        try:
            async for piece in pieces:
                async with aclosing(delivery.fetch(new(reply.take(piece)))) as pictures:
                    async for picture in pictures:
                        yield picture
        except ProviderFailed as error:
            failure = error
    rest = new(reply.in_text(whole=failure is None))
    async with aclosing(delivery.fetch(rest)) as pictures:
        async for picture in pictures:
            yield picture
    name = reply.id or exchange.headers.get("x-request-id", "")
    if reply.id or reply.usage or not failure:
        yield usage_of({"usage": reply.usage}, name, rates)
    if failure and not delivery.came:
        raise failure
    if failure:
        yield Notice(_("The picture came, but then: {sentence}").format(sentence=failure.sentence))
    for notice in delivery.end(reply.without_picture(title, faults.told)):
        yield notice


async def _pieces(
    exchange: Exchange, request: Request, title: str, faults: Faults, reply: Reply
) -> AsyncGenerator[dict[str, Any], None]:
    """Yield a chat's answer, whole or in the pieces of its stream; raises what it tells.

    *reply* is what whoever gets the pieces makes of them.
    """
    if not request.fields.get("stream"):
        answer = await send(exchange, request)
        data = answer.json()
        faults.raise_told(data, answer.body, started=False)
        yield data if isinstance(data, dict) else {}
        return
    started = False
    async with aclosing(stream(exchange, request)) as events:
        async for event in events:
            if event.data.strip() == "[DONE]":
                return
            data = event.json()
            faults.raise_told(data, event.data.encode(), started=started)
            started = True
            yield data if isinstance(data, dict) else {}
    if not reply.finish:
        raise ConnectionLost(
            _("{title} ended its answer in the middle.").format(title=title),
            _("It may have been charged. Look at your account there before you try again."),
        )
