"""Large guard models from a local folder: text, pictures and speech judged by what an operator brings (docs/models.md)."""
