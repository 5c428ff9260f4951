"""The second reader of the topic: which offsets without a row hold a record, where producers are transactional."""

from collections.abc import Sequence

from assets.checks.gaps import Delivered, Range
from streaming.ports import BrokerError
from streaming.settings import Settings, SettingsError


def second_reader(settings: Settings) -> Delivered | None:
    """Return the reader of the settings' topic; None where no broker is named. Asks nobody before it is called."""
    if not settings.kafka_bootstrap:
        return None

    def delivered(topic_id: str, partition: int, ranges: Sequence[Range]) -> int:
        from streaming.adapters.kafka_offsets import delivered as read  # Kafka's client, where it is needed

        try:
            return read(settings, topic_id, partition, ranges)
        except SettingsError as error:  # a certificate: said by the check, not by a traceback
            raise BrokerError(str(error)) from None

    return delivered
