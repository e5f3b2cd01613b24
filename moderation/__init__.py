"""The service that puts the wings to work: the gate, the workflow of a generation, release, review and the surfaces."""
