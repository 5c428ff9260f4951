"""The memo for the head of data: figures of files of runs and of the projection, drawn and set as a PDF."""
