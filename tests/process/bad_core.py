"""Cores that do not do their part: test doubles, started by argv like the real one.

python bad_core.py BEHAVIOUR
"""

import os
import signal
import sys
import time

sys.path.insert(0, os.environ["OVERPAINT_WIRE_PARENT"])

import wire

OUT = os.fdopen(os.dup(1), "wb", buffering=0)


def say(buffers: list[wire.Blob]) -> None:
    for buffer in buffers:
        OUT.write(bytes(buffer))


def listen(connection: wire.Connection, until: type[wire.Message]) -> wire.Message:
    """Answer plans with the selection itself, until a message of that type comes."""
    while True:
        while (message := connection.next_message()) is not None:
            if isinstance(message, until):
                return message
            if isinstance(message, wire.PlanEdit):
                say(connection.send(wire.RegionPlanned(region=message.selection)))
        data = os.read(0, 1 << 20)
        if not data:
            sys.exit(0)
        connection.receive(data)


def main(behaviour: str) -> None:
    connection = wire.Connection("a bad core")
    if behaviour == "starts-late":
        time.sleep(1.5)
        behaviour = "answers"
    if behaviour == "never-starts":
        time.sleep(3600)
    if behaviour == "exits-at-once":
        sys.exit(3)
    if behaviour == "prints-text":
        OUT.write(b"Welcome to Python! Type help() for help.\n")
        time.sleep(3600)
    if behaviour == "other-version":
        header = b'{"type": "hello", "protocol": 99, "release": "9", "blobs": []}'
        OUT.write(b"OVPT" + len(header).to_bytes(4, "big") + header)
        time.sleep(3600)
    say(connection.hello())
    if behaviour in ("never-reads", "never-plans"):
        time.sleep(3600)
    run = listen(connection, wire.RunEdit)
    assert isinstance(run, wire.RunEdit)
    say(connection.send(wire.Progress(fraction=0.1, phase="Pretending")))
    if behaviour == "dies-midway":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "dies-in-a-message":
        whole = b"".join(bytes(b) for b in connection.send(wire.Progress(fraction=0.5, phase="x")))
        OUT.write(whole[:-3])
        sys.exit(0)
    if behaviour == "ignores-cancel":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if behaviour == "fails":
        say(connection.send(wire.Failure(code="x", sentence="It is raining.", hint="Wait.")))
        listen(connection, wire.Cancel)
    if behaviour == "garbage-midway":
        OUT.write(os.urandom(1000))
        time.sleep(3600)
    region = run.region
    if behaviour == "other-region":
        region = wire.Rectangle(region.x, region.y, 1, 1)
    pixel = wire.BYTES_PER_PIXEL[run.format]
    if behaviour != "no-patch":
        say(
            connection.send(
                wire.PatchMade(
                    number=0,
                    recipe=run.recipe,
                    provenance={},
                    region=region,
                    format=run.format,
                    pixels=bytes(region.width * region.height * pixel),
                    mask=None,
                )
            )
        )
    say(connection.send(wire.Done(seconds={})))
    listen(connection, wire.Cancel)


if __name__ == "__main__":
    main(sys.argv[1])
