"""All that lets Tidemark run without a cloud."""
