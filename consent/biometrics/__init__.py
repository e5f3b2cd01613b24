"""Faces and the templates made from them: detection, embedding, the encrypted vault, and the index every replica searches."""
