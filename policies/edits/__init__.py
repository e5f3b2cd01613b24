"""The smallest changes of a text that might let it pass: proposed here, judged by the gate, offered only where it allows them."""
