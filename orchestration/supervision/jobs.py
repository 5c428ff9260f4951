"""Jobs `stream_start` and `stream_stop`: they write what is wanted; the supervisor's next tick sees to it."""

from datetime import UTC, datetime
from pathlib import Path

from dagster import Config, Failure, OpExecutionContext, job, op
from pydantic import Field

from orchestration.resources import StreamResource
from orchestration.supervision.desired import MOST_MEMBERS, Desired, DesiredError, read_desired, write_desired


class StartConfig(Config):
    """How to start the stream."""

    members: int | None = Field(
        default=None, ge=1, le=MOST_MEMBERS, description="Members of the consumer group; as configured if not given."
    )


@op(description="Want the stream to run. The supervisor starts its members within 5 s and restarts who ends.")
def want_running(context: OpExecutionContext, config: StartConfig, stream: StreamResource) -> None:
    """Write the desired state; earlier failures are forgiven, so that whoever waits starts at once."""
    _want(context, stream, running=True, members=config.members or stream.members)


@op(description="Want the stream to stop. Its members drain: they commit what is landed and end.")
def want_stopped(context: OpExecutionContext, stream: StreamResource) -> None:
    """Write the desired state, and keep how many members there were."""
    _want(context, stream, running=False, members=_members(stream))


def _members(stream: StreamResource) -> int:
    try:
        desired = read_desired(Path(stream.state_dir))
    except DesiredError:
        desired = None
    return desired.members if desired else stream.members


def _want(context: OpExecutionContext, stream: StreamResource, *, running: bool, members: int) -> None:
    if stream.observe_only:
        raise Failure("this stream is only observed: start and stop it where it is deployed (kubectl scale)")
    desired = Desired(running, members, datetime.now(UTC), f"run {context.run_id}")
    write_desired(Path(stream.state_dir), desired)
    context.log.info(f"the stream is to {'run' if running else 'stop'}, members: {members}")


@job(description="Start the stream, or let a member that waits after failures start at once.")
def stream_start() -> None:
    """Desired state: running."""
    want_running()


@job(description="Drain and stop the stream.")
def stream_stop() -> None:
    """Desired state: stopped."""
    want_stopped()
