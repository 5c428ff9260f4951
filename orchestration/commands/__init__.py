"""One module per `tidemark` command family."""
