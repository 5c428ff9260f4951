"""Both doors and the relay before them, and the settings with which a member goes through them."""

from collections.abc import Iterator
from contextlib import contextmanager

from faulty_warehouse import grpc_door, rest_door
from faulty_warehouse.reset import LOOPBACK, Relay
from faulty_warehouse.script import Script


@contextmanager
def faulty_warehouse(
    rest_endpoint: str, grpc_endpoint: str, seed: int
) -> Iterator[tuple[grpc_door.Door, dict[str, str]]]:
    """Yields the door and the variables of a member. An ordinary warehouse until `door.script.follow(...)`."""
    script = Script(seed)
    channel = grpc_door.channel_to(grpc_endpoint)
    door = grpc_door.Door(script, channel)
    server, port = grpc_door.serve(door)
    relay = Relay(port)
    door.reset = relay.reset
    rest = rest_door.serve(rest_endpoint, script)
    try:
        yield (
            door,
            {
                "TIDEMARK_BIGQUERY_GRPC_ENDPOINT": f"{LOOPBACK}:{relay.port}",
                "TIDEMARK_BIGQUERY_REST_ENDPOINT": f"http://{LOOPBACK}:{rest.server_address[1]}",
            },
        )
    finally:
        script.follow()
        rest.shutdown()
        rest.server_close()
        server.stop(2).wait(10)
        relay.close()
        channel.close()
