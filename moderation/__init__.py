"""The service that puts the wings to work: the gate, the workflow of a generation, release, review and the surfaces."""

import os

# Workers run side by side and each inference uses one thread. A second BLAS thread would only spin beside it: on two cores it
# doubled the CPU time of a judgement. Read by OpenBLAS when numpy is first imported; a value that is set already stands.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
