"""Work that tells what happens while it goes on, as a stream to be iterated within a context."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["single", "streamed"]

T = TypeVar("T")


@asynccontextmanager
async def streamed(
    work: Callable[[], Awaitable[None]],
    send: MemoryObjectSendStream[T],
    receive: MemoryObjectReceiveStream[T],
) -> AsyncIterator[AsyncIterator[T]]:
    """Do *work*, which sends to *send*, while the context lasts; its value yields from *receive*.

    What *work* raises is raised where the events are read, after the last of them, and out of the
    groups that tasks wrap it in. Leaving the context cancels.
    """
    failure: Exception | None = None

    async def run() -> None:
        nonlocal failure
        async with send:
            try:
                await work()
            except Exception as error:  # noqa: BLE001, raised again where the events are read
                failure = single(error)

    async def events() -> AsyncGenerator[T, None]:
        async for event in receive:
            yield event
        if failure is not None:
            raise failure

    raised: Exception | None = None
    async with anyio.create_task_group() as tasks, receive:
        tasks.start_soon(run)
        try:
            yield events()
        except Exception as error:  # noqa: BLE001, raised below, out of the group that wraps it
            raised = error
        finally:
            tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


def single(error: Exception) -> Exception:
    """Return the one error in a group of groups; a group of several is itself."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
