"""Settings: flag over environment over file over default; errors name where a value was set."""

from __future__ import annotations

from pathlib import Path

import pytest

from noond.config import Settings, load_settings
from noond.errors import ConfigError

CANARY = "sk-canary-1234567890"


def test_the_file_that_documents_the_defaults_is_the_defaults() -> None:
    root = Path(__file__).parents[2]
    from_file = load_settings(root / "noond.toml", environ={})
    assert from_file == load_settings(environ={})


def test_a_flag_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "noond.toml"
    file.write_text("[server]\nport = 1\nhost = '127.0.0.2'\n[llm]\nconcurrency = 2\n")
    environ = {"NOOND__SERVER__PORT": "2", "NOOND__SERVER__HOST": "127.0.0.3"}
    settings = load_settings(file, flags={"server": {"port": 3, "host": None}}, environ=environ)
    assert settings.server.port == 3
    assert settings.server.host == "127.0.0.3"
    assert settings.llm.concurrency == 2


def test_lists_and_tables_come_from_the_environment_as_toml() -> None:
    settings = load_settings(
        environ={
            "NOOND__SERVER__ALLOWED_HOSTS": '["a.example", "b.example"]',
            "NOOND__LLM__PRICES": '{"gpt" = [0.15, 0.6]}',
        }
    )
    assert settings.server.allowed_hosts == ("a.example", "b.example")
    assert settings.llm.prices == {"gpt": (0.15, 0.6)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\nprot = 1\n", "server.prot: no such setting"),
        ("[sever]\nport = 1\n", "sever: no such setting"),
        ("port = 1\n", "stands outside a [section]"),
        ("[server]\nport = 70000\n", "server.port"),
        ("[server\n", "not valid TOML"),
        ("[server]\ntls_cert = 'a.pem'\n", "tls_cert and tls_key go together"),
        ("[llm]\nprovider = 'openai'\n", "needs model"),
        ("[llm]\nprovider = 'gemini'\n", "llm.provider"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "noond.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, environ={})
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NOOND__SERVER__PROT", "server.prot: no such setting"),
        ("NOOND__SEVER__PORT", "sever: no such setting"),
        ("NOOND__PORT", "write NOOND__SECTION__KEY"),
    ],
)
def test_unknown_variables_are_errors(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={name: "1"})
    assert says in caught.value.message


def test_the_origin_of_a_wrong_value_is_named_and_the_value_is_not() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={"NOOND__LLM__MAX_TOKENS": CANARY})
    assert "set by NOOND__LLM__MAX_TOKENS" in caught.value.message
    assert CANARY not in caught.value.message


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml", environ={})


def test_secrets_are_not_shown() -> None:
    settings = load_settings(environ={"NOOND__LLM__API_KEY": CANARY})
    assert CANARY not in repr(settings)
    assert CANARY not in settings.model_dump_json()
    assert settings.llm.api_key is not None
    assert settings.llm.api_key.get_secret_value() == CANARY


def test_every_setting_says_what_it_is() -> None:
    for name, section in Settings.model_fields.items():
        assert section.annotation is not None
        for key, field in section.annotation.model_fields.items():
            assert field.description, f"{name}.{key}"
