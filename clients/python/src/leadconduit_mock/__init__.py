"""A mock server for ActiveProspect's LeadConduit API: the binary, a typed client, and a pytest plugin."""

from .binary import VERSION as __version__
from .binary import BinaryNotFoundError, find_binary
from .control import ControlClient, ControlError
from .failure import describe_exchange, describe_failure
from .sandbox import (
    DEFAULT_API_KEY,
    DEFAULT_SUPERUSER_API_KEY,
    Sandbox,
    SandboxClock,
    ServerAddress,
    VerificationError,
    sandbox_name,
)
from .server import MockServer, ServerError, Stopped, connect_mock, start_mock

__all__ = [
    "DEFAULT_API_KEY",
    "DEFAULT_SUPERUSER_API_KEY",
    "BinaryNotFoundError",
    "ControlClient",
    "ControlError",
    "MockServer",
    "Sandbox",
    "SandboxClock",
    "ServerAddress",
    "ServerError",
    "Stopped",
    "VerificationError",
    "__version__",
    "connect_mock",
    "describe_exchange",
    "describe_failure",
    "find_binary",
    "sandbox_name",
    "start_mock",
]
