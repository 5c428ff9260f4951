"""The delivery protocol of one partition: fence, open, publish, check, skip, append, commit. No I/O in here."""
