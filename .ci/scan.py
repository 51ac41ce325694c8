"""No file names a package registry, every locked package has hashes, and no secret lies in the tree."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

#: Spelled in pieces, so that this file does not name one either.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(pieces))
        for pieces in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs"),
            ("registry", "yarnpkg"),
            ("proxy", "golang"),
            ("static", "crates"),
            ("npmmirror", "com"),
        ]
    )
)
INDEX_LINE = re.compile(r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host)\b")
SECRETS = {
    "a private key": re.compile("-----BEGIN " + r"(RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----"),
    "an access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token": re.compile(r"\b(ghp|gho|ghs|github_pat|glpat|xox[abp]|sk_live|rk_live)[-_][0-9A-Za-z_-]{20,}"),
    "a password in an address": re.compile(
        r"\b(postgres(ql)?|rediss?|smtp)://[^\s:@/]+:(?!\$\{)[^\s:@/{$<]{12,}@[^\s]"
    ),
    "a secret key": re.compile(r"""^\s*SECRET_KEY\s*[:=]\s*["']?[A-Za-z0-9_\-!@#%^&*+=]{40,}""", re.MULTILINE),
}
TOO_LARGE = 2_000_000


def tracked() -> list[Path]:
    """The files of the tree: known to git, or not yet but not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")  # noqa: S603
    return [Path(name) for name in names if name and Path(name).is_file()]


def wrong(path: Path) -> Iterator[str]:
    """What is wrong with one file."""
    if path.stat().st_size > TOO_LARGE:
        return
    text = path.read_bytes().decode(errors="ignore")
    if "\0" in text:
        return
    if found := REGISTRIES.search(text):
        yield f"names a package registry ({found.group()})"
    for what, pattern in SECRETS.items():
        if pattern.search(text):
            yield f"holds {what}"
    if path.suffix == ".lock":
        yield from wrong_lock(text)


def wrong_lock(text: str) -> Iterator[str]:
    """What is wrong with a lock file: an index, or a package that could be anything."""
    for line in text.splitlines():
        if INDEX_LINE.match(line):
            yield f"has an index line: {line.strip()}"
    for requirement in re.split(r"\n(?=[A-Za-z0-9])", text):
        name = requirement.strip().split("\n")[0]
        if name and not name.startswith("#") and ("==" not in name or "--hash=sha256:" not in requirement):
            yield f"does not pin {name.rstrip(chr(92)).strip()} with hashes"


def main() -> int:
    """Exit code 1 if anything is wrong, with a line for each."""
    found = [f"{path} {what}" for path in tracked() for what in wrong(path)]
    for line in found:
        sys.stdout.write(f"{line}\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
