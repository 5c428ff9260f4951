"""Why Kafka does not answer a command, in the words of the pipeline's own client."""

from typing import Final

from streaming.settings import Settings, SettingsError

ASK_AGAIN_S: Final = 5.0
"""Time limit of a question that is only asked to learn why there was no answer."""


def why_silent(settings: Settings) -> str | None:
    """One line that names the setting to mend; None if the broker answers after all."""
    from streaming.adapters.kafka import KafkaBroker
    from streaming.ports import BrokerError

    try:
        KafkaBroker(settings).topic(ASK_AGAIN_S)
    except (BrokerError, SettingsError) as error:
        return str(error)
    return None
