# SPDX-License-Identifier: Apache-2.0
"""How a target tells its truth: one JSON document in the file $TRUTH_PATH."""
import json
import os


def tell(truth):
    """Write it and leave at once, so that nothing happens after it was true."""
    data = json.dumps(truth).encode()
    file = os.open(os.environ["TRUTH_PATH"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    while data:
        data = data[os.write(file, data):]
    os._exit(0)
