"""What is made up stays on this machine: addresses lead to a port where nobody is, and no program of a made-up name is started.

Whoever asks does not change or remove the account by which they ask. Half of the servers that are added make sense, which chance alone does not bring about.
"""

import schemathesis

NOBODY = "http://127.0.0.1:9/mcp"
ADDRESSES = {"url", "baseUrl", "install"}


# Here and not where requests are made up: they come from several places, and all of them pass here.
@schemathesis.hook
def before_call(_context, case, _kwargs):
    case.body = inward(case.body)
    operation = case.operation.definition.raw.get("operationId")
    if operation in {"addServer", "replaceServer"} and isinstance(case.body, dict) and len(str(case.body)) % 2:
        case.body["config"] = {"url": NOBODY}
    if operation in {"changeUser", "deleteUser"} and case.path_parameters.get("username") == "keeper":
        case.path_parameters["username"] = "eve"


def inward(value):
    if isinstance(value, dict):
        return {key: at(key, part) for key, part in value.items()}
    if isinstance(value, list):
        return [inward(part) for part in value]
    return value


def at(key, value):
    if key == "command" and isinstance(value, str):
        return "there-is-no-such-program"
    if isinstance(value, str) and (key in ADDRESSES or ("://" in value and not value.startswith("demo:"))):
        return NOBODY
    return inward(value)
