"""Why a decision went as it did, for those who run the service and for whoever asked: evidence, what would change it, a text
that passes."""
