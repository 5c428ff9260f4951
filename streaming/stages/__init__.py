"""Pure stages: functions from frames to frames. One record in, exactly one row out."""
