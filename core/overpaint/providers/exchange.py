"""How providers talk HTTP: requests out, bounded answers back, every failure mapped to our errors.

The rules: the key goes to the host of the base URL and nowhere else; redirects of requests are
refused; plain http needs loopback or the user's word; whatever comes back is bounded before it is
stored; no text of a server is shown with a key in it. Retrying is the runner's business.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import anyio

from overpaint.errors import (
    AddressInvalid,
    AnswerUnusable,
    ConnectionLost,
    ProviderFailed,
    TimedOut,
    Unreachable,
)
from overpaint.language import _
from overpaint.providers.base import Setup
from overpaint.providers.exchange_addresses import ADDRESS_HINT, check_address, host_of
from overpaint.providers.exchange_answers import (
    Answer,
    by_status,
    key_missing,
    picture_bytes,
    retry_after,
)
from overpaint.providers.exchange_events import EventParser, ServerEvent

if TYPE_CHECKING:
    import httpx

__all__ = [
    "Answer",
    "Exchange",
    "Explain",
    "ServerEvent",
    "by_status",
    "check_address",
    "host_of",
    "key_missing",
    "picture_bytes",
    "retry_after",
]

MAX_ANSWER = 100 << 20
"""Bytes: a picture of 16 megapixels as PNG in base64 takes about half of it."""
MAX_REDIRECTS = 3


Explain: TypeAlias = Callable[[Answer], ProviderFailed]
"""What a provider makes of an answer that is an error; :func:`by_status` is the usual one."""


class Exchange:
    """One provider's way to its server. *base_url* is the vendor's; the setup's wins.

    *auth*: headers that carry the key; they go to the base URL's host only.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient | None",
        setup: Setup,
        *,
        title: str,
        base_url: str,
        auth: Mapping[str, str] | None = None,
        explain: Explain | None = None,
    ) -> None:
        """Raises AddressInvalid for a base URL that cannot be used."""
        assert http is not None  # the runner gives a client to whoever needs the network
        self._http = http
        self._setup = setup
        self._title = title
        self.base_url = check_address(setup.base_url or base_url, plain_http=setup.plain_http)
        self._auth = dict(auth or {})
        self._explain = explain or (lambda answer: by_status(answer, title))
        self.headers: Mapping[str, str] = {}
        """Of the latest answer: events of a stream come without any."""

    async def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Answer:
        return await self._whole(self._request("GET", path, params=params))

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send *body* as JSON and return the answer; raises what the server's error means."""
        return await self._whole(self._request(method, path, params=params, json=body))

    async def post_form(
        self,
        path: str,
        fields: Mapping[str, str],
        files: Sequence[tuple[str, tuple[str, bytes, str]]],
    ) -> Answer:
        """Send multipart/form-data; *files* are (field, (name, bytes, media type))."""
        return await self._whole(self._request("POST", path, data=fields, files=files))

    def stream(
        self,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, tuple[str, bytes, str]]] | None = None,
    ) -> AsyncGenerator[ServerEvent, None]:
        """Send JSON, or a form where there are *files*, and yield the events of the answer.

        An answer that is no event stream comes as one event with its whole body.
        """
        if files is None:
            request = self._request("POST", path, params=params, json=body)
        else:
            request = self._request("POST", path, params=params, data=fields, files=files)
        request.headers["accept"] = "text/event-stream, application/json"
        return self._events(request)

    async def download(self, url: str) -> bytes:
        """Return what lies at *url*, fetched without the key, as answers with links ask for.

        Raises AnswerUnusable, also where nothing can be reached: the picture was made and may
        have been charged, so that the job must not be sent again.
        """
        try:
            return await self._download(url)
        except (Unreachable, AddressInvalid) as error:
            raise AnswerUnusable(
                _("The picture that {title} made cannot be fetched: {sentence}").format(
                    title=self._title, sentence=error.sentence
                ),
                _("It may have been charged. Look for it in your account there."),
            ) from error

    async def _download(self, url: str) -> bytes:
        for _hop in range(MAX_REDIRECTS + 1):
            address = check_address(url, plain_http=self._setup.plain_http)
            with self._mapped():
                request = self._http.build_request("GET", address, timeout=self._timeout())
            answer = await self._answer(request)
            if answer.status not in (301, 302, 303, 307, 308):
                if answer.status >= 400:
                    raise AnswerUnusable(
                        _(
                            "The picture that {title} made cannot be fetched (status {status})."
                        ).format(title=self._title, status=answer.status),
                        _("Links to results live for a short time only. Try again."),
                    )
                return answer.body
            url = urljoin(address, answer.headers.get("location", ""))
        raise AnswerUnusable(
            _("The link to {title}'s picture leads in circles.").format(title=self._title),
            _("Try again."),
        )

    async def upgrade(
        self, path: str, *, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> "httpx.Response":
        """Return an answer whose connection now speaks another protocol; the caller closes it.

        Raises what it means where the server does not switch.
        """
        request = self._request("GET", path, params=params)
        request.headers.update(headers)
        with self._mapped(), anyio.fail_after(self._setup.timeouts.connect):
            response = await self._http.send(request, stream=True, follow_redirects=False)
        if response.status_code != 101:
            with anyio.CancelScope(shield=True):
                await response.aclose()
            raise self._explain(Answer(response.status_code, dict(response.headers), b""))
        return response

    def _request(self, method: str, path: str, **content: Any) -> "httpx.Request":
        with self._mapped():
            return self._http.build_request(
                method,
                f"{self.base_url}/{path.lstrip('/')}",
                headers=self._auth,
                timeout=self._timeout(),
                **content,
            )

    def _timeout(self) -> "httpx.Timeout":
        import httpx

        limits = self._setup.timeouts
        return httpx.Timeout(
            connect=limits.connect, write=limits.send, read=limits.answer, pool=limits.connect
        )

    async def _whole(self, request: "httpx.Request") -> Answer:
        answer = await self._answer(request)
        self._check(answer)
        return answer

    async def _answer(self, request: "httpx.Request") -> Answer:
        received = bytearray()
        async with aclosing(self._chunks(request)) as chunks:
            head = await anext(chunks)
            async for chunk in chunks:
                received += chunk.body
        return Answer(head.status, head.headers, bytes(received), self._setup.key)

    async def _events(self, request: "httpx.Request") -> AsyncGenerator[ServerEvent, None]:
        parser = EventParser()
        async with aclosing(self._chunks(request)) as chunks:
            head = await anext(chunks)
            kind = head.headers.get("content-type", "")
            if head.status != 200 or not kind.startswith("text/event-stream"):
                body = b"".join([chunk.body async for chunk in chunks])
                answer = Answer(head.status, head.headers, body, self._setup.key)
                self._check(answer)
                yield ServerEvent("", body.decode("utf-8", "replace"))
                return
            async for chunk in chunks:
                for event in parser.feed(chunk.body):
                    yield event
        for event in parser.end():
            yield event

    async def _chunks(self, request: "httpx.Request") -> AsyncGenerator[Answer, None]:
        """Yield the head of the answer, without a body, then the body in pieces."""
        # Compressed answers save nothing on pictures, and can be bombs.
        request.headers["accept-encoding"] = "identity"
        deadline = time.monotonic() + self._setup.timeouts.total
        with self._mapped():
            with anyio.fail_after(deadline - time.monotonic()):
                response = await self._http.send(request, stream=True, follow_redirects=False)
            try:
                headers = self.headers = dict(response.headers)
                yield Answer(response.status_code, headers, b"", self._setup.key)
                size = 0
                pieces: AsyncIterator[bytes] = response.aiter_bytes()
                while True:
                    # Not one scope round the loop: a generator must not yield inside it.
                    with anyio.fail_after(deadline - time.monotonic()):
                        piece = await anext(pieces, None)
                    if piece is None:
                        break
                    size += len(piece)
                    if size > MAX_ANSWER:
                        raise AnswerUnusable(
                            _("The answer of {title} is larger than any picture.").format(
                                title=self._title
                            ),
                            _("Check the base URL, or try again."),
                        )
                    yield Answer(response.status_code, headers, piece)
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()

    def _check(self, answer: Answer) -> None:
        if 300 <= answer.status < 400:
            where = urlsplit(answer.headers.get("location", "")).hostname or _("another address")
            raise AnswerUnusable(
                _("{title} sent the request on to {where}.").format(title=self._title, where=where),
                _("A key is never sent to another host. Check the base URL."),
            )
        if answer.status >= 400 or answer.status < 200:
            raise self._explain(answer)

    @contextmanager
    def _mapped(self) -> "Any":
        """Turn what httpx and time limits raise into our errors."""
        import httpx

        host = urlsplit(self.base_url).netloc
        lost = _(
            "The provider may have received and charged it. Look at your account there "
            "before you try again."
        )
        try:
            yield
        except TimeoutError as error:
            total = self._setup.timeouts.total
            raise TimedOut(
                _("{host} did not finish within {seconds:g} seconds.").format(
                    host=host, seconds=total
                ),
                lost,
            ) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _unreachable(host, error) from error
        except (httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise _unreachable(host, error) from error
        except httpx.TimeoutException as error:
            raise TimedOut(_("{host} fell silent.").format(host=host), lost) from error
        except (httpx.InvalidURL, httpx.CookieConflict) as error:
            raise AddressInvalid(
                _("{address} is no address.").format(address=self.base_url), _(ADDRESS_HINT)
            ) from error
        except httpx.DecodingError as error:
            raise AnswerUnusable(
                _("The answer of {host} cannot be unpacked.").format(host=host), _("Try again.")
            ) from error
        except httpx.TransportError as error:
            raise ConnectionLost(
                _("The connection to {host} broke off.").format(host=host), lost
            ) from error


def _unreachable(host: str, error: Exception) -> Unreachable:
    reason = str(error)
    if "CERTIFICATE" in reason.upper():
        return Unreachable(
            _("{host} does not prove who it is (its certificate was not accepted).").format(
                host=host
            ),
            _("Nothing was sent. Check the base URL, and this machine's date and certificates."),
        )
    return Unreachable(
        _("{host} cannot be reached.").format(host=host),
        _("Nothing was sent. Check the network, the base URL, and whether the server runs."),
    )
