"""Loads of the SDK what a server on stdin and stdout uses; the rest when it is used, if it ever is.

Of the SDK's time to load, half goes into what only clients and servers over HTTP need, into seals for questions to the
user, and into validators of messages that never come. A process that serves stdio calls this before it imports more.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from ssl import SSLContext, VerifyMode
from types import ModuleType
from typing import Any, Final

_SELDOM: Final = (
    "cryptography",
    "httpx2",
    "mcp.server._streamable_http_modern",
    "mcp.server.auth.handlers",
    "mcp.server.auth.middleware.bearer_auth",
    "mcp.server.auth.routes",
    "mcp.server.sse",
    "mcp.server.streamable_http",
    "mcp.server.streamable_http_manager",
    "sse_starlette",
    "starlette",
    "uvicorn",
)


def load_server(*, is_demo: bool) -> None:
    """Import all that `serve` needs, for a local org or for one that is reached over HTTP."""
    load_sdk()
    for module in ("mcp_salesforce.cli.serve", "mcp_salesforce.server"):
        import_module(module)
    if is_demo:
        import_module("mcp_salesforce.localorg")
    else:
        with _authorities_where_they_are_asked():
            import_module("aiohttp")  # else the first call waits for it


def load_sdk() -> None:
    """Import the SDK's server, unless something has imported it before."""
    if "mcp" in sys.modules:
        return
    with _client_half_when_used(), _rest_when_used(), _validators_when_used():
        import_module("mcp.server")
    # Logging is set up by then, and the SDK's own way would load rich only to find that.
    import_module("mcp.server.mcpserver.server").__dict__["configure_logging"] = lambda *_: None


@contextmanager
def _authorities_where_they_are_asked() -> Iterator[None]:
    """Load no certificate authorities into a context that verifies nothing: aiohttp makes one and asks for them."""
    load = SSLContext.set_default_verify_paths

    def load_if_asked(context: SSLContext) -> None:
        if context.verify_mode is not VerifyMode.CERT_NONE:
            load(context)

    with _patched(SSLContext, "set_default_verify_paths", load_if_asked):
        yield


@contextmanager
def _validators_when_used() -> Iterator[None]:
    """Let Pydantic build the validator of a class, and that of an adapter, when it is used first."""
    from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter

    make, deferred = TypeAdapter.__init__, ConfigDict(defer_build=True)

    def make_later(adapter: Any, kind: Any, *, _parent_depth: int = 2, **options: Any) -> None:  # noqa: ANN401 - theirs
        depth = _parent_depth + 1  # this function stands between
        try:
            make(adapter, kind, **{"config": deferred, **options}, _parent_depth=depth)
        except PydanticUserError:  # a class brings its own configuration
            make(adapter, kind, **options, _parent_depth=depth)

    BaseModel.model_config["defer_build"] = True
    try:
        with _patched(TypeAdapter, "__init__", make_later):
            yield
    finally:
        del BaseModel.model_config["defer_build"]


@contextmanager
def _patched(owner: type, name: str, value: object) -> Iterator[None]:
    """Give a class another attribute for as long as the block runs."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _client_half_when_used() -> Iterator[None]:
    """Let the package `mcp` itself, which imports the client, be loaded when something of it is used."""
    spec = importlib.util.find_spec("mcp")
    if spec is None or spec.loader is None:
        yield
        return
    package, loader = importlib.util.module_from_spec(spec), spec.loader

    def load(name: str) -> Any:  # noqa: ANN401 - whatever it is
        if name.startswith("__"):
            raise AttributeError(name)
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    package.__dict__["__getattr__"] = load
    sys.modules["mcp"] = package
    yield


@contextmanager
def _rest_when_used() -> Iterator[None]:
    """Give the SDK stand-ins for what it seldom uses; whatever else imports that later gets it itself."""
    finder = _StandIns()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.found:
            parent, _, child = name.rpartition(".")
            sys.modules.pop(name)
            if parent in sys.modules:
                sys.modules[parent].__dict__.pop(child, None)


class _StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules whose every name is a stand-in."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a module that is loaded when it is used."""
        del path, target
        if not any(fullname == name or fullname.startswith(f"{name}.") for name in _SELDOM):
            return None
        if fullname in sys.modules:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        """Let every name of `module` be a stand-in."""
        self.found.append(module.__name__)
        module.__dict__["__getattr__"] = lambda name: _stand_in(module.__name__, name)


def _stand_in(module: str, name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Later(name, (), {"later": (module, name)})


class _Later(type):
    """The class of stand-ins: to call one, to ask for an attribute or for what is one of it, loads the real one."""

    later: tuple[str, str]
    """Where the real one is: its module and its name there."""

    @property
    def _real(cls) -> Any:  # noqa: ANN401 - whatever it is
        module, name = cls.later
        real = getattr(import_module(module), name)
        _put_right(module.partition(".")[0])
        return real

    def __call__(cls, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - as the real one
        return cls._real(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:  # noqa: ANN401 - as the real one
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(cls._real, name)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls._real)


def _put_right(package: str) -> None:
    """Let the SDK's modules have the real ones of a package: an `except` takes no stand-in."""
    for module in [module for name, module in sys.modules.items() if name.startswith("mcp.")]:
        for attribute, value in list(vars(module).items()):
            if isinstance(value, _Later) and value.later[0].partition(".")[0] == package:
                setattr(module, attribute, getattr(import_module(value.later[0]), value.later[1]))
