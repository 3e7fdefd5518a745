"""Folders as values, to be compared before and after."""

from pathlib import Path


def tree(folder: Path) -> dict[str, object]:
    """Everything in a folder by relative path: contents and modes of files, links, folders."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = (path.read_bytes(), path.stat().st_mode)
    return found
