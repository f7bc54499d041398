import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.environment import Environment, load, read_file


@pytest.fixture
def env(monkeypatch):
    """An environment of our own, that reads what the test sets."""

    def given(**values: str) -> Environment:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return Environment()

    return given


def test_whole_number_that_is_none_is_named_and_not_shown(env):
    with pytest.raises(ImproperlyConfigured, match=r"^PORT is not a whole number\.$"):
        env(PORT="80a0").whole("PORT", 8000)


def test_whole_number_out_of_range_names_the_range(env):
    with pytest.raises(ImproperlyConfigured, match="between 1 and 65535"):
        env(PORT="70000").whole("PORT", 8000, least=1, most=65535)


def test_empty_variable_is_one_that_is_not_set(env):
    assert env(PORT="").whole("PORT", 8000) == 8000


@pytest.mark.parametrize(("word", "value"), [("1", True), ("YES", True), ("off", False), ("", True)])
def test_flag_understands_plain_words(env, word, value):
    assert env(DEBUG=word).flag("DEBUG", True) is value


def test_flag_refuses_what_is_neither_on_nor_off(env):
    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        env(DEBUG="perhaps").flag("DEBUG", False)


def test_secret_keeps_a_leading_dollar(env):
    assert env(CODAT_API_KEY="$ecret").secret("CODAT_API_KEY") == "$ecret"


def test_secret_comes_from_a_file_without_its_last_newline(env, tmp_path):
    path = tmp_path / "key"
    path.write_text("from-a-file\n")
    assert env(CODAT_API_KEY_FILE=str(path)).secret("CODAT_API_KEY") == "from-a-file"


def test_secret_file_that_is_missing_is_named(env, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="CODAT_API_KEY_FILE"):
        env(CODAT_API_KEY_FILE=str(tmp_path / "none")).secret("CODAT_API_KEY")


@pytest.mark.parametrize("address", ["foo", "mysql://a/b", "postgres://a:b@host:port/x"])
def test_database_address_that_is_none_is_refused(env, address):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env(DATABASE_URL=address).database("DATABASE_URL", "sqlite:///x")


@pytest.mark.parametrize("address", ["connect.example.com", "ftp://a.example", "https://a.example/path"])
def test_site_is_scheme_and_host_alone(env, address):
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        env(PUBLIC_URL=address).site("PUBLIC_URL", "")


def test_broker_we_do_not_know_is_refused(env):
    with pytest.raises(ImproperlyConfigured, match="CELERY_BROKER_URL"):
        env(CELERY_BROKER_URL="sqla+sqlite:///x").broker("CELERY_BROKER_URL", "")


def test_networks_refuse_what_is_no_address(env):
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXY"):
        env(TRUSTED_PROXY="10.0.0.0/8, proxy").networks("TRUSTED_PROXY")


@pytest.mark.parametrize("line", ["no sign", "= value", 'NAME="open', "1NAME=x"])
def test_settings_file_with_a_malformed_line_names_the_line(tmp_path, line):
    path = tmp_path / ".env"
    path.write_text(f"# ours\nSOME_NAME=1\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match="line 3") as caught:
        read_file(path)
    assert line not in str(caught.value)


def test_settings_file_adds_and_never_overrides(monkeypatch, tmp_path):
    monkeypatch.setenv("KEPT_NAME", "shell")
    monkeypatch.setenv("ADDED_NAME", "")
    monkeypatch.delenv("ADDED_NAME")
    path = tmp_path / "settings"
    path.write_text("KEPT_NAME=file\nexport ADDED_NAME='file'\n")
    read_file(path)
    env = Environment()
    assert (env.str("KEPT_NAME"), env.str("ADDED_NAME")) == ("shell", "file")
    monkeypatch.delenv("ADDED_NAME")


def test_settings_file_that_is_named_must_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load(tmp_path)


def test_settings_file_that_is_a_folder_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("ENV_FILE", raising=False)
    (tmp_path / ".env").mkdir()
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load(tmp_path)
