"""Open pages, the operator's brand, and logos."""

from hashlib import sha256

import pytest

from onboarding import brand, words
from onboarding.models import PlatformState
from onboarding.platforms import PLATFORMS, TABLES
from tests.views.reading import heading_of, text_of
from tests.views.scenes import company_in

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("address", ["/data/", "/privacy/", "/terms/", "/accessibility/"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_open_pages_need_no_sign_in(address, language, client, db):
    answer = client.get(address, headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert heading_of(answer)


def test_data_names_every_data_type_with_its_reason(client, db):
    text = text_of(client.get("/data/")).lower()

    for name in {data_type for table in TABLES.values() for data_type in table.data_types}:
        assert str(words.ITEMS[name].name).lower() in text
        assert str(words.ITEMS[name].why).lower() in text


def test_every_platform_of_a_table_has_words_to_prepare_with():
    assert {key for table in TABLES.values() for key in table.platforms} == set(words.PREPARATIONS)
    assert set(words.PREPARATIONS) == set(PLATFORMS)


@pytest.mark.parametrize(("setting", "where"), [("PRIVACY_URL", "/privacy/"), ("TERMS_URL", "/terms/")])
def test_the_operators_own_legal_pages_come_first(setting, where, client, settings):
    setattr(settings, setting, "https://alderway.example/legal")

    assert client.get(where).url == "https://alderway.example/legal"


@pytest.mark.parametrize(
    ("colour", "objection"),
    [("#0B4A5A", ""), ("#FFD34D", "a contrast of 1.4:1"), ("red", "not a colour"), ("#767676", "")],
)
def test_a_primary_colour_needs_contrast(colour, objection):
    assert objection in brand.objection(colour)
    assert bool(brand.objection(colour)) is bool(objection)


def test_contrast_of_black_and_white_is_twenty_one():
    assert brand.contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_the_brands_colour_is_a_stylesheet_of_ours(client, settings):
    settings.BRAND_PRIMARY = "#6B1FA8"

    page, sheet = client.get("/data/").content.decode(), client.get("/brand.css")

    assert '<link rel="stylesheet" href="/brand.css">' in page
    assert sheet["Content-Type"].startswith("text/css")
    assert "--primary:#6B1FA8" in sheet.content.decode()
    assert "style=" not in page


@pytest.mark.parametrize("colour", ["#6B1FA8", "#000000", "#B00020", "#005A9C"])
def test_the_brands_colour_stays_readable_in_the_dark(colour):
    dark = brand.stylesheet(colour).split("dark")[1]
    primary = dark.split("--primary:")[1][:7]

    assert brand.contrast(primary, brand.ON_PRIMARY_DARK) >= 7


def test_the_brands_logo_is_served_by_us_for_ever(client, settings, tmp_path):
    (tmp_path / "logo.png").write_bytes(PNG)
    settings.BRAND_LOGO = str(tmp_path / "logo.png")
    digest = brand.logo(settings.BRAND_LOGO)[2]

    answer = client.get(f"/brand/logo/{digest}/")

    assert (answer.content, answer["Content-Type"]) == (PNG, "image/png")
    assert "immutable" in answer["Cache-Control"]
    assert f'src="/brand/logo/{digest}/"' in client.get("/data/").content.decode()
    assert client.get("/brand/logo/0000/").status_code == 404


def test_a_missing_logo_file_leaves_the_mark(client, settings):
    settings.BRAND_LOGO = "no/such/file.svg"

    assert 'class="brand-mark"' in client.get("/data/").content.decode()


def test_platform_logos_come_from_our_origin_and_fall_back_to_a_letter(at_ana, ana):
    company = company_in("none", ana)
    PlatformState.objects.filter(pk="gbol").update(logo=PNG, logo_type="image/png", logo_digest="abc123")

    page = at_ana.get(f"/c/{company.ref}/connect/").content.decode()
    logo = at_ana.get("/logo/gbol/abc123/")

    assert '<img src="/logo/gbol/abc123/" alt=""' in page
    assert (logo.content, logo["Cache-Control"]) == (PNG, "public, max-age=31536000, immutable")
    assert '<span aria-hidden="true">M</span>' in page  # MYOB has none


@pytest.mark.parametrize(("type_", "digest"), [("text/html", "abc123"), ("image/png", "other")])
def test_no_other_file_is_served_as_a_logo(type_, digest, client, db):
    PlatformState.objects.create(platform_key="gbol", logo=b"<script>", logo_type=type_, logo_digest="abc123")

    assert client.get(f"/logo/gbol/{digest}/").status_code == 404


def test_the_operators_texts_are_in_the_readers_language(client, settings):
    settings.SUPPORT_HOURS = "Monday to Friday|du lundi au vendredi"

    assert "Monday to Friday" in text_of(client.get("/data/", headers={"Accept-Language": "en"}))
    assert "du lundi au vendredi" in text_of(client.get("/data/", headers={"Accept-Language": "fr"}))


def test_no_page_has_inline_styles_or_scripts(at_ana, ana):
    company = company_in("reading", ana)

    for page in ("", "connect/", "connect/xero/", "connection/", "activity/"):
        body = at_ana.get(f"/c/{company.ref}/{page}", follow=True).content.decode()
        assert [word for word in (" style=", "<style", "<script>", " onclick=") if word in body] == []


def test_the_stylesheets_and_the_script_stay_small(settings):
    folder = settings.BASE_DIR / "static"
    sheets = [folder / "css" / name for name in ("tokens.css", "base.css", "components.css")]

    assert sum(sheet.stat().st_size for sheet in sheets) <= 30 * 1024
    assert (folder / "js/portal.js").stat().st_size <= 2 * 1024


def test_vendored_files_are_the_ones_that_are_listed(settings):
    for folder in (settings.BASE_DIR / "static/vendor", settings.BASE_DIR / "tests/vendor"):
        listed = (folder / "README.md").read_text()
        files = [path for path in folder.rglob("*") if path.suffix in (".woff2", ".js")]
        assert files
        assert [path.name for path in files if sha256(path.read_bytes()).hexdigest() not in listed] == []
        assert [path.name for path in files if not (path.parent / "LICENSE").is_file()] == []
