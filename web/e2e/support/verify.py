"""Verifies deliveries of webhooks with the libraries for Python: one JSON object a line, {"secret", "headers", "body" as base64}.

Prints for each line whether each library takes it.
"""
import base64
import json
import sys

import standardwebhooks
import svix


def takes(library, line):
    try:
        library.Webhook(line["secret"]).verify(base64.b64decode(line["body"]), line["headers"])
    except library.WebhookVerificationError:
        return False
    return True


for text in sys.stdin:
    line = json.loads(text)
    print(json.dumps({"standardwebhooks": takes(standardwebhooks, line), "svix": takes(svix, line)}))
