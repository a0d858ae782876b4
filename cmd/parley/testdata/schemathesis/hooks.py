"""Has schemathesis send session descriptions, which it does not know, as the texts they are."""

import schemathesis


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def as_text(ctx, value):
    return str(value).encode("utf-8", errors="replace")
