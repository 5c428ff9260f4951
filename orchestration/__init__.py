"""What people run: the command line `tidemark`; the control plane comes here."""
