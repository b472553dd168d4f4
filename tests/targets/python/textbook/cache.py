# SPDX-License-Identifier: Apache-2.0
"""A cache that nobody ever empties, and the requests that go through it."""
import gc

CACHE = {}


def render(request):
    page = "".join(f"<p>{request} {line}</p>" for line in range(100))
    CACHE[request] = page
    return len(page)


def serve(requests):
    return sum(render(request) for request in requests)


for hour in range(8):
    serve(range(hour * 200, hour * 200 + 200))
    gc.collect()
