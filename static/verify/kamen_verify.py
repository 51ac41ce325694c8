#!/usr/bin/env python3
"""Checks a ruling or an evidence bundle of Kamen 卡门 without asking Kamen 卡门.

    python3 kamen_verify.py ruling-KM2026-000001.json --key <public key>
    python3 kamen_verify.py bundle.zip --key <public key>

Needs Python 3.9 or newer and the package `cryptography`. The public key stands on the mall's page /verify/keys/ and in
every anchor file; without --key the script says which key it found, and whose it is must be known from elsewhere.
Ends with 0 if everything holds, 1 if something does not, 2 if there is nothing to check.
"""

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from typing import Any

RULING, BUNDLE = "kamen-ruling-1", "kamen-bundle-1"
MANIFEST, SEALED = "manifest.json", "manifest.signature.json"


def main() -> int:
    """Read what the command line names, and say line by line what holds."""
    parser = argparse.ArgumentParser(description="Checks a ruling or an evidence bundle of Kamen.")
    parser.add_argument("file", help="a ruling (.json) or an evidence bundle (.zip)")
    parser.add_argument("--key", action="append", default=[], help="the mall's public key, base64url; may be repeated")
    asked = parser.parse_args()
    report = Report(asked.key)
    try:
        if zipfile.is_zipfile(asked.file):
            check_bundle(asked.file, report)
        else:
            with open(asked.file, encoding="utf-8") as file:
                check_ruling(json.load(file), report)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stdout.write(f"NOTHING TO CHECK: {type(error).__name__}: {error}\n")
        return 2
    return report.end()


class Report:
    """What held and what did not."""

    def __init__(self, keys: list[str]) -> None:
        self.keys, self.failed, self.steps = keys, 0, 0
        self.seen: set[str] = set()

    def step(self, holds: bool, what: str) -> bool:
        """One line: OK or FAULT."""
        self.steps += 1
        self.failed += not holds
        sys.stdout.write(f"{'OK   ' if holds else 'FAULT'} {what}\n")
        return holds

    def signed(self, text: str, signature: str, key: str, what: str) -> None:
        """Whether a text is signed, and by a key that is known."""
        self.step(signature_holds(text, signature, key), f"signature: {what}")
        if self.keys:
            self.step(key in self.keys, f"key is the one given: {what}")
        self.seen.add(key)

    def end(self) -> int:
        """The last line."""
        if not self.keys:
            sys.stdout.write(
                f"Signed with {', '.join(sorted(self.seen))}; compare it with the mall's, or give --key.\n"
            )
        sys.stdout.write("VALID\n" if self.steps and not self.failed else "NOT VALID\n")
        return 0 if self.steps and not self.failed else 1


def check_ruling(told: dict[str, Any], report: Report) -> None:
    """A ruling's file: its text, its statement, its signature, and the seals before it."""
    if told["format"] != RULING:
        raise ValueError("not a ruling of Kamen")
    statement = json.loads(told["statement"])
    number = statement["number"]
    report.step(statement["format"] == RULING, f"{number}: what is signed is a ruling")
    report.step(statement["text_sha256"] == sha256(told["text"].encode()), f"{number}: the text is what was sealed")
    report.signed(told["statement"], told["signature"], told["public_key"], number)
    newer = statement
    for link in told["chain"]:
        older = json.loads(link["statement"])
        is_next = newer["previous"] == older["number"]
        is_next = is_next and newer["previous_sha256"] == sha256(link["statement"].encode())
        report.step(is_next, f"{newer['number']} stands behind {older['number']}")
        report.signed(link["statement"], link["signature"], link["public_key"], older["number"])
        newer = older


def check_bundle(path: str, report: Report) -> None:
    """A bundle: every file against the manifest, the manifest against its signature, every ruling in it."""
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
        report.step(len(names) == len(set(names)), "no file is there twice")
        manifest_text = bundle.read(MANIFEST).decode()
        manifest, sealed = json.loads(manifest_text), json.loads(bundle.read(SEALED))
        report.step(manifest["format"] == BUNDLE, "the manifest is one of Kamen")
        report.signed(manifest_text, sealed["signature"], sealed["public_key"], MANIFEST)
        listed = {each["path"]: each for each in manifest["files"]}
        report.step(set(names) == set(listed) | {MANIFEST, SEALED}, "exactly the files of the manifest are there")
        for name, each in sorted(listed.items()):
            content = bundle.read(name) if name in names else b""
            report.step(len(content) == each["size"] and sha256(content) == each["sha256"], name)
        for name in sorted(listed):
            if name.startswith("rulings/") and name.endswith(".json") and name in names:
                check_ruling(json.loads(bundle.read(name)), report)


def signature_holds(text: str, signature: str, key: str) -> bool:
    """Whether whoever has the private half of `key` signed exactly this text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(raw(key)).verify(raw(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def sha256(content: bytes) -> str:
    """The hash as it is written everywhere."""
    return hashlib.sha256(content).hexdigest()


def raw(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    sys.exit(main())
