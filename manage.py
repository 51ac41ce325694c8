#!/usr/bin/env python
"""Kamen's command line. Settings default to the demo and development mall on this machine."""

import os
import sys


def main() -> None:
    options = {word.partition("=")[0] for word in sys.argv[2:]}
    # A draft is tried without a mall, unless it is held against a version that only the mall knows.
    if sys.argv[1:2] == ["decide"] and "--rulebook" in options and "--against" not in options:
        os.environ["DJANGO_SETTINGS_MODULE"] = "kamen.settings.rules"
    if sys.argv[1:2] == ["due"]:  # pure arithmetic: works where there is no mall, whatever the environment says
        os.environ["DJANGO_SETTINGS_MODULE"] = "kamen.settings.bare"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kamen.settings.local")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
