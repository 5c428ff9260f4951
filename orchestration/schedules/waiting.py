"""Schedules and sensors that wait until somebody turns them on in the page."""

from collections.abc import Sequence
from copy import copy

import dagster as dg


def waiting_schedules(made: Sequence[dg.ScheduleDefinition]) -> list[dg.ScheduleDefinition]:
    """The same schedules, off in a home that never saw them."""
    kept = [copy(schedule) for schedule in made]
    for schedule in kept:
        schedule._default_status = dg.DefaultScheduleStatus.STOPPED  # Dagster has no public way to change it
    return kept


def waiting_sensors(made: Sequence[dg.SensorDefinition]) -> list[dg.SensorDefinition]:
    """The same sensors, off in a home that never saw them."""
    kept = [copy(sensor) for sensor in made]
    for sensor in kept:
        sensor._default_status = dg.DefaultSensorStatus.STOPPED  # as above
    return kept
