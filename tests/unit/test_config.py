"""Settings: flag over environment over file over default; errors name where a value was set."""

from __future__ import annotations

from pathlib import Path

import pytest

from noond.config import Settings, load_settings, taken_from_celery
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


def test_celerys_variables_count_between_the_file_and_noonds_own(tmp_path: Path) -> None:
    file = tmp_path / "noond.toml"
    file.write_text("[jobs]\nhard_seconds = 100\nsoft_seconds = 90\nmax_retries = 1\n")
    environ = {
        "CELERY_TASK_TIME_LIMIT": "1200",
        "CELERY_TASK_SOFT_TIME_LIMIT": "1100",
        "CELERY_TASK_DEFAULT_RETRY_DELAY": "5",
        "CELERY_TASK_MAX_RETRIES": "",
        "CELERY_WORKER_PREFETCH_MULTIPLIER": "4",
        "CELERY_SOMETHING_ELSE": "x",
        "NOOND__JOBS__SOFT_SECONDS": "7",
    }
    jobs = load_settings(file, environ=environ).jobs
    assert (jobs.hard_seconds, jobs.soft_seconds) == (1200, 7)
    assert (jobs.backoff_seconds, jobs.max_retries) == (5, 1)
    assert taken_from_celery(environ) == {
        "CELERY_TASK_TIME_LIMIT": "jobs.hard_seconds",
        "CELERY_TASK_DEFAULT_RETRY_DELAY": "jobs.backoff_seconds",
    }


def test_a_wrong_value_of_celerys_is_named_by_its_variable() -> None:
    with pytest.raises(ConfigError, match=r"jobs\.hard_seconds.*CELERY_TASK_TIME_LIMIT"):
        load_settings(environ={"CELERY_TASK_TIME_LIMIT": "ten minutes"})


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://alerts.example.org/x?y=1", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]/x", True),
        ("http://localhost/x", True),
        ("http://alerts.example.org/x", False),
        ("http://localhost.example.org/x", False),
        ("https://user:pass@alerts.example.org/x", False),
        ("ftp://127.0.0.1/x", False),
        ("alerts.example.org", False),
    ],
)
def test_a_webhook_is_https_or_here(url: str, good: bool) -> None:
    told = {"webhook_url": url, "webhook_secret": "a sentence of ours"}
    if good:
        assert load_settings(flags={"findings": told}, environ={}).findings.webhook_url == url
        return
    with pytest.raises(ConfigError, match=r"findings\.webhook_url"):
        load_settings(flags={"findings": told}, environ={})


def test_a_webhook_needs_its_secret() -> None:
    with pytest.raises(ConfigError, match="webhook_secret"):
        load_settings(flags={"findings": {"webhook_url": "https://x.example"}}, environ={})
