"""Settings: reads the Config from a TOML file and the environment, which wins; each mistake is one clear line."""

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError

from tailrace.config import Config
from tailrace.errors import ConfigError

PREFIX = "TAILRACE_"
# Where the file and the data are cannot stand in the file itself.
PLACES = ("TAILRACE_CONFIG", "TAILRACE_DATA")


def load(file: Path) -> Config:
    """Return the settings of `file` and the environment. Raises ConfigError with one line for each mistake."""
    _check_variables(os.environ)

    class _Settings(BaseSettings, Config):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, arbitrary_types_allowed=True
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, TomlConfigSettingsSource(settings_cls, file)

    if not file.is_file():
        raise ConfigError(f"there is no configuration file {file}; write one with: tailrace init {file}")
    try:
        return _Settings()
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except SettingsError as error:
        raise ConfigError(f"{error}; a list or table in a variable is written as JSON") from None
    except ValidationError as error:
        raise ConfigError("\n".join(_lines(error.errors(), file))) from None


def variable(path: Sequence[str]) -> str:
    """Return the environment variable of a key: `("listen", "http")` is TAILRACE_LISTEN__HTTP."""
    return PREFIX + "__".join(path).upper()


def _lines(findings: Sequence[Mapping[str, Any]], file: Path) -> list[str]:
    """Describe what pydantic found, each thing once: a key that is missing may be there under a wrong name."""
    meant = {(*found["loc"][:-1], _near(_path(found))) for found in findings if found["type"] == "extra_forbidden"}
    return [_line(found, file) for found in findings if found["type"] != "missing" or found["loc"] not in meant]


def _line(found: Mapping[str, Any], file: Path) -> str:
    """Describe one finding of pydantic, without the value: it may be a secret."""
    path = [str(part) for part in found["loc"]]
    names = _path(found)
    source = next((v for end in range(len(names), 0, -1) if (v := variable(names[:end])) in os.environ), str(file))
    key = ".".join(path)
    if found["type"] == "extra_forbidden":
        return f"{source}: unknown key {key}{_meant(names)}"
    if found["type"] == "missing":
        return f"{source}: {key} is missing"
    if found["type"] == "model_type":
        return f"{source}: {key}: this is a table with keys of its own; docs/configuration.md lists them"
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"{source}: {key}: {message}" if key else f"{source}: {message}"


def _path(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a finding's key, without the numbers of entries."""
    return tuple(name for part in found["loc"] if not (name := str(part)).isdecimal())


def _section(path: Sequence[str]) -> type[BaseModel] | None:
    """Return the model in which the last part of `path` should be a key."""
    model: type[BaseModel] | None = Config
    for name in path[:-1]:
        field = model.model_fields.get(name) if model else None
        model = next((part for part in _models(field.annotation) if part), None) if field else None
    return model


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]


def _near(path: Sequence[str]) -> str:
    """Return the name of the key that an unknown one is like; empty: there is none."""
    model = _section(path)
    near = difflib.get_close_matches(path[-1], model.model_fields, n=1) if model else []
    return near[0] if near else ""


def _meant(path: Sequence[str]) -> str:
    near = _near(path)
    return f"; did you mean {'.'.join([*path[:-1], near])}?" if near else "; docs/configuration.md lists them all"


def _check_variables(environ: Mapping[str, str]) -> None:
    """Raise ConfigError for a TAILRACE_ variable that names no key: pydantic-settings passes over those."""
    for name in environ:
        if not name.upper().startswith(PREFIX) or name.upper() in PLACES:
            continue
        path = name[len(PREFIX) :].lower().split("__")
        model = _section(path)
        if model is None or path[-1] not in model.model_fields:
            raise ConfigError(f"{name}: unknown key {'.'.join(path)}{_meant(path)}")


def keys() -> dict[str, object]:
    """Return every key of the file with its default, such as `listen.http`: 8930; for the reference in the docs."""
    return dict(_keys(Config, ""))


def _keys(model: type[BaseModel], before: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, field in model.model_fields.items():
        inner = _models(field.annotation)
        if inner and name != "second_key":
            found += _keys(inner[0], f"{before}{name}.")
        else:
            found.append((before + name, cast(object, field.get_default(call_default_factory=False))))
    return found
