"""Settings for trying a rulebook (`manage.py decide --rulebook`): words in both languages, and nothing from outside."""

from pathlib import Path

from .bare import *  # noqa: F403

USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).resolve().parents[2] / "locale"]
