"""Generates src/leadconduit_mock/control_api.py from the OpenAPI document of the control API.

With `--check`, it fails when the file is not current; the suite of the server compares the hash, without Python.
Needs datamodel-code-generator 0.89.0 and ruff.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[2] / "schemas/admin/openapi.yaml"
TARGET = HERE.parent / "src/leadconduit_mock/control_api.py"
HASH = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
HEADER = f'''"""The JSON documents of the control API.

Generated from schemas/admin/openapi.yaml by `python scripts/generate_types.py`. Do not edit.
SHA-256 of that file: {HASH}
"""
'''
FLAGS = """
--input-file-type openapi --openapi-scopes schemas --output-model-type typing.TypedDict --target-python-version 3.11
--use-standard-collections --use-union-operator --use-schema-description --use-field-description
--disable-timestamp --enum-field-as-literal all --formatters ruff-format
"""


def generate() -> str:
    """The text of the module."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "control_api.py"
        command = [sys.executable, "-m", "datamodel_code_generator", "--input", str(SOURCE), "--output", str(output)]
        subprocess.run([*command, *FLAGS.split()], check=True)
        text = output.read_text()
    # Closed dictionaries are not in the standard library yet.
    text = (
        text.replace("(TypedDict, closed=True)", "(TypedDict)")
        .replace("    closed=True,\n", "")
        .replace("typing_extensions", "typing")
    )
    body = text[text.index("from __future__") :]
    return HEADER + "\n" + body


def main() -> None:
    """Writes or checks the file."""
    text = generate()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET} differs from {SOURCE.name}: run `python scripts/generate_types.py`")


if __name__ == "__main__":
    main()
